// Rules, attachments and results in the reference system's words.
#pragma once

#include <string>
#include <string_view>

#include "governance/governance.h"
#include "governance/templates.h"
#include "json/json.h"

namespace breakwater::api::governance {

json::Object EncodeRule(const breakwater::governance::Rule& rule);
json::Object EncodeTemplate(const breakwater::governance::Template& one);
// `owner` names the member with the id of what is attached: "rule_id" or "template_id". `warning`
// is left out if it is empty.
json::Object EncodeAttachment(const breakwater::governance::Attachment& attachment,
                              std::string_view owner, std::string_view warning = {});
json::Object EncodeResult(const breakwater::governance::RuleResult& result);
json::Object EncodeHistory(const breakwater::governance::HistoryEntry& entry);

// "compliant", "not_compliant", "unable_to_perform": the words of ibm-scc 5.1.
std::string_view StatusWord(condition::Outcome outcome);
Result<condition::Outcome> OutcomeOf(std::string_view status_word);

// A version as an entity tag.
std::string TagOf(const std::string& version);

}  // namespace breakwater::api::governance
