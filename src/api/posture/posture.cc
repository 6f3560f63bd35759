#include "api/posture/posture.h"

#include "api/posture/encode.h"
#include "base/strings.h"
#include "json/reader.h"

namespace breakwater::api::posture {
namespace {

using breakwater::posture::Posture;
using breakwater::posture::Profile;
using json::Text;

constexpr std::string_view kReadValidations = "compliance.posture-management.validations-read";
constexpr std::string_view kReadProfiles = "compliance.posture-management.profiles-read";
constexpr std::string_view kReadScopes = "compliance.posture-management.scopes-read";

Result<const Profile*> FindProfile(const Posture& posture, std::string_view id) {
  const Profile* profile = posture.content().FindProfile(id);
  if (profile == nullptr) return NotFound("profile " + std::string(id) + " was not found");
  return profile;
}

Result<std::int64_t> ScanId(const Context& context) {
  auto id = ParseInt(context.Path("scan_id"));
  if (!id.ok()) return NotFound("scan " + context.Path("scan_id") + " was not found");
  return id;
}

json::Object RegistryScope() {
  return {{"id", Text(breakwater::posture::kRegistryScope)},
          {"uuid", "00000000-0000-0000-0000-000000000001"},
          {"name", "registry"},
          {"description", "Everything the account has in this installation"},
          {"created_by", ""},
          {"modified_by", ""},
          {"enabled", true},
          {"credential_type", "ibm"},
          {"created_at", "2022-03-21T00:00:00Z"},
          {"updated_at", "2022-03-21T00:00:00Z"},
          {"collectors", json::Array{}}};
}

class Handlers {
 public:
  explicit Handlers(Posture& posture) : posture_(posture) {}

  Result<net::Response> CreateValidation(Context& context) const {
    BW_TRY(const json::Value body, ReadJson(context));
    const json::Reader in(body);
    const std::string scope_id = in.Field("scope_id").String();
    const std::string profile_id = in.Field("profile_id").String();
    const std::string group = in.String("group_profile_id", "");
    BW_TRY_STATUS(in.Finish());
    BW_TRY(const std::int64_t id,
           posture_.RequestScan(context.caller, context.account, scope_id, profile_id, group));
    return JsonResponse(202,
                        {{"result", true},
                         {"message", Text("validation " + std::to_string(id) + " was accepted")},
                         {"scan_id", Text(std::to_string(id))}});
  }

  Result<net::Response> LatestScans(Context& context) const {
    BW_TRY(const Page page, PageOf(context));
    BW_TRY(const auto scans, posture_.LatestScans(context.account));
    return PageOfAll(context, page, EncodeScans(scans), "latest_scans",
                     "/posture/v2/scans/validations/latest_scans");
  }

  Result<net::Response> Summaries(Context& context) const {
    const auto report = context.query.Get("report_setting_id");
    if (!report) return Invalid("the query parameter report_setting_id is required");
    BW_TRY(const Profile* profile, FindProfile(posture_, *report));
    BW_TRY(const Page page, PageOf(context));
    BW_TRY(const auto scans, posture_.Scans(context.account, profile->id, page.offset, page.limit));
    BW_TRY(const std::int64_t total, posture_.CountScans(context.account, profile->id));
    json::Object body = PageFields(context, page, total, "/posture/v2/scans/validations/summaries");
    body["summaries"] = EncodeScans(scans);
    return JsonResponse(200, body);
  }

  Result<net::Response> Summary(Context& context) const {
    BW_TRY(const std::int64_t id, ScanId(context));
    BW_TRY(const auto scan, posture_.FindScan(context.account, id));
    const auto profile_id = context.query.Get("profile_id");
    if (!profile_id) return Invalid("the query parameter profile_id is required");
    if (*profile_id != scan.profile_id) {
      return NotFound("profile " + std::string(*profile_id) + " was not found in scan " +
                      std::to_string(id));
    }
    BW_TRY(const Profile* profile, FindProfile(posture_, scan.profile_id));
    return JsonResponse(200, EncodeSummary(scan, *profile, posture_.content()));
  }

  Result<net::Response> ListProfiles(Context& context) const {
    BW_TRY(const Page page, PageOf(context));
    json::Array profiles;
    for (const Profile& profile : posture_.content().profiles()) {
      profiles.push_back(EncodeProfile(profile));
    }
    return PageOfAll(context, page, std::move(profiles), "profiles", "/posture/v2/profiles");
  }

  Result<net::Response> GetProfile(Context& context) const {
    BW_TRY(const Profile* profile, FindProfile(posture_, context.Path("profile_id")));
    return JsonResponse(200, EncodeProfile(*profile));
  }

  Result<net::Response> ListControls(Context& context) const {
    BW_TRY(const Page page, PageOf(context));
    BW_TRY(const Profile* profile, FindProfile(posture_, context.Path("profile_id")));
    json::Array controls;
    for (const auto& control : profile->controls) {
      controls.push_back(EncodeControl(control, posture_.content()));
    }
    return PageOfAll(context, page, std::move(controls), "controls",
                     "/posture/v2/profiles/" + profile->id + "/controls");
  }

  Result<net::Response> ListScopes(Context& context) const {
    BW_TRY(const Page page, PageOf(context));
    return PageOfAll(context, page, {RegistryScope()}, "scopes", "/posture/v2/scopes");
  }

  Result<net::Response> GetScope(Context& context) const {
    if (context.Path("scope_id") != breakwater::posture::kRegistryScope) {
      return NotFound("scope " + context.Path("scope_id") + " was not found");
    }
    return JsonResponse(200, RegistryScope());
  }

  Result<net::Response> State(Context& context) const {
    BW_TRY(const Profile* profile, FindProfile(posture_, context.Path("profile_id")));
    BW_TRY(const auto states, posture_.State(context.account, *profile));
    json::Array goals;
    std::vector<breakwater::posture::GoalResult> results;
    for (const auto& state : states) {
      const auto* goal = posture_.content().FindGoal(state.result.goal_id);
      goals.push_back(EncodeState(state, *goal));
      results.push_back(state.result);
    }
    return JsonResponse(200, {{"profile_id", Text(profile->id)},
                              {"profile_name", Text(profile->name)},
                              {"score", EncodeScore(results, posture_.content())},
                              {"goals", std::move(goals)}});
  }

  Result<net::Response> GetParameters(Context& context) const {
    BW_TRY(const Profile* profile, FindProfile(posture_, context.Path("profile_id")));
    BW_TRY(const json::Value values, posture_.Parameters(context.account, profile->id));
    return JsonResponse(200, {{"parameters", values}});
  }

  Result<net::Response> SetParameter(Context& context) const {
    BW_TRY(const json::Value body, ReadJson(context));
    const json::Reader in(body);
    in.OnlyFields({"value"});
    BW_TRY_STATUS(in.Finish());
    const json::Value* value = json::Find(body, "value");
    BW_TRY_STATUS(posture_.SetParameter(context.caller, context.account, context.Path("profile_id"),
                                        context.Path("name"),
                                        value == nullptr ? json::Value() : *value));
    return GetParameters(context);
  }

 private:
  static net::Response PageOfAll(const Context& context, const Page& page, const json::Array& all,
                                 std::string_view name, std::string_view path) {
    json::Object body = PageFields(context, page, static_cast<std::int64_t>(all.size()), path);
    json::Array items;
    const auto size = static_cast<std::int64_t>(all.size());
    for (std::int64_t i = page.offset; i < size && i < page.offset + page.limit; ++i) {
      items.push_back(all[static_cast<std::size_t>(i)]);
    }
    body[name] = std::move(items);
    return JsonResponse(200, body);
  }

  json::Array EncodeScans(const std::vector<breakwater::posture::Scan>& scans) const {
    json::Array items;
    for (const auto& scan : scans) items.push_back(EncodeScanItem(scan, posture_.content()));
    return items;
  }

  Posture& posture_;
};

}  // namespace

std::vector<Endpoint> Endpoints(Posture& posture, const SccFace& face) {
  const Handlers h(posture);
  const auto call = [h](Result<net::Response> (Handlers::*method)(Context&) const) -> Handler {
    return [h, method](Context& context) { return (h.*method)(context); };
  };
  return {
      {"POST", "/posture/v2/scans/validations", "CreateValidation",
       Access::To("compliance.posture-management.validations-create"), face,
       call(&Handlers::CreateValidation)},
      {"GET", "/posture/v2/scans/validations/latest_scans", "ListLatestScans",
       Access::To(kReadValidations), face, call(&Handlers::LatestScans)},
      {"GET", "/posture/v2/scans/validations/summaries", "ScanSummaries",
       Access::To(kReadValidations), face, call(&Handlers::Summaries)},
      {"GET", "/posture/v2/scans/validations/{scan_id}/summary", "ScansSummary",
       Access::To(kReadValidations), face, call(&Handlers::Summary)},
      {"GET", "/posture/v2/profiles", "ListProfiles", Access::To(kReadProfiles), face,
       call(&Handlers::ListProfiles)},
      {"GET", "/posture/v2/profiles/{profile_id}", "GetProfile", Access::To(kReadProfiles), face,
       call(&Handlers::GetProfile)},
      {"GET", "/posture/v2/profiles/{profile_id}/controls", "GetProfileControls",
       Access::To(kReadProfiles), face, call(&Handlers::ListControls)},
      {"GET", "/posture/v2/scopes", "ListScopes", Access::To(kReadScopes), face,
       call(&Handlers::ListScopes)},
      {"GET", "/posture/v2/scopes/{scope_id}", "GetScope", Access::To(kReadScopes), face,
       call(&Handlers::GetScope)},
      {"GET", "/breakwater/v1/posture/profiles/{profile_id}/state", "GetPostureState",
       Access::To(kReadValidations), face, call(&Handlers::State)},
      {"GET", "/breakwater/v1/posture/profiles/{profile_id}/parameters", "GetPostureParameters",
       Access::To(kReadProfiles), face, call(&Handlers::GetParameters)},
      {"PUT", "/breakwater/v1/posture/profiles/{profile_id}/parameters/{name}",
       "SetPostureParameter", Access::To("compliance.posture-management.profiles-update"), face,
       call(&Handlers::SetParameter)},
  };
}

}  // namespace breakwater::api::posture
