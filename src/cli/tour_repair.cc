// Step 5: repairs each goal that fails, by the interfaces that every administrator has.
#include <algorithm>

#include "cli/tour_steps.h"

namespace breakwater::cli {
namespace {

using json::Text;

constexpr std::string_view kAlerts = "3000602";
constexpr std::string_view kAdminUsers = "3000623";
constexpr std::string_view kPrivateOnly = "3000625";
constexpr std::string_view kIamAuthz = "3000626";
constexpr std::string_view kPlatformMetrics = "3000627";
constexpr std::string_view kAdminServiceIds = "3000628";
constexpr std::string_view kManagerUsers = "3000635";
constexpr std::string_view kManagerServiceIds = "3000636";
constexpr std::string_view kDirectPolicies = "3000639";

constexpr std::int64_t kMaxMade = 50;  // identities of one kind
constexpr std::string_view kManagerRole = "crn:v1:bluemix:public:iam::::serviceRole:Manager";

// --- Settings ---

// Sets `field` in one registry and remembers how it was.
Status Switch(TourContext& tour, Client& client, const std::string& registry,
              const std::string& path, const std::string& field) {
  BW_TRY(const json::Value before, client.Must("GET", path));
  if (At(before, {field}) == json::Value(true)) return Ok();
  BW_TRY_STATUS(client.Must("PATCH", path, json::Object{{field, true}}));
  tour.report.Good("switched " + field + " on in " + registry);
  // There is no way back from iam_authz (ibm-registry 3.5), and none is wanted.
  if (field == "iam_authz") return Ok();
  tour.undo.Add("put " + field + " of " + registry + " back to false",
                [&client, path, field]() -> Status {
                  BW_TRY_STATUS(client.Must("PATCH", path, json::Object{{field, false}}));
                  return Ok();
                });
  return Ok();
}

// The goals about settings look at every registry of the account.
Status SwitchEverywhere(TourContext& tour, const std::string& path, const std::string& field) {
  BW_TRY_STATUS(Switch(tour, tour.other_client, tour.other.name, path, field));
  return Switch(tour, tour.client, tour.registry.name, path, field);
}

Status MakePrivate(TourContext& tour) {
  BW_TRY_STATUS(SwitchEverywhere(tour, "/api/v1/auth", "private_only"));
  Client outside(tour.public_side);
  BW_TRY(const Answer refused, outside.Call("GET", "/v2/" + tour.Repository() + "/manifests/1"));
  if (refused.ok()) return DataCorrupt("the public side still serves images");
  tour.report.Say("the public side now says: " + MessageOf(refused));
  return Ok();
}

// --- Identities ---

// How many of them the goal wants. The tour adds as many of its own, whoever else there is.
std::int64_t Wanted(const TourGoal& goal) {
  constexpr std::int64_t kUsual = 3;
  const auto* parameters = goal.parameters.if_object();
  if (parameters == nullptr || parameters->empty()) return kUsual;
  const json::Value& value = parameters->begin()->value();
  return value.is_int64() ? value.get_int64() : kUsual;
}

json::Value ManagerPolicy(const TourContext& tour, const std::string& group) {
  const auto attribute = [](std::string_view name, std::string_view value) {
    return json::Object{{"name", Text(name)}, {"value", Text(value)}};
  };
  return {
      {"type", "access"},
      {"description", Text("made by the tour " + tour.run)},
      {"subjects",
       json::Array{json::Object{{"attributes", json::Array{attribute("access_group_id", group)}}}}},
      {"roles", json::Array{json::Object{{"role_id", Text(kManagerRole)}}}},
      {"resources",
       json::Array{json::Object{
           {"attributes", json::Array{attribute("accountId", tour.account),
                                      attribute("serviceName", "container-registry")}}}}}};
}

// Removes a thing when the tour ends.
void RemoveLater(TourContext& tour, const std::string& what, const std::string& path) {
  tour.undo.Add("removed " + what, [&tour, path]() -> Status {
    BW_TRY_STATUS(tour.client.Must("DELETE", path));
    return Ok();
  });
}

// The id of an access group of the tour's whose members manage the registry.
Result<std::string> MakeManagerGroup(TourContext& tour) {
  const std::string name = tour.run + "-managers";
  BW_TRY(const json::Value group,
         tour.client.Must(
             "POST", "/iam/v2/groups?account_id=" + tour.account,
             json::Object{{"name", Text(name)}, {"description", "Managers of the registry"}}));
  const std::string id = TextAt(group, {"id"});
  RemoveLater(tour, "the access group " + name, "/iam/v2/groups/" + id + "?force=true");
  BW_TRY(const json::Value policy,
         tour.client.Must("POST", "/iam/v1/policies", ManagerPolicy(tour, id)));
  RemoveLater(tour, "its policy", "/iam/v1/policies/" + TextAt(policy, {"id"}));
  tour.report.Good("made the access group " + name + ", which has the role Manager");
  return id;
}

Status InviteManagers(TourContext& tour, const std::string& group, std::int64_t count) {
  json::Array users;
  for (std::int64_t i = 1; i <= count; ++i) {
    const std::string email = tour.run + "-" + std::to_string(i) + "@example.com";
    users.push_back(json::Object{{"email", Text(email)}});
  }
  const std::string all = "/iam/v2/accounts/" + tour.account + "/users";
  BW_TRY(const json::Value invited,
         tour.client.Must("POST", all,
                          json::Object{{"users", std::move(users)},
                                       {"access_groups", json::Array{Text(group)}}}));
  if (const auto* resources = At(invited, {"resources"}).if_array()) {
    for (const json::Value& user : *resources) {
      RemoveLater(tour, "the user " + TextAt(user, {"email"}),
                  all + "/" + PercentEncode(TextAt(user, {"id"})));
    }
  }
  tour.report.Good("invited " + std::to_string(count) + " users into it");
  return Ok();
}

Status AddServiceIds(TourContext& tour, const std::string& group, std::int64_t count) {
  json::Array members;
  for (std::int64_t i = 1; i <= count; ++i) {
    const std::string name = tour.run + "-" + std::to_string(i);
    BW_TRY(const json::Value made, tour.client.Must("POST", "/iam/v1/serviceids",
                                                    json::Object{{"account_id", Text(tour.account)},
                                                                 {"name", Text(name)}}));
    RemoveLater(tour, "the service ID " + name, "/iam/v1/serviceids/" + TextAt(made, {"id"}));
    members.push_back(
        json::Object{{"iam_id", Text(TextAt(made, {"iam_id"}))}, {"type", "service"}});
  }
  BW_TRY_STATUS(tour.client.Must("PUT", "/iam/v2/groups/" + group + "/members",
                                 json::Object{{"members", std::move(members)}}));
  tour.report.Good("made " + std::to_string(count) + " service IDs and put them into it");
  return Ok();
}

// --- Alerts ---

Status MakeChannel(TourContext& tour) {
  BW_TRY(tour.receiver, AlertReceiver::Start());
  tour.undo.Add("stopped the receiver", [&tour]() -> Status {
    tour.receiver.reset();
    return Ok();
  });
  const std::string all = "/notifications/v1/" + tour.account + "/notifications/channels";
  const json::Value channel{
      {"name", Text(tour.run)},
      {"description", "The tour's own receiver"},
      {"type", "Webhook"},
      {"endpoint", Text(tour.receiver->url())},
      {"severity", json::Array{"critical", "high", "medium", "low"}},
      {"enabled", true},
      {"alert_source",
       json::Array{json::Object{{"provider_name", "VA"},
                                {"finding_types", json::Array{"image_with_vulnerabilities"}}}}}};
  BW_TRY(const json::Value made, tour.client.Must("POST", all, channel));
  const std::string id = TextAt(made, {"channel_id"});
  RemoveLater(tour, "the notification channel", all + "/" + id);
  tour.report.Good("made a notification channel to " + tour.receiver->url());
  BW_TRY(const json::Value test, tour.client.Must("GET", all + "/" + id + "/test"));
  if (At(test, {"delivered"}) != json::Value(true)) {
    return Unavailable("the channel's test failed: " + TextAt(test, {"test"}));
  }
  tour.report.Good("tested it: " + TextAt(test, {"test"}));
  return Ok();
}

// --- What the tour must not decide ---

std::string SubjectOf(const json::Value& policy) {
  const auto* subjects = At(policy, {"subjects"}).if_array();
  if (subjects == nullptr || subjects->empty()) return "";
  const auto* attributes = At(subjects->front(), {"attributes"}).if_array();
  if (attributes == nullptr || attributes->empty()) return "";
  if (TextAt(attributes->front(), {"name"}) != "iam_id") return "";
  return TextAt(attributes->front(), {"value"});
}

// Names the policies that were given to identities directly, by somebody else.
Status NameDirectPolicies(TourContext& tour) {
  BW_TRY(const json::Value listed,
         tour.client.Must("GET", "/iam/v1/policies?account_id=" + tour.account));
  std::string found;
  if (const auto* policies = At(listed, {"policies"}).if_array()) {
    for (const json::Value& policy : *policies) {
      const std::string subject = SubjectOf(policy);
      if (subject.empty()) continue;
      found += (found.empty() ? "" : ", ") + TextAt(policy, {"id"}) + " of " + subject;
    }
  }
  return Conflict(
      "somebody gave policies to identities directly, and the tour does not take away "
      "what it did not give: " +
      found);
}

const TourGoal* Failing(const std::vector<TourGoal>& goals, std::string_view id) {
  const auto found = std::ranges::find(goals, id, &TourGoal::id);
  return found == goals.end() || found->passes() ? nullptr : &*found;
}

Status RepairIdentities(TourContext& tour, const std::vector<TourGoal>& goals) {
  const TourGoal* users = Failing(goals, kManagerUsers);
  const TourGoal* service_ids = Failing(goals, kManagerServiceIds);
  if (users == nullptr && service_ids == nullptr) return Ok();
  BW_TRY(const std::string group, MakeManagerGroup(tour));
  if (users != nullptr) {
    BW_TRY_STATUS(InviteManagers(tour, group, std::min(Wanted(*users), kMaxMade)));
  }
  if (service_ids != nullptr) {
    BW_TRY_STATUS(AddServiceIds(tour, group, std::min(Wanted(*service_ids), kMaxMade)));
  }
  return Ok();
}

Status RepairSettings(TourContext& tour, const std::vector<TourGoal>& goals) {
  if (Failing(goals, kIamAuthz) != nullptr) {
    BW_TRY_STATUS(SwitchEverywhere(tour, "/api/v1/auth", "iam_authz"));
  }
  if (Failing(goals, kPlatformMetrics) != nullptr) {
    BW_TRY_STATUS(SwitchEverywhere(tour, "/api/v1/settings", "platform_metrics"));
  }
  if (Failing(goals, kPrivateOnly) != nullptr) BW_TRY_STATUS(MakePrivate(tour));
  BW_TRY(const json::Value auth, tour.client.Must("GET", "/api/v1/auth"));
  tour.private_only = At(auth, {"private_only"}) == json::Value(true);
  return Ok();
}

}  // namespace

Status RepairGoals(TourContext& tour) {
  BW_TRY(const auto goals, Validate(tour));
  for (const std::string_view id : {kAdminUsers, kAdminServiceIds}) {
    if (const TourGoal* goal = Failing(goals, id)) {
      return Conflict("the tour takes no rights from anybody: " + goal->description + " (" +
                      goal->actual + ")");
    }
  }
  if (Failing(goals, kDirectPolicies) != nullptr) return NameDirectPolicies(tour);
  BW_TRY_STATUS(RepairSettings(tour, goals));
  BW_TRY_STATUS(RepairIdentities(tour, goals));
  if (Failing(goals, kAlerts) == nullptr) {
    tour.report.Say("a channel that works is there already; the tour makes one of its own");
  }
  return MakeChannel(tour);
}

}  // namespace breakwater::cli
