// Requests of the reference system into rules, attachments and filters.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/endpoint.h"
#include "governance/governance.h"
#include "json/reader.h"

namespace breakwater::api::governance {

// One item of a bulk creation. An item that makes no sense fails alone.
struct CreateItem {
  std::string request_id;
  Result<breakwater::governance::RuleDraft> draft;
};

// {"rules": [{request_id?, rule!}]}. An item for another account fails the whole request.
Result<std::vector<CreateItem>> DecodeCreateRules(const Context& context, const json::Value& body);
// The body of a replacement.
Result<breakwater::governance::RuleDraft> DecodeRule(const Context& context,
                                                     const json::Value& body);
// {"attachments": [{account_id?, included_scope!, excluded_scopes?}]}.
Result<std::vector<breakwater::governance::AttachmentDraft>> DecodeAttachments(
    const Context& context, const json::Value& body);
Result<breakwater::governance::AttachmentDraft> DecodeAttachment(const Context& context,
                                                                 const json::Value& body);
// The version that If-Match names, nullopt for "*". kInvalid if it is missing: ibm-scc 1.13.
Result<std::optional<std::string>> DecodeIfMatch(const Context& context);

// The account that a list is about; kInvalid if it is not named.
Result<AccountId> DecodeAccount(const Context& context);
Result<breakwater::governance::RuleFilter> DecodeRuleFilter(const Context& context);
Result<breakwater::governance::ResultFilter> DecodeResultFilter(const Context& context);

}  // namespace breakwater::api::governance
