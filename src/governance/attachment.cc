#include "governance/attachment.h"

#include <algorithm>

namespace breakwater::governance {
namespace {

bool Same(const Scope& a, const Scope& b) {
  // "account" and "enterprise.account" are two names for one thing.
  const auto kind = [](const Scope& scope) {
    return scope.type == ScopeType::kEnterpriseAccount ? ScopeType::kAccount : scope.type;
  };
  return kind(a) == kind(b) && a.id == b.id;
}

bool Excludes(const AttachmentDraft& draft, const Scope& scope, const ScopeTree& tree) {
  return std::any_of(draft.excluded.begin(), draft.excluded.end(), [&](const Scope& excluded) {
    return Same(scope, excluded) || tree.Within(scope, excluded);
  });
}

}  // namespace

std::vector<Scope> ScopesOf(const std::vector<AttachmentDraft>& drafts) {
  std::vector<Scope> scopes;
  for (const AttachmentDraft& draft : drafts) {
    scopes.push_back(draft.included);
    scopes.insert(scopes.end(), draft.excluded.begin(), draft.excluded.end());
  }
  return scopes;
}

Status Check(const AttachmentDraft& draft, const ScopeTree& tree, const AttachmentLimits& limits) {
  BW_TRY_STATUS(tree.Check(draft.included, "included_scope"));
  const auto fault = [](const std::string& path, std::string_view what) {
    return Invalid(path + ": " + std::string(what)).Reason("attachment_error").Detail("path", path);
  };
  if (draft.excluded.size() > limits.excluded) {
    return fault("excluded_scopes", "must be at most " + std::to_string(limits.excluded));
  }
  for (std::size_t i = 0; i < draft.excluded.size(); ++i) {
    const Scope& scope = draft.excluded[i];
    const std::string path = "excluded_scopes[" + std::to_string(i) + "]";
    BW_TRY_STATUS(tree.Check(scope, path));
    if (tree.Within(scope, draft.included)) continue;
    return fault(path, "does not lie within the included scope");
  }
  return Ok();
}

bool Covers(const AttachmentDraft& attachment, const control::Resource& resource,
            const control::Place& place) {
  const auto holds = [&](const Scope& scope) { return IsIn(scope, resource, place); };
  return holds(attachment.included) &&
         std::none_of(attachment.excluded.begin(), attachment.excluded.end(), holds);
}

bool Overlap(const AttachmentDraft& a, const AttachmentDraft& b, const ScopeTree& tree) {
  if (Same(a.included, b.included)) return true;
  const AttachmentDraft* inner = &a;
  const AttachmentDraft* outer = &b;
  if (tree.Within(b.included, a.included)) std::swap(inner, outer);
  return tree.Within(inner->included, outer->included) && !Excludes(*outer, inner->included, tree);
}

json::Value ToJson(const AttachmentDraft& draft) {
  json::Array excluded;
  for (const Scope& scope : draft.excluded) excluded.push_back(ToJson(scope));
  json::Object object;
  object["account_id"] = json::Text(draft.account.value());
  object["included_scope"] = ToJson(draft.included);
  object["excluded_scopes"] = std::move(excluded);
  if (!draft.parameters.is_null()) object["parameters"] = draft.parameters;
  return object;
}

}  // namespace breakwater::governance
