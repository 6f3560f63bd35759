#include "organization/model.h"

#include <algorithm>

namespace breakwater::organization {
namespace {

using json::Text;

constexpr std::string_view kService = "enterprise";

}  // namespace

ResourceGroup DefaultResourceGroup(const AccountId& account) {
  return {.id = account.value(),
          .account = account,
          .name = "Default",
          .is_default = true,
          .created = {},
          .modified = {}};
}

Tree::Tree(Enterprise enterprise, std::vector<AccountGroup> groups)
    : enterprise_(std::move(enterprise)), groups_(std::move(groups)) {}

const AccountGroup* Tree::Find(std::string_view id) const {
  const auto found = std::ranges::find_if(
      groups_, [&](const AccountGroup& group) { return group.id == id && !group.deleted; });
  return found == groups_.end() ? nullptr : &*found;
}

std::vector<std::string> Tree::PathTo(std::string_view node) const {
  std::vector<std::string> path;
  const AccountGroup* group = Find(node);
  // Longer than all groups would be a circle, which no change can make.
  while (group != nullptr && path.size() <= groups_.size()) {
    path.push_back(group->id);
    group = Find(group->parent);
  }
  path.push_back(enterprise_.id);
  std::ranges::reverse(path);
  return path;
}

std::string Tree::PathText(std::string_view node) const {
  std::string text;
  for (const std::string& id : PathTo(node)) {
    text += text.empty() ? "enterprise:" : "$account-group:";
    text += id;
  }
  return text;
}

bool Tree::IsBelow(std::string_view node, std::string_view ancestor) const {
  const auto path = PathTo(node);
  return std::ranges::find(path, ancestor) != path.end();
}

std::string Tree::CrnOf(std::string_view node) const {
  return Crn{.service = std::string(kService),
             .location = {},
             .account = enterprise_.account,
             .instance = {},
             .type = node == enterprise_.id ? "enterprise" : "account-group",
             .resource = std::string(node)}
      .ToString();
}

std::string NodeOf(std::string_view crn_or_id) {
  if (!crn_or_id.starts_with("crn:")) return std::string(crn_or_id);
  const auto crn = Crn::Parse(crn_or_id);
  return crn.ok() && crn->service == kService ? crn->resource : std::string();
}

json::Value ToJson(const Enterprise& enterprise) {
  return {{"id", Text(enterprise.id)},
          {"account", Text(enterprise.account.value())},
          {"name", Text(enterprise.name)},
          {"domain", Text(enterprise.domain)},
          {"primary_contact", Text(enterprise.primary_contact.value())}};
}

json::Value ToJson(const AccountGroup& group) {
  return {{"id", Text(group.id)},
          {"parent", Text(group.parent)},
          {"name", Text(group.name)},
          {"primary_contact", Text(group.primary_contact.value())}};
}

json::Value ToJson(const MemberAccount& account) {
  return {{"id", Text(account.id.value())},
          {"parent", Text(account.parent)},
          {"name", Text(account.name)},
          {"owner", Text(account.owner.value())}};
}

json::Value ToJson(const ResourceGroup& group) {
  return {{"id", Text(group.id)}, {"name", Text(group.name)}};
}

}  // namespace breakwater::organization
