#include "api/posture/posture.h"

#include "api/posture/encode.h"
#include "base/strings.h"
#include "json/reader.h"

namespace breakwater::api::posture {
namespace {

using breakwater::posture::Attachment;
using breakwater::posture::Posture;
using breakwater::posture::Scan;
using json::Text;

constexpr std::string_view kReadValidations = "compliance.posture-management.validations-read";
constexpr std::string_view kReadProfiles = "compliance.posture-management.profiles-read";
constexpr std::string_view kScopeName = "registry";
constexpr std::string_view kReadScopes = "compliance.posture-management.scopes-read";

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
    BW_TRY(auto encoded, EncodeScans(context.account, scans));
    return PageOfAll(context, page, std::move(encoded), "latest_scans",
                     "/posture/v2/scans/validations/latest_scans");
  }

  Result<net::Response> Summaries(Context& context) const {
    const auto report = context.query.Get("report_setting_id");
    if (!report) return Invalid("the query parameter report_setting_id is required");
    const auto id = ParseInt(*report);
    if (!id.ok()) return NotFound("report setting " + std::string(*report) + " was not found");
    BW_TRY(const Page page, PageOf(context));
    BW_TRY(const auto scans, posture_.Scans(context.account, *id, page.offset, page.limit));
    BW_TRY(const std::int64_t total, posture_.CountScans(context.account, *id));
    json::Object body = PageFields(context, page, total, "/posture/v2/scans/validations/summaries");
    BW_TRY(auto encoded, EncodeScans(context.account, scans));
    body["summaries"] = std::move(encoded);
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
    BW_TRY(const auto assessment, posture_.AssessScan(scan));
    return JsonResponse(200, EncodeSummary(scan, assessment));
  }

  Result<net::Response> ListProfiles(Context& context) const {
    BW_TRY(const Page page, PageOf(context));
    BW_TRY(const auto found, posture_.profiles().List(context.account));
    json::Array profiles;
    for (const auto& profile : found) profiles.push_back(EncodeProfile(profile));
    return PageOfAll(context, page, profiles, "profiles", "/posture/v2/profiles");
  }

  Result<net::Response> GetProfile(Context& context) const {
    BW_TRY(const auto found, posture_.profiles().Find(context.account, context.Path("profile_id")));
    return JsonResponse(200, EncodeProfile(found));
  }

  Result<net::Response> ListControls(Context& context) const {
    BW_TRY(const Page page, PageOf(context));
    BW_TRY(const auto found, posture_.profiles().Find(context.account, context.Path("profile_id")));
    json::Array controls;
    for (const auto& control : found.profile->controls) {
      controls.push_back(EncodeControl(control, *found.profile));
    }
    return PageOfAll(context, page, controls, "controls",
                     "/posture/v2/profiles/" + found.profile->id + "/controls");
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
    BW_TRY(const Attachment attachment,
           posture_.AttachmentOf(context.account, context.Path("profile_id")));
    BW_TRY(const auto assessment, posture_.Assess(context.account, attachment.id));
    return JsonResponse(200, EncodeState(assessment));
  }

  Result<net::Response> GetParameters(Context& context) const {
    BW_TRY(const Attachment attachment,
           posture_.AttachmentOf(context.account, context.Path("profile_id")));
    return JsonResponse(200, {{"parameters", attachment.parameters}});
  }

  Result<net::Response> SetParameter(Context& context) const {
    BW_TRY(const json::Value body, ReadJson(context));
    const json::Reader in(body);
    in.OnlyFields({"value"});
    BW_TRY_STATUS(in.Finish());
    const json::Value* value = json::Find(body, "value");
    BW_TRY(const Attachment attachment,
           posture_.AttachmentOf(context.account, context.Path("profile_id")));
    BW_TRY_STATUS(posture_.SetParameter(context.caller, context.account, attachment.id,
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

  Result<json::Array> EncodeScans(const AccountId& account, const std::vector<Scan>& scans) const {
    json::Array items;
    for (const Scan& scan : scans) {
      BW_TRY(const auto found,
             posture_.profiles().Find(account, scan.profile_id, scan.profile_version));
      items.push_back(EncodeScanItem(scan, *found.profile, kScopeName));
    }
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
