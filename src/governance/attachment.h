// Attachments as values: what binds a rule or a template to a part of the tree.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "governance/scope.h"
#include "json/json.h"

namespace breakwater::governance {

struct AttachmentDraft {
  AccountId account;
  Scope included;
  std::vector<Scope> excluded;
  json::Value parameters = nullptr;  // values by name, or null: the rule's defaults
};

struct Attachment {
  std::string id;     // "attachment-" and a UUID
  std::string owner;  // id of the rule or template
  AttachmentDraft definition;
  std::string version;
};

// ibm-scc 1.12.
struct AttachmentLimits {
  std::int64_t per_owner = 10;
  std::size_t excluded = 8;
};

// Every scope that a draft names.
std::vector<Scope> ScopesOf(const std::vector<AttachmentDraft>& drafts);
// kInvalid, reason "attachment_error", unless the scopes exist for the account and the excluded
// ones lie within the included one.
Status Check(const AttachmentDraft& draft, const ScopeTree& tree, const AttachmentLimits& limits);

// Is the resource in the included scope and in no excluded one? `place` is that of its account.
bool Covers(const AttachmentDraft& attachment, const control::Resource& resource,
            const control::Place& place);
// Whether both cover the same part of the tree: one included scope is the other, or contains it and
// does not exclude it.
bool Overlap(const AttachmentDraft& a, const AttachmentDraft& b, const ScopeTree& tree);

// Document for the audit trail: what the owner decided, nothing else.
json::Value ToJson(const AttachmentDraft& draft);

}  // namespace breakwater::governance
