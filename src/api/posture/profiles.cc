#include "api/posture/profiles.h"

#include <algorithm>
#include <map>

#include "api/posture/encode.h"
#include "api/posture/pages.h"
#include "base/strings.h"
#include "io/stream.h"
#include "json/reader.h"
#include "net/multipart.h"
#include "posture/profile_csv.h"
#include "report/oscal_import.h"

namespace breakwater::api::posture {
namespace {

using breakwater::posture::Control;
using breakwater::posture::FoundProfile;
using breakwater::posture::Posture;
using breakwater::posture::ProfileDraft;
using breakwater::posture::SetupItem;
using breakwater::posture::SetupKind;
using json::Text;

constexpr std::size_t kMaxForm = breakwater::posture::kMaxCsvBytes + (64U << 10);
constexpr std::size_t kMaxProfilesOfGroup = 50;
constexpr std::size_t kMaxBundle = 16U << 20;
constexpr std::size_t kMaxOscalFiles = 16;
constexpr std::string_view kRead = "compliance.posture-management.profiles-read";
constexpr std::string_view kCreate = "compliance.posture-management.profiles-create";
constexpr std::string_view kUpdate = "compliance.posture-management.profiles-update";
constexpr std::string_view kDelete = "compliance.posture-management.profiles-delete";

ProfileDraft DraftOf(const FoundProfile& found) {
  return {.name = found.profile->name,
          .description = found.profile->description,
          .base_profile = found.profile->base_profile,
          .controls = found.profile->controls,
          .enabled = found.entry.enabled,
          .reason_for_delete = found.entry.reason_for_delete};
}

json::Object EncodeGroup(const SetupItem& item) {
  json::Value profiles = json::Array();
  if (const auto* list = item.document.if_contains("profiles")) profiles = *list;
  return {{"id", Text(item.id)},
          {"name", Text(item.name())},
          {"description", Text(json::FindText(item.document, "description"))},
          {"version", 1},
          {"created_by", Text(item.created_by)},
          {"modified_by", Text(item.modified_by)},
          {"reason_for_delete", ""},
          {"base_profile", ""},
          {"type", "template_group"},
          {"no_of_controls", 0},
          {"created_at", Text(FormatRfc3339(item.created))},
          {"updated_at", Text(FormatRfc3339(item.modified))},
          {"enabled", true},
          {"applicability_criteria", {{"environment", {"ibm"}}}},
          {"profiles", std::move(profiles)}};
}

// Controls without goals of ours stay: they say what is not checked.
ProfileDraft DraftOf(const report::ImportedProfile& imported) {
  ProfileDraft draft{
      .name = Beginning(imported.title, 128),
      .description = "Imported from OSCAL, version " + Beginning(imported.version, 64),
      .base_profile = "",
      .controls = {},
      .enabled = true,
      .reason_for_delete = ""};
  std::map<std::string, std::string> external;
  for (const auto& control : imported.controls) {
    external.emplace(control.id, control.external_id);
    const auto parent = external.find(control.parent);
    draft.controls.push_back({.id = {},
                              .external_control_id = control.external_id,
                              .description = control.title,
                              .parent = parent == external.end() ? "" : parent->second,
                              .tags = {},
                              .goals = control.goals});
  }
  return draft;
}

// What the documents set of our goals' parameters: an attachment is to be given them, a profile has
// none.
json::Object ValuesOf(const report::ImportedProfile& imported,
                      const breakwater::posture::Profile& profile) {
  json::Object values;
  for (const auto& parameter : imported.parameters) {
    const auto* declaration = profile.FindParameter(parameter.id);
    if (declaration == nullptr || parameter.values.empty()) continue;
    const auto number = ParseInt(parameter.values.front());
    const json::Object value{{parameter.id, number.ok() ? json::Value(*number)
                                                        : json::Value(Text(parameter.values[0]))}};
    if (breakwater::posture::Attachments::CheckParameters(profile, value).ok()) {
      values[parameter.id] = value.at(parameter.id);
    }
  }
  return values;
}

class Handlers {
 public:
  explicit Handlers(Posture& posture) : posture_(posture) {}

  Result<net::Response> List(Context& context) const {
    BW_TRY(const Page page, PageOf(context));
    BW_TRY(const auto found, posture_.profiles().List(context.account));
    BW_TRY(const auto groups, posture_.setup().List(context.account, SetupKind::kGroup));
    json::Array profiles;
    for (const auto& profile : found) profiles.push_back(EncodeProfile(profile));
    for (const auto& group : groups) profiles.push_back(EncodeGroup(group));
    return PageOfAll(context, page, profiles, "profiles", "/posture/v2/profiles");
  }

  // profile_type: a word, or the number 6 for a group, as a provider says.
  Result<net::Response> Get(Context& context) const {
    const auto type = context.query.Get("profile_type");
    if (type && (*type == "profile_group" || *type == "template_group" || *type == "6")) {
      BW_TRY(const auto group,
             posture_.setup().Find(context.account, SetupKind::kGroup, context.Path("profile_id")));
      return JsonResponse(200, EncodeGroup(group));
    }
    BW_TRY(const auto found, posture_.profiles().Find(context.account, context.Path("profile_id")));
    return JsonResponse(200, EncodeProfile(found));
  }

  Result<net::Response> Controls(Context& context) const {
    BW_TRY(const Page page, PageOf(context));
    BW_TRY(const auto found, posture_.profiles().Find(context.account, context.Path("profile_id")));
    json::Array controls;
    for (const Control& control : found.profile->controls) {
      controls.push_back(EncodeControl(control, *found.profile));
    }
    return PageOfAll(context, page, controls, "controls",
                     "/posture/v2/profiles/" + found.profile->id + "/controls");
  }

  Result<net::Response> GroupControls(Context& context) const {
    BW_TRY(const Page page, PageOf(context));
    const std::string& id = context.Path("group_id");
    BW_TRY(const auto profiles, ProfilesOfGroup(posture_, context.account, id));
    json::Array controls;
    for (const std::string& profile : profiles) {
      BW_TRY(const auto found, posture_.profiles().Find(context.account, profile));
      for (const Control& control : found.profile->controls) {
        controls.push_back(EncodeControl(control, *found.profile));
      }
    }
    return PageOfAll(context, page, controls, "controls",
                     "/posture/v2/profiles/groups/" + id + "/controls");
  }

  Result<net::Response> Import(Context& context) const {
    const auto content_type = context.request.headers.Get("Content-Type");
    BW_TRY(const std::string boundary, net::BoundaryOf(content_type.value_or("")));
    BW_TRY(const std::string text, ReadText(context, kMaxForm));
    BW_TRY(const auto parts, net::ParseForm(text, boundary));
    const auto file = std::find_if(parts.begin(), parts.end(),
                                   [](const net::FormPart& part) { return part.name == "file"; });
    if (file == parts.end()) return Invalid("the form must have a part 'file'");
    BW_TRY(auto sheet, breakwater::posture::ParseProfileCsv(file->body));
    BW_TRY(const std::string id, posture_.profiles().Create(context.caller, context.account,
                                                            {.name = sheet.name,
                                                             .description = sheet.description,
                                                             .base_profile = "",
                                                             .controls = std::move(sheet.controls),
                                                             .enabled = true,
                                                             .reason_for_delete = ""}));
    return JsonResponse(200, {{"message", Text("profile " + id + " was imported")},
                              {"result", true},
                              {"profile_id", Text(id)}});
  }

  // {"files": [{"name", "document"}, …]}: the first is a catalog or a profile of OSCAL, the others
  // what it imports.
  Result<net::Response> ImportOscal(Context& context) const {
    BW_TRY(const json::Value body, ReadJson(context, kMaxBundle));
    const json::Reader in(body);
    in.OnlyFields({"files"});
    std::vector<report::OscalFile> bundle;
    for (const json::Reader& file : in.Field("files").Items(kMaxOscalFiles)) {
      file.OnlyFields({"name", "document"});
      bundle.push_back({file.Field("name").String(), file.Field("document").value()});
    }
    if (bundle.empty()) in.Field("files").Fail("must hold a document");
    BW_TRY_STATUS(in.Finish());
    BW_TRY(const auto imported, report::ImportOscal(bundle, posture_.profiles().content().goals()));
    BW_TRY(const std::string id,
           posture_.profiles().Create(context.caller, context.account, DraftOf(imported)));
    BW_TRY(const auto made, posture_.profiles().Find(context.account, id));
    json::Object encoded = EncodeProfile(made);
    encoded["parameters"] = ValuesOf(imported, *made.profile);
    return JsonResponse(201, std::move(encoded));
  }

  Result<net::Response> Patch(Context& context) const {
    const std::string& id = context.Path("profile_id");
    BW_TRY(const json::Value body, ReadJson(context));
    BW_TRY(const auto found, posture_.profiles().Find(context.account, id));
    const json::Reader in(body);
    ProfileDraft draft = DraftOf(found);
    draft.name = in.String("name", draft.name);
    draft.description = in.String("description", draft.description);
    draft.base_profile = in.String("base_profile", draft.base_profile);
    draft.enabled = in.Bool("is_enabled", draft.enabled);
    const auto ids = in.Optional("control_ids");
    const auto wanted =
        ids ? ids->Strings(breakwater::posture::kMaxControls) : std::vector<std::string>();
    BW_TRY_STATUS(in.Finish());
    if (ids) {
      BW_TRY(draft.controls, ControlsOf(context.account, found, draft, wanted));
    }
    BW_TRY_STATUS(posture_.profiles().Update(context.caller, context.account, id, draft));
    BW_TRY(const auto changed, posture_.profiles().Find(context.account, id));
    return JsonResponse(200, EncodeProfile(changed));
  }

  Result<net::Response> Delete(Context& context) const {
    BW_TRY_STATUS(
        posture_.profiles().Delete(context.caller, context.account, context.Path("profile_id")));
    return EmptyResponse(204);
  }

  Result<net::Response> Versions(Context& context) const {
    BW_TRY(const auto versions,
           posture_.profiles().Versions(context.account, context.Path("profile_id")));
    json::Array all;
    for (const auto& version : versions) {
      all.push_back({{"version", version.number},
                     {"digest", Text(version.digest)},
                     {"created_at", Text(FormatRfc3339(version.created))}});
    }
    return JsonResponse(200, {{"versions", std::move(all)}});
  }

  Result<net::Response> Csv(Context& context) const {
    BW_TRY(const auto found, posture_.profiles().Find(context.account, context.Path("profile_id")));
    net::Response response;
    response.headers.Set("Content-Type", "text/csv; charset=utf-8");
    response.body = breakwater::posture::ProfileCsv(*found.profile);
    return response;
  }

  Result<net::Response> CreateGroup(Context& context) const {
    BW_TRY(const json::Value body, ReadJson(context));
    const json::Reader in(body);
    in.OnlyFields({"name", "description", "profiles"});
    const std::string name = in.Field("name").String();
    const std::string description = in.String("description", "");
    const auto profiles = in.Field("profiles").Strings(kMaxProfilesOfGroup);
    if (profiles.empty()) in.Field("profiles").Fail("must name a profile");
    BW_TRY_STATUS(in.Finish());
    json::Array ids;
    for (const std::string& id : profiles) {
      BW_TRY_STATUS(posture_.profiles().Find(context.account, id));
      ids.emplace_back(Text(id));
    }
    BW_TRY(const auto made,
           posture_.setup().Create(context.caller, context.account, SetupKind::kGroup,
                                   {{"name", Text(name)},
                                    {"description", Text(description)},
                                    {"profiles", std::move(ids)}}));
    return JsonResponse(201, EncodeGroup(made));
  }

  Result<net::Response> DeleteGroup(Context& context) const {
    BW_TRY_STATUS(posture_.setup().Delete(context.caller, context.account, SetupKind::kGroup,
                                          context.Path("group_id")));
    return EmptyResponse(204);
  }

 private:
  static Result<std::string> ReadText(Context& context, std::size_t max) {
    if (context.request.content_length.value_or(0) > max) {
      return TooLarge("the form has at most " + std::to_string(max) + " bytes");
    }
    return io::ReadAll(*context.request.body, max);
  }

  // Clients say a base by its name, or its id.
  Result<FoundProfile> BaseOf(const AccountId& account, const std::string& named) const {
    BW_TRY(auto all, posture_.profiles().List(account));
    for (FoundProfile& found : all) {
      if (found.profile->name == named) return std::move(found);
    }
    return posture_.profiles().Find(account, named);
  }

  // Those of the profile itself, else of its base.
  Result<std::vector<Control>> ControlsOf(const AccountId& account, const FoundProfile& found,
                                          const ProfileDraft& draft,
                                          const std::vector<std::string>& wanted) const {
    std::vector<Control> pool = found.profile->controls;
    if (!draft.base_profile.empty()) {
      BW_TRY(const auto base, BaseOf(account, draft.base_profile));
      pool.insert(pool.end(), base.profile->controls.begin(), base.profile->controls.end());
    }
    std::vector<Control> controls;
    for (const std::string& id : wanted) {
      const auto control =
          std::find_if(pool.begin(), pool.end(), [&](const Control& one) { return one.id == id; });
      if (control == pool.end()) {
        return Invalid("control_ids: control " + id + " is neither in the profile nor in its base")
            .Reason("invalid_field");
      }
      controls.push_back(*control);
    }
    return controls;
  }

  Posture& posture_;
};

}  // namespace

Result<std::vector<std::string>> ProfilesOfGroup(const Posture& posture, const AccountId& account,
                                                 std::string_view id) {
  BW_TRY(const auto group, posture.setup().Find(account, SetupKind::kGroup, id));
  std::vector<std::string> profiles;
  if (const auto* list = group.document.if_contains("profiles")) {
    for (const json::Value& profile : list->as_array()) {
      profiles.emplace_back(json::View(profile.get_string()));
    }
  }
  return profiles;
}

std::vector<Endpoint> ProfileEndpoints(Posture& posture, const SccFace& face) {
  const auto call = MethodsOf(Handlers(posture));
  return {
      {"GET", "/posture/v2/profiles", "ListProfiles", Access::To(kRead), face,
       call(&Handlers::List)},
      {"POST", "/posture/v2/profiles/import", "ImportProfiles", Access::To(kCreate), face,
       call(&Handlers::Import)},
      {"POST", "/breakwater/v1/posture/profiles/import-oscal", "ImportOscalProfile",
       Access::To(kCreate), face, call(&Handlers::ImportOscal)},
      {"GET", "/posture/v2/profiles/{profile_id}", "GetProfile", Access::To(kRead), face,
       call(&Handlers::Get)},
      {"PATCH", "/posture/v2/profiles/{profile_id}", "UpdateProfiles", Access::To(kUpdate), face,
       call(&Handlers::Patch)},
      {"DELETE", "/posture/v2/profiles/{profile_id}", "DeletePostureProfile", Access::To(kDelete),
       face, call(&Handlers::Delete)},
      {"GET", "/posture/v2/profiles/{profile_id}/controls", "GetProfileControls", Access::To(kRead),
       face, call(&Handlers::Controls)},
      {"GET", "/posture/v2/profiles/groups/{group_id}/controls", "GetGroupProfileControls",
       Access::To(kRead), face, call(&Handlers::GroupControls)},
      {"GET", "/breakwater/v1/posture/profiles/{profile_id}/versions", "ListProfileVersions",
       Access::To(kRead), face, call(&Handlers::Versions)},
      {"GET", "/breakwater/v1/posture/profiles/{profile_id}/csv", "ExportProfile",
       Access::To(kRead), face, call(&Handlers::Csv)},
      {"POST", "/breakwater/v1/posture/groups", "CreateProfileGroup", Access::To(kCreate), face,
       call(&Handlers::CreateGroup)},
      {"DELETE", "/breakwater/v1/posture/groups/{group_id}", "DeleteProfileGroup",
       Access::To(kDelete), face, call(&Handlers::DeleteGroup)},
  };
}

}  // namespace breakwater::api::posture
