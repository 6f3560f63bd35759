// Step 7: the seed's rule for one registry, an attempt to break it there, and the same elsewhere.
#include "cli/seed_rule.h"
#include "cli/tour_steps.h"

namespace breakwater::cli {
namespace {

using json::Text;

constexpr const char* kAuth = "/api/v1/auth";
constexpr std::string_view kChange = "container-registry.auth.set";

// The rule as the seed has it, with the tour's registry in the place of the seed's.
Result<json::Value> SeedRule(const std::string& registry) {
  BW_TRY(json::Value rule, json::Parse(kSeedRule.front().bytes));
  // The file is part of the program: it has this form, or the program is broken.
  json::Value& attributes = rule.at("target").at("additional_target_attributes");
  for (json::Value& attribute : attributes.as_array()) {
    if (TextAt(attribute, {"name"}) == "registry") attribute.as_object()["value"] = Text(registry);
  }
  return rule;
}

Result<std::string> CreateRule(TourContext& tour) {
  BW_TRY(json::Value rule, SeedRule(tour.registry.name));
  json::Object& fields = rule.as_object();
  fields["account_id"] = Text(tour.account);
  fields["name"] = Text(tour.run);
  fields["description"] = Text("Pushes and pulls only over the private network");
  fields["rule_type"] = "user_defined";
  fields["enforcement_actions"] =
      json::Array{json::Object{{"action", "disallow"}}, json::Object{{"action", "audit_log"}}};
  BW_TRY(const json::Value answer,
         tour.client.Must("POST", "/config/v1/rules",
                          json::Object{{"rules", json::Array{json::Object{{"rule", rule}}}}}));
  const auto* items = At(answer, {"rules"}).if_array();
  const json::Value item = items == nullptr || items->empty() ? json::Value() : items->front();
  const std::string id = TextAt(item, {"rule", "rule_id"});
  if (!id.empty()) return id;
  const auto* errors = At(item, {"errors"}).if_array();
  return Invalid("the rule was not taken: " + (errors == nullptr || errors->empty()
                                                   ? json::Serialize(item)
                                                   : TextAt(errors->front(), {"message"})));
}

Status Attach(TourContext& tour, const std::string& rule) {
  const json::Object request{
      {"attachments", json::Array{json::Object{{"account_id", Text(tour.account)},
                                               {"included_scope",
                                                {{"note", Text("made by the tour " + tour.run)},
                                                 {"scope_id", Text(tour.account)},
                                                 {"scope_type", "account"}}},
                                               {"excluded_scopes", json::Array{}}}}}};
  BW_TRY_STATUS(tour.client.Must("POST", "/config/v1/rules/" + rule + "/attachments", request));
  return Ok();
}

Result<Answer> SetPrivateOnly(Client& client, bool on) {
  return client.Call("PATCH", kAuth, json::Object{{"private_only", on}});
}

Status TryToBreak(TourContext& tour) {
  tour.report.Say("PATCH " + std::string(kAuth) + " {\"private_only\": false} in " +
                  tour.registry.name);
  BW_TRY(const Answer refused, SetPrivateOnly(tour.client, false));
  if (refused.ok()) return DataCorrupt("the change that the rule forbids was made");
  // 4xx for another reason would prove nothing.
  const std::string message = MessageOf(refused);
  if (message.find(tour.run) == std::string::npos) {
    return DataCorrupt("refused, but not by the rule: " + message);
  }
  tour.report.Good("refused with " + std::to_string(refused.status) + ": " + message);
  BW_TRY(const json::Value now, tour.client.Must("GET", kAuth));
  if (At(now, {"private_only"}) != json::Value(true)) {
    return DataCorrupt("the change was refused, and made nonetheless");
  }
  return Ok();
}

// The rule is about one registry: elsewhere the change is nobody's business.
Status ShowOtherRegistry(TourContext& tour) {
  BW_TRY(const json::Value before, tour.other_client.Must("GET", kAuth));
  const bool was = At(before, {"private_only"}) == json::Value(true);
  BW_TRY(const Answer allowed, SetPrivateOnly(tour.other_client, false));
  if (!allowed.ok()) return ErrorOf(allowed).Context("the same change in " + tour.other.name);
  BW_TRY(const Answer restored, SetPrivateOnly(tour.other_client, was));
  if (!restored.ok()) return ErrorOf(restored).Context("putting it back in " + tour.other.name);
  tour.report.Good("the same change is allowed in " + tour.other.name + ", and was put back");
  return Ok();
}

Status ShowRefusalInTrail(TourContext& tour) {
  BW_TRY(const json::Value answer,
         tour.client.Must(
             "GET", "/breakwater/v1/audit/records?outcome=failure&action=" + std::string(kChange) +
                        "&since=" + PercentEncode(FormatRfc3339(tour.began))));
  const auto* records = At(answer, {"records"}).if_array();
  if (records == nullptr || records->empty()) {
    return DataCorrupt("the refusal is not in the audit trail");
  }
  const json::Value& record = records->back();
  tour.report.Good("the attempt is in the audit trail:");
  tour.report.Detail(TextAt(record, {"time"}) + " " + TextAt(record, {"action"}) + " by " +
                     TextAt(record, {"initiator", "name"}) + " (" +
                     TextAt(record, {"initiator", "iam_id"}) + "): " + TextAt(record, {"outcome"}) +
                     ", " + TextAt(record, {"severity"}));
  return Ok();
}

}  // namespace

Status ShowRule(TourContext& tour) {
  BW_TRY(const std::string rule, CreateRule(tour));
  tour.undo.Add("removed the rule and its attachment", [&tour, rule]() -> Status {
    BW_TRY_STATUS(tour.client.Must("DELETE", "/config/v1/rules/" + rule));
    return Ok();
  });
  BW_TRY_STATUS(Attach(tour, rule));
  tour.report.Good("attached the rule \"private_only is true in " + tour.registry.name +
                   "\" to the account, with disallow");
  BW_TRY_STATUS(TryToBreak(tour));
  BW_TRY_STATUS(ShowOtherRegistry(tour));
  return ShowRefusalInTrail(tour);
}

}  // namespace breakwater::cli
