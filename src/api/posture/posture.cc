#include "api/posture/posture.h"

#include <functional>
#include <iterator>
#include <map>

#include "api/posture/encode.h"
#include "api/posture/native.h"
#include "api/posture/pages.h"
#include "api/posture/profiles.h"
#include "api/posture/setup.h"
#include "base/strings.h"
#include "io/stream.h"
#include "json/reader.h"
#include "net/multipart.h"

namespace breakwater::api::posture {
namespace {

using breakwater::posture::Posture;
using breakwater::posture::Profile;
using breakwater::posture::Scan;
using breakwater::posture::SetupItem;
using breakwater::posture::SetupKind;
using json::Text;

constexpr std::size_t kMaxCredentialForm = 256U << 10;
constexpr std::string_view kReadValidations = "compliance.posture-management.validations-read";
constexpr std::string_view kRequest = "compliance.posture-management.validations-create";
constexpr std::string_view kReadProfiles = "compliance.posture-management.profiles-read";
constexpr std::string_view kReadScopes = "compliance.posture-management.scopes-read";

using EncodeScan = json::Object (*)(const Scan&, const Profile&, const ScanNames&);
using EncodeResults = json::Object (*)(const Scan&, const breakwater::posture::Assessment&);

Result<std::int64_t> ScanId(const Context& context) {
  auto id = ParseInt(context.Path("scan_id"));
  if (!id.ok()) return NotFound("scan " + context.Path("scan_id") + " was not found");
  return id;
}

// Version 1 says of what is over that it is completed: clients wait for that.
std::string_view StatusV1(std::string_view status) {
  if (status == "validation_result_posted_no_error") return "validation_completed";
  if (status == "discovery_result_posted_no_error") return "discovery_completed";
  if (status == "discovery_result_posted_with_error") return "error_in_discovery";
  return status;
}

// What version 1 lists of a scope; `latest` has the account's scans, newest first.
json::Object EncodeScopeV1(const SetupItem& item, const std::vector<Scan>& latest) {
  json::Array scans;
  std::string_view last_type = "discovery";
  std::string_view last_description = "Discovery";
  Timestamp last = item.modified;
  for (const Scan& scan : latest) {
    if (scan.scope_id != item.id) continue;
    if (scans.empty()) {
      last_type = "validation";
      last_description = "Validation";
      last = scan.ended.value_or(scan.started.value_or(scan.created));
    }
    scans.push_back({{"scan_id", Text(std::to_string(scan.id))},
                     {"discover_id", Text(std::to_string(scan.id))},
                     {"status", Text(StatusV1(scan.status))},
                     {"status_message", ""}});
  }
  // Its discovery has no number of its own.
  if (const std::string status(json::FindText(item.document, "discovery_status"));
      !status.empty()) {
    scans.push_back({{"scan_id", "0"},
                     {"discover_id", "0"},
                     {"status", Text(StatusV1(status))},
                     {"status_message", ""}});
  }
  json::Value collectors = json::Array();
  if (const auto* ids = item.document.if_contains("collector_ids")) collectors = *ids;
  return {{"description", Text(json::FindText(item.document, "description"))},
          {"created_by", Text(item.created_by)},
          {"modified_by", Text(item.modified_by)},
          {"scope_id", Text(item.id)},
          {"name", Text(item.name())},
          {"enabled", item.enabled},
          {"environment_type", Text(json::FindText(item.document, "credential_type"))},
          {"created_time", Text(FormatRfc3339(item.created))},
          {"modified_time", Text(FormatRfc3339(item.modified))},
          {"last_scan_type", Text(last_type)},
          {"last_scan_type_description", Text(last_description)},
          {"last_scan_status_updated_time", Text(FormatRfc3339(last))},
          {"collectors_id", std::move(collectors)},
          {"scans", std::move(scans)}};
}

class Handlers {
 public:
  explicit Handlers(Posture& posture) : posture_(posture) {}

  // A group of profiles is scanned one by one.
  Result<net::Response> CreateValidation(Context& context) const {
    BW_TRY(const json::Value body, ReadJson(context));
    const json::Reader in(body);
    const std::string scope_id = in.Field("scope_id").String();
    const std::string group = in.String("group_profile_id", "");
    const std::string profile_id =
        group.empty() ? in.Field("profile_id").String() : in.String("profile_id", "");
    BW_TRY_STATUS(in.Finish());
    std::vector<std::string> profiles{profile_id};
    if (!group.empty()) {
      BW_TRY(profiles, ProfilesOfGroup(posture_, context.account, group));
    }
    std::string ids;
    std::int64_t first = 0;
    for (const std::string& profile : profiles) {
      BW_TRY(const std::int64_t id,
             posture_.RequestScan(context.caller, context.account, scope_id, profile, group));
      if (first == 0) first = id;
      ids += (ids.empty() ? "" : ", ") + std::to_string(id);
    }
    return JsonResponse(202, {{"result", true},
                              {"message", Text("validation " + ids + " was accepted")},
                              {"scan_id", Text(std::to_string(first))}});
  }

  Result<net::Response> LatestScans(Context& context, EncodeScan encode,
                                    std::string_view path) const {
    BW_TRY(const Page page, PageOf(context));
    BW_TRY(const auto scans, posture_.LatestScans(context.account));
    BW_TRY(const auto encoded, EncodeScans(context.account, scans, encode));
    return PageOfAll(context, page, encoded, "latest_scans", path);
  }

  Result<net::Response> Summaries(Context& context) const {
    const auto report = context.query.Get("report_setting_id");
    if (!report) return Invalid("the query parameter report_setting_id is required");
    const auto id = ParseInt(*report);
    if (!id.ok()) return NotFound("report setting " + std::string(*report) + " was not found");
    return SummariesOf(context, *id, EncodeScanItem, "/posture/v2/scans/validations/summaries");
  }

  Result<net::Response> SummariesV1(Context& context) const {
    const auto profile = context.query.Get("profile_id");
    const auto scope = context.query.Get("scope_id");
    if (!profile || !scope) {
      return Invalid("the query parameters profile_id and scope_id are required");
    }
    BW_TRY(const auto attachments, posture_.attachments().List(context.account));
    for (const auto& attachment : attachments) {
      if (attachment.profile_id != *profile || attachment.scope_id != *scope) continue;
      return SummariesOf(context, attachment.id, EncodeSummaryItemV1,
                         "/posture/v1/scans/validations/summaries");
    }
    BW_TRY_STATUS(posture_.profiles().Find(context.account, *profile));
    BW_TRY_STATUS(posture_.setup().Find(context.account, SetupKind::kScope, *scope));
    BW_TRY(const Page page, PageOf(context));
    return PageOfAll(context, page, {}, "summaries", "/posture/v1/scans/validations/summaries");
  }

  Result<net::Response> Summary(Context& context, EncodeResults encode) const {
    BW_TRY(const std::int64_t id, ScanId(context));
    BW_TRY(const auto scan, posture_.FindScan(context.account, id));
    const auto profile_id = context.query.Get("profile_id");
    if (!profile_id) return Invalid("the query parameter profile_id is required");
    if (*profile_id != scan.profile_id) {
      return NotFound("profile " + std::string(*profile_id) + " was not found in scan " +
                      std::to_string(id));
    }
    breakwater::posture::Assessment assessment;  // of nothing yet
    assessment.profile_id = scan.profile_id;
    if (scan.moment) {
      BW_TRY(assessment, posture_.AssessScan(scan));
    }
    return JsonResponse(200, encode(scan, assessment));
  }

  Result<net::Response> ProfilesV1(Context& context) const {
    BW_TRY(const Page page, PageOf(context));
    BW_TRY(const auto found, posture_.profiles().List(context.account));
    json::Array profiles;
    const auto name = context.query.Get("name");
    for (const auto& profile : found) {
      if (!name || *name == profile.profile->name) profiles.push_back(EncodeProfileV1(profile));
    }
    return PageOfAll(context, page, profiles, "profiles", "/posture/v1/profiles");
  }

  Result<net::Response> ScopesV1(Context& context) const {
    BW_TRY(const auto items, posture_.setup().List(context.account, SetupKind::kScope));
    BW_TRY(const auto latest, posture_.LatestScans(context.account));
    const auto name = context.query.Get("name");
    json::Array scopes;
    for (const SetupItem& item : items) {
      if (!name || *name == item.name()) scopes.push_back(EncodeScopeV1(item, latest));
    }
    return JsonResponse(200, {{"scopes", std::move(scopes)}});
  }

  Result<net::Response> CreateScopeV1(Context& context) const {
    BW_TRY(json::Value body, ReadJson(context));
    BW_TRY(auto v2, Renamed(body, {{"scope_name", "name"},
                                   {"scope_description", "description"},
                                   {"environment_type", "credential_type"}}));
    BW_TRY(auto document, ScopeFrom(v2));
    BW_TRY(const auto made, posture_.setup().Create(context.caller, context.account,
                                                    SetupKind::kScope, std::move(document)));
    BW_TRY_STATUS(posture_.StartDiscovery(context.account, made.id));
    json::Object scope = EncodeScopeV1(made, {});
    scope["scope_name"] = Text(made.name());
    return JsonResponse(201, scope);
  }

  Result<net::Response> CreateCollectorV1(Context& context) const {
    BW_TRY(json::Value body, ReadJson(context));
    BW_TRY(auto v2,
           Renamed(body, {{"collector_name", "name"}, {"collector_description", "description"}}));
    BW_TRY(auto document, CollectorFrom(v2));
    BW_TRY(const auto made, posture_.setup().Create(context.caller, context.account,
                                                    SetupKind::kCollector, std::move(document)));
    return JsonResponse(201, {{"collector_id", Text(made.id)}});
  }

  // The file's layout was never published: its name and description are taken where it has them,
  // and what else it holds is shown masked.
  Result<net::Response> CreateCredentialV1(Context& context) const {
    const auto content_type = context.request.headers.Get("Content-Type");
    BW_TRY(const std::string boundary, net::BoundaryOf(content_type.value_or("")));
    BW_TRY(const std::string text, io::ReadAll(*context.request.body, kMaxCredentialForm));
    BW_TRY(const auto parts, net::ParseForm(text, boundary));
    for (const net::FormPart& part : parts) {
      if (part.name != "credential_data_file") continue;
      BW_TRY(const json::Value file, json::Parse(part.body));
      if (!file.is_object()) return Invalid("credential_data_file: must be a JSON object");
      const std::string_view name = json::FindText(file, "name");
      json::Object body{{"enabled", true},
                        {"type", "ibm_cloud"},
                        {"name", name.empty() ? Text("credential") : Text(name)},
                        {"description", Text(json::FindText(file, "description"))},
                        {"purpose", "discovery_fact_collection"},
                        {"display_fields", file}};
      BW_TRY(auto document, CredentialFrom(body));
      BW_TRY(const auto made, posture_.setup().Create(context.caller, context.account,
                                                      SetupKind::kCredential, std::move(document)));
      return JsonResponse(201, {{"credential_id", Text(made.id)},
                                {"credential_name", Text(made.name())},
                                {"created_time", Text(FormatRfc3339(made.created))}});
    }
    return Invalid("the form must have a part 'credential_data_file'");
  }

 private:
  static Result<json::Value> Renamed(const json::Value& body,
                                     const std::map<std::string, std::string, std::less<>>& names) {
    if (!body.is_object()) return Invalid("a JSON object is required").Reason("invalid_field");
    json::Object renamed;
    for (const auto& member : body.as_object()) {
      const auto found = names.find(std::string_view(member.key()));
      renamed[found == names.end() ? std::string(member.key()) : found->second] = member.value();
    }
    return json::Value(std::move(renamed));
  }

  Result<net::Response> SummariesOf(Context& context, std::int64_t attachment, EncodeScan encode,
                                    std::string_view path) const {
    BW_TRY(const Page page, PageOf(context));
    BW_TRY(const auto scans, posture_.Scans(context.account, attachment, page.offset, page.limit));
    BW_TRY(const std::int64_t total, posture_.CountScans(context.account, attachment));
    json::Object body = PageFields(context, page, total, path);
    BW_TRY(auto encoded, EncodeScans(context.account, scans, encode));
    body["summaries"] = std::move(encoded);
    return JsonResponse(200, body);
  }

  // Groups and profiles may have been deleted since; only an account's own profiles can be.
  Result<ScanNames> NamesOf(const AccountId& account, const Scan& scan) const {
    BW_TRY(const auto scope, posture_.setup().Find(account, SetupKind::kScope, scan.scope_id));
    ScanNames names{.scope = scope.name(), .group = {}, .custom = true};
    const auto profile = posture_.profiles().Find(account, scan.profile_id);
    if (profile.ok()) {
      names.custom = !profile->entry.account.empty();
    } else if (profile.error().code() != ErrorCode::kNotFound) {
      return profile.error();
    }
    if (scan.group_profile_id.empty()) return names;
    const auto group = posture_.setup().Find(account, SetupKind::kGroup, scan.group_profile_id);
    if (group.ok()) {
      names.group = group->name();
    } else if (group.error().code() != ErrorCode::kNotFound) {
      return group.error();
    }
    return names;
  }

  Result<json::Array> EncodeScans(const AccountId& account, const std::vector<Scan>& scans,
                                  EncodeScan encode) const {
    json::Array items;
    for (const Scan& scan : scans) {
      BW_TRY(const auto profile, posture_.profiles().Load(scan.profile_id, scan.profile_version));
      BW_TRY(const auto names, NamesOf(account, scan));
      items.push_back(encode(scan, *profile, names));
    }
    return items;
  }

  Posture& posture_;
};

std::vector<Endpoint> ValidationEndpoints(Posture& posture, const SccFace& face) {
  const Handlers h(posture);
  return {
      {"POST", "/posture/v2/scans/validations", "CreateValidation", Access::To(kRequest), face,
       [h](Context& c) { return h.CreateValidation(c); }},
      {"GET", "/posture/v2/scans/validations/latest_scans", "ListLatestScans",
       Access::To(kReadValidations), face,
       [h](Context& c) {
         return h.LatestScans(c, EncodeScanItem, "/posture/v2/scans/validations/latest_scans");
       }},
      {"GET", "/posture/v2/scans/validations/summaries", "ScanSummaries",
       Access::To(kReadValidations), face, [h](Context& c) { return h.Summaries(c); }},
      {"GET", "/posture/v2/scans/validations/{scan_id}/summary", "ScansSummary",
       Access::To(kReadValidations), face, [h](Context& c) { return h.Summary(c, EncodeSummary); }},
  };
}

std::vector<Endpoint> EndpointsV1(Posture& posture, const SccFace& face) {
  const Handlers h(posture);
  return {
      {"GET", "/posture/v1/scans/validations/latest_scans", "ListLatestScansV1",
       Access::To(kReadValidations), face,
       [h](Context& c) {
         return h.LatestScans(c, EncodeScanItemV1, "/posture/v1/scans/validations/latest_scans");
       }},
      {"POST", "/posture/v1/scans/validations", "CreateValidationV1", Access::To(kRequest), face,
       [h](Context& c) { return h.CreateValidation(c); }},
      {"GET", "/posture/v1/scans/validations/{scan_id}/summary", "ScansSummaryV1",
       Access::To(kReadValidations), face,
       [h](Context& c) { return h.Summary(c, EncodeSummaryV1); }},
      {"GET", "/posture/v1/scans/validations/summaries", "ScanSummariesV1",
       Access::To(kReadValidations), face, [h](Context& c) { return h.SummariesV1(c); }},
      {"GET", "/posture/v1/profiles", "ListProfilesV1", Access::To(kReadProfiles), face,
       [h](Context& c) { return h.ProfilesV1(c); }},
      {"GET", "/posture/v1/scopes", "ListScopesV1", Access::To(kReadScopes), face,
       [h](Context& c) { return h.ScopesV1(c); }},
      {"POST", "/posture/v1/scopes", "CreateScopeV1",
       Access::To("compliance.posture-management.scopes-create"), face,
       [h](Context& c) { return h.CreateScopeV1(c); }},
      {"POST", "/posture/v1/collectors", "CreateCollectorV1",
       Access::To("compliance.posture-management.collectors-create"), face,
       [h](Context& c) { return h.CreateCollectorV1(c); }},
      {"POST", "/posture/v1/credentials", "CreateCredentialV1",
       Access::To("compliance.posture-management.credentials-create"), face,
       [h](Context& c) { return h.CreateCredentialV1(c); }},
  };
}

}  // namespace

std::vector<Endpoint> Endpoints(Posture& posture, const audit::Heads& heads, const SccFace& face) {
  std::vector<Endpoint> all = ValidationEndpoints(posture, face);
  for (auto* family : {&EndpointsV1, &ProfileEndpoints, &SetupEndpoints}) {
    std::vector<Endpoint> more = (*family)(posture, face);
    std::move(more.begin(), more.end(), std::back_inserter(all));
  }
  std::vector<Endpoint> native = NativeEndpoints(posture, heads, face);
  std::move(native.begin(), native.end(), std::back_inserter(all));
  return all;
}

}  // namespace breakwater::api::posture
