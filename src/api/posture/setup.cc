#include "api/posture/setup.h"

#include <algorithm>
#include <set>

#include "api/posture/pages.h"
#include "base/strings.h"
#include "json/reader.h"
#include "posture/selection.h"
#include "posture/texts.h"

namespace breakwater::api::posture {
namespace {

using breakwater::posture::Posture;
using breakwater::posture::SetupItem;
using breakwater::posture::SetupKind;
using breakwater::posture::Texts;
using json::Text;

constexpr std::size_t kMaxIds = 100;
constexpr std::size_t kMaxFields = 64;
constexpr std::size_t kMaxPassphrase = 200;
constexpr std::string_view kMask = "********";

struct FieldLimit {
  std::string_view field;
  std::size_t max;
};

// Of the provider that checks before it sends (ibm-scc 2.8).
constexpr FieldLimit kCollectorLimits[] = {{"name", 64}, {"description", 1000}};
constexpr FieldLimit kCredentialLimits[] = {{"name", 255}, {"description", 255}};
constexpr FieldLimit kScopeLimits[] = {{"name", 50}, {"description", 255}};

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view(" -._,").find(c) != std::string_view::npos;
}

// A text of the document, within its limit and of the characters that are allowed.
std::string TextOf(const json::Reader& in, std::string_view field, std::size_t max, bool required) {
  const std::string text = required ? in.Field(field).String() : in.String(field, "");
  if (text.size() > max) {
    in.Field(field).Fail("must have at most " + std::to_string(max) + " characters");
  } else if (required && text.empty()) {
    in.Field(field).Fail("must not be empty");
  } else if (!std::all_of(text.begin(), text.end(), IsNameCharacter)) {
    in.Field(field).Fail("must consist of letters, digits, spaces and -._,");
  }
  return text;
}

std::string OneOf(const json::Reader& in, std::string_view field,
                  const std::vector<std::string_view>& allowed) {
  std::string text = in.Field(field).String();
  // Samples of the reference's documentation have capitals.
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (std::find(allowed.begin(), allowed.end(), text) == allowed.end()) {
    std::string names;
    for (const auto& name : allowed) names += (names.empty() ? "" : ", ") + std::string(name);
    in.Field(field).Fail("must be one of " + names);
  }
  return text;
}

const std::vector<std::string_view> kCredentialTypes = {
    "ibm_cloud", "aws_cloud",       "azure_cloud",       "database",     "kerberos_windows",
    "ms_365",    "openstack_cloud", "username_password", "user_name_pem"};
const std::vector<std::string_view> kPurposes = {
    "discovery_collection", "discovery_fact_collection", "remediation",
    "discovery_collection_remediation", "discovery_fact_collection_remediation"};
const std::vector<std::string_view> kEnvironments = {
    "ibm", "aws", "azure", "gcp", "on_premise", "hosted", "services", "openstack"};
const std::vector<std::string_view> kManagers = {"ibm", "customer"};

json::Object DisplayFieldsOf(const json::Reader& in) {
  json::Object masked;
  const json::Object* fields = in.Field("display_fields").value().if_object();
  if (fields == nullptr || fields->size() > kMaxFields) {
    in.Field("display_fields").Fail("must be an object of at most 64 fields");
    return masked;
  }
  for (const auto& member : *fields) masked[member.key()] = Text(kMask);
  return masked;
}

json::Value At(const SetupItem& item, std::string_view field, json::Value fallback) {
  const json::Value* found = item.document.if_contains(field);
  return found == nullptr || found->is_null() ? std::move(fallback) : *found;
}

json::Object Common(const SetupItem& item) {
  return {{"id", Text(item.id)},
          {"name", Text(item.name())},
          {"description", At(item, "description", "")},
          {"created_by", Text(item.created_by)},
          {"created_at", Text(FormatRfc3339(item.created))},
          {"updated_at", Text(FormatRfc3339(item.modified))}};
}

json::Object EncodeCollector(const SetupItem& item) {
  json::Object collector = Common(item);
  const bool is_public = At(item, "is_public", false).as_bool();
  collector["display_name"] = At(item, "display_name", Text(item.name()));
  collector["public_key"] = "";
  collector["last_heartbeat"] = Text(FormatRfc3339(item.modified));
  // All of them are this process.
  collector["status"] = "active";
  collector["status_description"] = "The collector works in the registry's own process";
  collector["collector_version"] = "";
  collector["image_version"] = "";
  collector["updated_by"] = Text(item.modified_by);
  collector["enabled"] = item.enabled;
  collector["registration_code"] = "";
  collector["type"] = "unrestricted";
  collector["failure_count"] = 0;
  collector["use_private_endpoint"] = !is_public;
  collector["is_public"] = is_public;
  collector["is_ubi_image"] = At(item, "is_ubi_image", false);
  collector["managed_by"] = At(item, "managed_by", "customer");
  return collector;
}

json::Object EncodeCredential(const SetupItem& item) {
  json::Object credential = Common(item);
  credential["enabled"] = At(item, "enabled", true);
  credential["type"] = At(item, "type", "ibm_cloud");
  credential["purpose"] = At(item, "purpose", "discovery_fact_collection");
  credential["display_fields"] = At(item, "display_fields", json::Object());
  credential["group"] = {{"id", ""}, {"passphrase", ""}};
  credential["updated_by"] = Text(item.modified_by);
  return credential;
}

json::Object EncodeScope(const SetupItem& item) {
  json::Object scope = Common(item);
  scope["uuid"] = Text("00000000-0000-4000-8000-" +
                       std::string(12 - std::min<std::size_t>(12, item.id.size()), '0') +
                       item.id.substr(0, 12));
  scope["modified_by"] = Text(item.modified_by);
  scope["modified_at"] = Text(FormatRfc3339(item.modified));
  scope["enabled"] = item.enabled;
  scope["credential_type"] = At(item, "credential_type", "ibm");
  // A number here, and digits in a text everywhere else.
  const auto credential = ParseInt(json::FindText(item.document, "credential_id"));
  if (credential.ok()) scope["tld_credential_id"] = *credential;
  scope["status"] = At(item, "discovery_status", "discovery_result_posted_no_error");
  scope["status_msg"] = "";
  scope["last_discover_start_time"] = At(item, "discovery_began", "");
  scope["last_discover_completed_time"] = At(item, "discovery_ended", "");
  scope["task_type"] = "discover";
  scope["is_discovery_scheduled"] = At(item, "is_discovery_scheduled", false);
  scope["interval"] = At(item, "interval", 0);
  scope["cloud_type"] = At(item, "credential_type", "ibm");
  scope["type"] = "validation";
  scope["correlation_id"] = Text("scope-" + item.id);
  scope["selection"] = At(item, "selection", json::Value());
  return scope;
}

class Handlers {
 public:
  explicit Handlers(Posture& posture) : posture_(posture) {}

  using Encode = json::Object (*)(const SetupItem&);
  using Decode = Result<json::Object> (*)(const json::Value&);

  Result<net::Response> List(Context& context, SetupKind kind, Encode encode,
                             std::string_view plural) const {
    BW_TRY(const Page page, PageOf(context));
    BW_TRY(const auto items, posture_.setup().List(context.account, kind));
    json::Array all;
    for (const SetupItem& item : items) {
      BW_TRY(auto encoded, Encoded(context, item, encode));
      all.push_back(std::move(encoded));
    }
    return PageOfAll(context, page, all, plural, "/posture/v2/" + std::string(plural));
  }

  Result<net::Response> Create(Context& context, SetupKind kind, Encode encode,
                               Decode decode) const {
    BW_TRY(const json::Value body, ReadJson(context));
    BW_TRY(auto document, decode(body));
    BW_TRY(const auto made,
           posture_.setup().Create(context.caller, context.account, kind, std::move(document)));
    if (kind == SetupKind::kScope) {
      BW_TRY_STATUS(posture_.StartDiscovery(context.account, made.id));
    }
    BW_TRY(const auto encoded, Encoded(context, made, encode));
    return JsonResponse(201, encoded);
  }

  Result<net::Response> Get(Context& context, SetupKind kind, Encode encode) const {
    BW_TRY(const auto item, posture_.setup().Find(context.account, kind, context.Path("id")));
    BW_TRY(const auto encoded, Encoded(context, item, encode));
    return JsonResponse(200, encoded);
  }

  Result<net::Response> Delete(Context& context, SetupKind kind) const {
    BW_TRY_STATUS(
        posture_.setup().Delete(context.caller, context.account, kind, context.Path("id")));
    return EmptyResponse(204);
  }

  // Only the fields that may change, with the limits of their kind.
  Result<net::Response> Patch(Context& context, SetupKind kind, Encode encode, int status) const {
    BW_TRY(const json::Value body, ReadJson(context));
    BW_TRY(const auto fields, PatchFrom(kind, body));
    BW_TRY(const auto changed,
           posture_.setup().Update(context.caller, context.account, kind, context.Path("id"),
                                   [&](json::Object& document) -> Status {
                                     for (const auto& member : fields) {
                                       document[member.key()] = member.value();
                                     }
                                     return Ok();
                                   }));
    BW_TRY(const auto encoded, Encoded(context, changed, encode));
    return JsonResponse(status, encoded);
  }

  Result<net::Response> ScopeStatus(Context& context) const {
    constexpr std::string_view kPrefix = "scope-";
    const std::string& id = context.Path("correlation_id");
    if (!id.starts_with(kPrefix)) return NotFound("correlation id " + id + " was not found");
    BW_TRY(const auto item,
           posture_.setup().Find(context.account, SetupKind::kScope, id.substr(kPrefix.size())));
    const std::string began = FormatRfc3339(item.created);
    return JsonResponse(
        200, {{"correlation_id", Text(id)},
              {"status", At(item, "discovery_status", "discovery_result_posted_no_error")},
              {"start_time", At(item, "discovery_began", Text(began))},
              {"last_heartbeat",
               At(item, "discovery_ended", At(item, "discovery_began", Text(began)))}});
  }

  Result<net::Response> Events(Context& context) const {
    BW_TRY(const auto item,
           posture_.setup().Find(context.account, SetupKind::kScope, context.Path("id")));
    return JsonResponse(200, {{"events", At(item, "events", json::Array())}});
  }

  Result<net::Response> GetScopeCredential(Context& context) const {
    BW_TRY(const auto item,
           posture_.setup().Find(context.account, SetupKind::kScope, context.Path("id")));
    return JsonResponse(200, {{"credential_attribute", At(item, "credential_attribute", "")},
                              {"credential_id", At(item, "credential_id", "")}});
  }

  Result<net::Response> SetScopeCredential(Context& context) const {
    BW_TRY(const json::Value body, ReadJson(context));
    const json::Reader in(body);
    const std::string id = in.Field("credential_id").String();
    const std::string attribute = in.String("credential_attribute", "");
    BW_TRY_STATUS(in.Finish());
    BW_TRY_STATUS(posture_.setup().Update(context.caller, context.account, SetupKind::kScope,
                                          context.Path("id"),
                                          [&](json::Object& document) -> Status {
                                            document["credential_id"] = Text(id);
                                            document["credential_attribute"] = Text(attribute);
                                            return Ok();
                                          }));
    return GetScopeCredential(context);
  }

  Result<net::Response> GetScopeCollectors(Context& context) const {
    BW_TRY(const auto item,
           posture_.setup().Find(context.account, SetupKind::kScope, context.Path("id")));
    return JsonResponse(200, {{"collector_ids", At(item, "collector_ids", json::Array())}});
  }

  Result<net::Response> SetScopeCollectors(Context& context) const {
    BW_TRY(const json::Value body, ReadJson(context));
    const json::Reader in(body);
    const auto ids = in.Field("collector_ids").Strings(kMaxIds);
    BW_TRY_STATUS(in.Finish());
    BW_TRY_STATUS(posture_.setup().Update(context.caller, context.account, SetupKind::kScope,
                                          context.Path("id"),
                                          [&](json::Object& document) -> Status {
                                            document["collector_ids"] = Texts(ids);
                                            return Ok();
                                          }));
    return GetScopeCollectors(context);
  }

 private:
  // A scope names its collectors whole: clients decode them as such.
  Result<json::Object> Encoded(const Context& context, const SetupItem& item, Encode encode) const {
    json::Object encoded = encode(item);
    if (item.kind != SetupKind::kScope) return encoded;
    json::Array collectors;
    if (const auto* ids = item.document.if_contains("collector_ids")) {
      for (const json::Value& id : ids->as_array()) {
        const auto collector = posture_.setup().Find(context.account, SetupKind::kCollector,
                                                     json::View(id.as_string()));
        // One that a deleted scope had may be gone.
        if (collector.ok()) {
          collectors.push_back(EncodeCollector(*collector));
        } else if (collector.error().code() != ErrorCode::kNotFound) {
          return collector.error();
        }
      }
    }
    encoded["collectors"] = std::move(collectors);
    return encoded;
  }

  static Result<json::Object> PatchFrom(SetupKind kind, const json::Value& body) {
    const json::Reader in(body);
    json::Object fields;
    const auto text = [&](std::string_view field, std::size_t max, std::string_view into) {
      if (in.Optional(field)) fields[into] = Text(TextOf(in, field, max, field == "name"));
    };
    if (kind == SetupKind::kCollector) {
      text("display_name", kCollectorLimits[0].max, "display_name");
      text("description", kCollectorLimits[1].max, "description");
    } else {
      const auto& limits = kind == SetupKind::kScope ? kScopeLimits : kCredentialLimits;
      for (const auto& [field, max] : limits) text(field, max, field);
    }
    if (kind == SetupKind::kCredential) {
      if (in.Optional("enabled")) fields["enabled"] = in.Bool("enabled", true);
      if (in.Optional("type")) fields["type"] = Text(OneOf(in, "type", kCredentialTypes));
      if (in.Optional("purpose")) fields["purpose"] = Text(OneOf(in, "purpose", kPurposes));
      if (in.Optional("display_fields")) fields["display_fields"] = DisplayFieldsOf(in);
    }
    BW_TRY_STATUS(in.Finish());
    return fields;
  }

  Posture& posture_;
};

}  // namespace

Result<json::Object> CollectorFrom(const json::Value& body) {
  const json::Reader in(body);
  json::Object document{
      {"name", Text(TextOf(in, "name", kCollectorLimits[0].max, true))},
      {"description", Text(TextOf(in, "description", kCollectorLimits[1].max, false))},
      {"is_public", in.Field("is_public").Bool()},
      {"managed_by", Text(OneOf(in, "managed_by", kManagers))},
      {"is_ubi_image", in.Bool("is_ubi_image", false)}};
  // Nothing is encrypted for it: checked, and forgotten.
  if (in.String("passphrase", "").size() > kMaxPassphrase) {
    in.Field("passphrase").Fail("must have at most 200 characters");
  }
  BW_TRY_STATUS(in.Finish());
  return document;
}

Result<json::Object> CredentialFrom(const json::Value& body) {
  const json::Reader in(body);
  json::Object document{
      {"enabled", in.Field("enabled").Bool()},
      {"type", Text(OneOf(in, "type", kCredentialTypes))},
      {"name", Text(TextOf(in, "name", kCredentialLimits[0].max, true))},
      {"description", Text(TextOf(in, "description", kCredentialLimits[1].max, false))},
      {"purpose", Text(OneOf(in, "purpose", kPurposes))},
      {"display_fields", DisplayFieldsOf(in)}};
  BW_TRY_STATUS(in.Finish());
  return document;
}

Result<json::Object> ScopeFrom(const json::Value& body) {
  const json::Reader in(body);
  json::Object document{
      {"name", Text(TextOf(in, "name", kScopeLimits[0].max, true))},
      {"description", Text(TextOf(in, "description", kScopeLimits[1].max, false))},
      {"collector_ids", Texts(in.Field("collector_ids").Strings(kMaxIds))},
      {"credential_id", Text(in.Field("credential_id").String())},
      {"credential_type", Text(OneOf(in, "credential_type", kEnvironments))},
      {"is_discovery_scheduled", in.Bool("is_discovery_scheduled", false)}};
  const std::int64_t interval = in.Int("interval", 0);
  if (interval < 0 || interval > breakwater::posture::kMaxDiscoveryInterval.count()) {
    in.Field("interval").Fail("must be seconds from 0 to a year");
  }
  const auto selection = in.Optional("selection");
  BW_TRY_STATUS(in.Finish());
  document["interval"] = interval;
  if (selection) {
    BW_TRY(const auto parsed,
           breakwater::posture::SelectionFrom(selection->value()).Context("selection"));
    document["selection"] = breakwater::posture::ToJson(parsed);
  }
  return document;
}

std::vector<Endpoint> SetupEndpoints(Posture& posture, const SccFace& face) {
  const Handlers h(posture);
  const auto call = MethodsOf(h);
  struct Family {
    SetupKind kind;
    std::string_view plural;
    std::string_view path;
    std::string_view one;
    std::string_view list, create, get, update, remove;  // operations
    std::string_view create_action, read_action, update_action, delete_action;
    Handlers::Encode encode;
    Handlers::Decode decode;
    int patched;
  };
  static constexpr Family kFamilies[] = {
      {SetupKind::kCollector, "collectors", "/posture/v2/collectors", "/posture/v2/collectors/{id}",
       "ListCollectors", "CreateCollector", "GetCollector", "UpdateCollector", "DeleteCollector",
       "compliance.posture-management.collectors-create",
       "compliance.posture-management.collectors-read",
       "compliance.posture-management.collectors-update",
       "compliance.posture-management.collectors-delete", EncodeCollector, CollectorFrom, 200},
      {SetupKind::kCredential, "credentials", "/posture/v2/credentials",
       "/posture/v2/credentials/{id}", "ListCredentials", "CreateCredential", "GetCredential",
       "UpdateCredential", "DeleteCredential", "compliance.posture-management.credentials-create",
       "compliance.posture-management.credentials-read",
       "compliance.posture-management.credentials-update",
       "compliance.posture-management.credentials-delete", EncodeCredential, CredentialFrom, 201},
      {SetupKind::kScope, "scopes", "/posture/v2/scopes", "/posture/v2/scopes/{id}", "ListScopes",
       "CreateScope", "GetScope", "UpdateScope", "DeleteScope",
       "compliance.posture-management.scopes-create", "compliance.posture-management.scopes-read",
       "compliance.posture-management.scopes-update", "compliance.posture-management.scopes-delete",
       EncodeScope, ScopeFrom, 200},
  };
  std::vector<Endpoint> all;
  for (const Family& f : kFamilies) {
    all.push_back({"GET", f.path, f.list, Access::To(f.read_action), face,
                   [h, &f](Context& c) { return h.List(c, f.kind, f.encode, f.plural); }});
    all.push_back({"POST", f.path, f.create, Access::To(f.create_action), face,
                   [h, &f](Context& c) { return h.Create(c, f.kind, f.encode, f.decode); }});
    all.push_back({"GET", f.one, f.get, Access::To(f.read_action), face,
                   [h, &f](Context& c) { return h.Get(c, f.kind, f.encode); }});
    all.push_back({"PATCH", f.one, f.update, Access::To(f.update_action), face,
                   [h, &f](Context& c) { return h.Patch(c, f.kind, f.encode, f.patched); }});
    all.push_back({"DELETE", f.one, f.remove, Access::To(f.delete_action), face,
                   [h, &f](Context& c) { return h.Delete(c, f.kind); }});
  }
  const auto read = Access::To("compliance.posture-management.scopes-read");
  const auto update = Access::To("compliance.posture-management.scopes-update");
  all.push_back({"GET", "/posture/v2/scope/status/{correlation_id}", "GetCorrelationId", read, face,
                 call(&Handlers::ScopeStatus)});
  all.push_back({"GET", "/posture/v2/scopes/{id}/events", "GetScopesEvents", read, face,
                 call(&Handlers::Events)});
  all.push_back({"GET", "/posture/v2/scopes/{id}/credentials", "GetScopesCredentials", read, face,
                 call(&Handlers::GetScopeCredential)});
  all.push_back({"PATCH", "/posture/v2/scopes/{id}/credentials", "ReplaceScopesCredentials", update,
                 face, call(&Handlers::SetScopeCredential)});
  all.push_back({"GET", "/posture/v2/scopes/{id}/collectors", "GetScopesCollectors", read, face,
                 call(&Handlers::GetScopeCollectors)});
  all.push_back({"PATCH", "/posture/v2/scopes/{id}/collectors", "ReplaceScopesCollectors", update,
                 face, call(&Handlers::SetScopeCollectors)});
  return all;
}

}  // namespace breakwater::api::posture
