#include "governance/scope.h"

#include <algorithm>
#include <array>
#include <utility>

namespace breakwater::governance {
namespace {

using json::Text;

constexpr std::size_t kMostCharacters = 256;

constexpr std::array<std::pair<ScopeType, std::string_view>, 5> kScopeTypes{{
    {ScopeType::kEnterprise, "enterprise"},
    {ScopeType::kEnterpriseAccountGroup, "enterprise.account_group"},
    {ScopeType::kEnterpriseAccount, "enterprise.account"},
    {ScopeType::kAccount, "account"},
    {ScopeType::kAccountResourceGroup, "account.resource_group"},
}};

Error Fault(std::string_view path, std::string_view what) {
  return Invalid(std::string(path) + ": " + std::string(what))
      .Reason("attachment_error")
      .Detail("path", std::string(path));
}

std::vector<std::string> PathOf(const control::Place& place) {
  std::vector<std::string> path;
  if (!place.enterprise.empty()) path.push_back(place.enterprise);
  path.insert(path.end(), place.account_groups.begin(), place.account_groups.end());
  path.push_back(place.account.value());
  return path;
}

}  // namespace

std::string_view ToString(ScopeType type) {
  return kScopeTypes[static_cast<std::size_t>(type)].second;
}

Result<ScopeType> ParseScopeType(std::string_view text) {
  for (const auto& [type, name] : kScopeTypes) {
    if (name == text) return type;
  }
  return Invalid("'" + std::string(text.substr(0, 64)) +
                 "' is no scope type (allowed: enterprise, enterprise.account_group, "
                 "enterprise.account, account, account.resource_group)");
}

std::size_t Characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80;
  }));
}

json::Value ToJson(const Scope& scope) {
  json::Object object;
  if (!scope.note.empty()) object["note"] = Text(scope.note);
  object["scope_id"] = Text(scope.id);
  object["scope_type"] = Text(ToString(scope.type));
  return object;
}

bool IsIn(const Scope& scope, const control::Resource& resource, const control::Place& place) {
  switch (scope.type) {
    case ScopeType::kAccount:
    case ScopeType::kEnterpriseAccount: return resource.account.value() == scope.id;
    case ScopeType::kAccountResourceGroup: return resource.resource_group == scope.id;
    case ScopeType::kEnterprise:
    case ScopeType::kEnterpriseAccountGroup: return place.IsBelow(scope.id);
  }
  BW_UNREACHABLE();
}

Result<ScopeTree> ScopeTree::Of(db::Transaction& tx, const control::Hierarchy& hierarchy,
                                const AccountId& account, const std::vector<Scope>& scopes) {
  ScopeTree tree;
  tree.account_ = account;
  BW_TRY(const auto own, hierarchy.PlaceOf(tx, account));
  tree.accounts_[account.value()] = governance::PathOf(own);
  if (own.enterprise.empty() || own.root != account) return tree;
  tree.enterprise_ = own.enterprise;
  BW_TRY(const auto ruled, hierarchy.Ruled(tx, account));
  for (const control::Place& place : ruled) {
    tree.accounts_[place.account.value()] = governance::PathOf(place);
  }
  for (const Scope& scope : scopes) {
    if (scope.type != ScopeType::kEnterpriseAccountGroup || tree.groups_.contains(scope.id)) {
      continue;
    }
    BW_TRY(auto groups, hierarchy.PathTo(tx, own.enterprise, scope.id));
    if (groups.empty()) continue;
    Path path{own.enterprise};
    path.insert(path.end(), groups.begin(), groups.end());
    tree.groups_[scope.id] = std::move(path);
  }
  return tree;
}

std::optional<ScopeTree::Path> ScopeTree::PathOf(const Scope& scope) const {
  const auto in = [&](const std::map<std::string, Path>& paths) -> std::optional<Path> {
    const auto found = paths.find(scope.id);
    return found == paths.end() ? std::nullopt : std::optional(found->second);
  };
  switch (scope.type) {
    case ScopeType::kEnterprise:
      return scope.id == enterprise_ ? std::optional(Path{enterprise_}) : std::nullopt;
    case ScopeType::kEnterpriseAccountGroup: return in(groups_);
    case ScopeType::kAccount:
    case ScopeType::kEnterpriseAccount: return in(accounts_);
    case ScopeType::kAccountResourceGroup: return Path{scope.id};
  }
  BW_UNREACHABLE();
}

Status ScopeTree::Check(const Scope& scope, const std::string& path) const {
  if (scope.id.empty() || Characters(scope.id) > kMostCharacters ||
      Characters(scope.note) > kMostCharacters) {
    return Fault(path, "scope_id must have 1 to 256 characters, note at most 256");
  }
  if (PathOf(scope)) return Ok();
  const std::string id = scope.id.substr(0, 64);
  if (scope.type == ScopeType::kAccount || scope.type == ScopeType::kEnterpriseAccount) {
    return Fault(path, "account '" + id +
                           "' is not the account of the attachment, nor below an enterprise that "
                           "it founded");
  }
  return Fault(path, "the account '" + account_.value() + "' founded no enterprise with the " +
                         std::string(ToString(scope.type)) + " '" + id + "'");
}

bool ScopeTree::Within(const Scope& inner, const Scope& outer) const {
  if (outer.type == ScopeType::kAccountResourceGroup) return false;
  if (inner.type == ScopeType::kAccountResourceGroup) return true;
  const auto below = PathOf(inner);
  const auto above = PathOf(outer);
  return below && above && above->size() < below->size() &&
         std::equal(above->begin(), above->end(), below->begin());
}

}  // namespace breakwater::governance
