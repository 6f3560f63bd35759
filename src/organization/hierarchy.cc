#include "organization/hierarchy.h"

#include "organization/store.h"

namespace breakwater::organization {
namespace {

control::Place Alone(const AccountId& account) {
  return {.account = account, .enterprise = {}, .root = account, .account_groups = {}};
}

// The account groups on the way to `node`, which is one of them or the enterprise.
std::vector<std::string> GroupsTo(const Tree& tree, std::string_view node) {
  std::vector<std::string> path = tree.PathTo(node);
  if (!path.empty()) path.erase(path.begin());
  return path;
}

control::Place PlaceIn(const Tree& tree, const MemberAccount& member) {
  return {.account = member.id,
          .enterprise = tree.enterprise().id,
          .root = tree.enterprise().account,
          .account_groups = GroupsTo(tree, member.parent)};
}

Result<std::optional<Tree>> TreeOf(db::Transaction& tx, const AccountId& account) {
  BW_TRY(auto enterprise, store::EnterpriseOf(tx, account));
  if (!enterprise) return std::optional<Tree>();
  BW_TRY(auto groups, store::ListGroups(tx, enterprise->id, false));
  return std::optional<Tree>(Tree(*std::move(enterprise), std::move(groups)));
}

}  // namespace

Result<control::Place> Hierarchy::PlaceOf(db::Transaction& tx, const AccountId& account) const {
  BW_TRY(const auto member, store::FindMember(tx, account));
  if (!member || member->deleted) return Alone(account);
  BW_TRY(const auto tree, TreeOf(tx, account));
  return tree ? PlaceIn(*tree, *member) : Alone(account);
}

Result<std::vector<control::Place>> Hierarchy::Ruled(db::Transaction& tx,
                                                     const AccountId& root) const {
  std::vector<control::Place> places;
  BW_TRY(const auto tree, TreeOf(tx, root));
  if (!tree || tree->enterprise().account != root) {
    BW_TRY(auto own, PlaceOf(tx, root));
    places.push_back(std::move(own));
    return places;
  }
  BW_TRY(const auto members, store::ListMembers(tx, tree->enterprise().id, false));
  for (const MemberAccount& member : members) places.push_back(PlaceIn(*tree, member));
  return places;
}

Result<std::vector<std::string>> Hierarchy::PathTo(db::Transaction& tx, std::string_view enterprise,
                                                   std::string_view account_group) const {
  BW_TRY(auto groups, store::ListGroups(tx, enterprise, false));
  Enterprise root;
  root.id = std::string(enterprise);
  const Tree tree(std::move(root), std::move(groups));
  if (tree.Find(account_group) == nullptr) return std::vector<std::string>{};
  return GroupsTo(tree, account_group);
}

}  // namespace breakwater::organization
