// Requests of the reference system into rules, attachments and filters.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/endpoint.h"
#include "governance/break_glass.h"
#include "governance/governance.h"
#include "governance/simulation.h"
#include "governance/templates.h"
#include "json/reader.h"

namespace breakwater::api::governance {

// One item of a bulk creation. An item that makes no sense fails alone.
template <class Draft>
struct CreateItem {
  std::string request_id;
  Result<Draft> draft;
};
using CreateRule = CreateItem<breakwater::governance::RuleDraft>;
using CreateTemplate = CreateItem<breakwater::governance::TemplateDraft>;

// {"rules": [{request_id?, rule!}]}. An item for another account fails the whole request.
Result<std::vector<CreateRule>> DecodeCreateRules(const Context& context, const json::Value& body);
// {"templates": [{request_id?, template!}]}, likewise.
Result<std::vector<CreateTemplate>> DecodeCreateTemplates(const Context& context,
                                                          const json::Value& body);
// The body of a replacement.
Result<breakwater::governance::RuleDraft> DecodeRule(const Context& context,
                                                     const json::Value& body);
Result<breakwater::governance::TemplateDraft> DecodeTemplate(const Context& context,
                                                             const json::Value& body);
// {"attachments": [{account_id?, included_scope!, excluded_scopes?}]}.
Result<std::vector<breakwater::governance::AttachmentDraft>> DecodeAttachments(
    const Context& context, const json::Value& body);
Result<breakwater::governance::AttachmentDraft> DecodeAttachment(const Context& context,
                                                                 const json::Value& body);
// {"rule"!, "attachments"?, "since"?, "until"?, "most_changes"?, "most_shown"?}; without times, the
// last thirty days.
Result<breakwater::governance::SimulationRequest> DecodeSimulation(const Context& context,
                                                                   const json::Value& body,
                                                                   Timestamp now);
// {"reason"!, "minutes"?, "rules"?}.
Result<breakwater::governance::BreakGlassRequest> DecodeBreakGlass(const json::Value& body);
// The version that If-Match names, nullopt for "*". kInvalid if it is missing: ibm-scc 1.13.
Result<std::optional<std::string>> DecodeIfMatch(const Context& context);

// The account that a list is about; kInvalid if it is not named.
Result<AccountId> DecodeAccount(const Context& context);
Result<breakwater::governance::RuleFilter> DecodeRuleFilter(const Context& context);
Result<breakwater::governance::TemplateFilter> DecodeTemplateFilter(const Context& context);
Result<breakwater::governance::ResultFilter> DecodeResultFilter(const Context& context);

}  // namespace breakwater::api::governance
