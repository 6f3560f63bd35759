#include "api/governance/encode.h"

namespace breakwater::api::governance {
namespace {

using condition::Outcome;
using json::Text;

json::Value MemberOf(const json::Value& document, std::string_view name) {
  const json::Value* member = json::Find(document, name);
  return member == nullptr ? json::Value() : *member;
}

// The reasons of all comparisons that do not hold.
std::string ReasonOf(const json::Value& document) {
  std::string reason(json::FindText(document, "error"));
  const json::Value verdict = MemberOf(document, "verdict");
  const json::Value properties = MemberOf(verdict, "properties");
  if (!properties.is_array()) return reason;
  for (const json::Value& property : properties.get_array()) {
    const std::string_view why = json::FindText(property, "reason");
    if (why.empty()) continue;
    if (!reason.empty()) reason += "; ";
    reason += why;
  }
  return reason;
}

void PutEvidence(json::Object& object, const json::Value& document) {
  object["rule_version"] = Text(json::FindText(document, "rule_version"));
  object["properties"] = MemberOf(MemberOf(document, "verdict"), "properties");
  object["facts"] = MemberOf(document, "facts");
}

}  // namespace

std::string_view StatusWord(Outcome outcome) {
  switch (outcome) {
    case Outcome::kCompliant: return "compliant";
    case Outcome::kViolated: return "not_compliant";
    case Outcome::kUnable: return "unable_to_perform";
  }
  BW_UNREACHABLE();
}

Result<Outcome> OutcomeOf(std::string_view status_word) {
  for (const Outcome outcome : {Outcome::kCompliant, Outcome::kViolated, Outcome::kUnable}) {
    if (StatusWord(outcome) == status_word) return outcome;
  }
  return Invalid("status must be compliant, not_compliant or unable_to_perform")
      .Reason("invalid_query_parameter");
}

std::string TagOf(const std::string& version) {
  return "\"" + version + "\"";
}

json::Object EncodeRule(const breakwater::governance::Rule& rule) {
  const auto& definition = rule.definition;
  json::Array actions;
  for (const auto action : definition.actions) {
    actions.push_back(json::Object{{"action", Text(breakwater::governance::ToString(action))}});
  }
  json::Array labels;
  for (const std::string& label : definition.labels) labels.emplace_back(Text(label));
  json::Object object;
  object["account_id"] = Text(definition.account.value());
  object["rule_id"] = Text(rule.id);
  object["name"] = Text(definition.name);
  object["description"] = Text(definition.description);
  object["rule_type"] = "user_defined";
  object["target"] = definition.target;
  object["required_config"] = definition.required_config;
  object["enforcement_actions"] = std::move(actions);
  object["labels"] = std::move(labels);
  object["creation_date"] = Text(FormatRfc3339(rule.created));
  object["created_by"] = Text(rule.created_by);
  object["modification_date"] = Text(FormatRfc3339(rule.modified));
  object["modified_by"] = Text(rule.modified_by);
  object["number_of_attachments"] = rule.attachments;
  if (!definition.import.is_null()) object["import"] = definition.import;
  if (definition.enforced_from) {
    object["enforced_from"] = Text(FormatRfc3339(*definition.enforced_from));
  }
  return object;
}

json::Object EncodeTemplate(const breakwater::governance::Template& one) {
  const auto& definition = one.definition;
  json::Object object;
  object["account_id"] = Text(definition.account.value());
  object["template_id"] = Text(one.id);
  object["name"] = Text(definition.name);
  object["description"] = Text(definition.description);
  object["target"] = definition.target;
  object["customized_defaults"] = breakwater::governance::DefaultsJson(definition.defaults);
  object["creation_date"] = Text(FormatRfc3339(one.created));
  object["created_by"] = Text(one.created_by);
  object["modification_date"] = Text(FormatRfc3339(one.modified));
  object["modified_by"] = Text(one.modified_by);
  return object;
}

json::Object EncodeAttachment(const breakwater::governance::Attachment& attachment,
                              std::string_view owner, std::string_view warning) {
  json::Object object = ToJson(attachment.definition).get_object();
  object["attachment_id"] = Text(attachment.id);
  object[owner] = Text(attachment.owner);
  if (!warning.empty()) object["warnings"] = json::Array{Text(warning)};
  return object;
}

json::Object EncodeResult(const breakwater::governance::RuleResult& result) {
  json::Object object;
  object["account_id"] = Text(result.account.value());
  object["rule_id"] = Text(result.rule_id);
  object["resource"] = Text(result.resource);
  object["service_name"] = Text(result.type.service);
  object["resource_kind"] = Text(result.type.kind);
  object["registry"] = Text(json::FindText(result.document, "registry"));
  object["region"] = Text(json::FindText(result.document, "region"));
  object["status"] = Text(StatusWord(result.outcome));
  object["reason"] = Text(ReasonOf(result.document));
  object["since"] = Text(FormatRfc3339(result.since));
  object["evaluated"] = Text(FormatRfc3339(result.checked));
  PutEvidence(object, result.document);
  return object;
}

json::Object EncodeHistory(const breakwater::governance::HistoryEntry& entry) {
  const auto outcome = condition::ParseOutcome(entry.outcome);
  json::Object object;
  object["at"] = Text(FormatRfc3339(entry.at));
  object["status"] = Text(outcome.ok() ? StatusWord(*outcome) : std::string_view(entry.outcome));
  object["reason"] = Text(ReasonOf(entry.document));
  PutEvidence(object, entry.document);
  return object;
}

}  // namespace breakwater::api::governance
