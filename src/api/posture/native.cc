#include "api/posture/native.h"

#include <set>

#include "api/posture/encode.h"
#include "base/strings.h"
#include "evidence/bundle.h"
#include "json/reader.h"
#include "posture/texts.h"
#include "report/envelope.h"
#include "report/report.h"
#include "report/signature.h"

namespace breakwater::api::posture {
namespace {

using breakwater::posture::Assessment;
using breakwater::posture::Attachment;
using breakwater::posture::AttachmentDraft;
using breakwater::posture::Attestation;
using breakwater::posture::Posture;
using breakwater::posture::Profile;
using breakwater::posture::Texts;
using json::Text;

constexpr std::int64_t kMaxAttestations = 1'000;
constexpr std::size_t kShownResources = 1'000;
constexpr std::string_view kRead = "compliance.posture-management.validations-read";
constexpr std::string_view kReadProfiles = "compliance.posture-management.profiles-read";
constexpr std::string_view kUpdateProfiles = "compliance.posture-management.profiles-update";

Result<std::optional<Timestamp>> TimeIn(const Context& context, std::string_view name) {
  const auto text = context.query.Get(name);
  if (!text) return std::optional<Timestamp>();
  BW_TRY(const Timestamp time, ParseRfc3339(*text).Context(std::string(name)));
  return std::optional(time);
}

json::Object Encode(const Attestation& a, Timestamp now) {
  return {{"id", Text(std::to_string(a.id))},
          {"goal_id", Text(a.what.goal_id)},
          {"met", a.what.met},
          {"owner", Text(a.what.owner)},
          {"statement", Text(a.what.statement)},
          {"given_at", Text(FormatRfc3339(a.given))},
          {"given_by", Text(a.given_by)},
          {"expires_at", Text(FormatRfc3339(a.what.expires))},
          {"ended_at", a.ended ? json::Value(Text(FormatRfc3339(*a.ended))) : json::Value()},
          {"ended_by", Text(a.ended_by)},
          {"counts", a.CountsAt(now)}};
}

// Of its schedule; null: it never ends.
void ReadEnds(const json::Reader& in, const json::Value& body, AttachmentDraft& draft) {
  if (json::Find(body, "until") != nullptr) {
    draft.until = {};
    if (const auto until = in.Optional("until")) {
      const auto at = ParseRfc3339(until->String());
      if (!at.ok()) until->Fail("must be a time, as in 2026-12-31T00:00:00Z");
      if (at.ok()) draft.until = *at;
    }
  }
  if (json::Find(body, "runs") != nullptr) {
    const auto runs = in.Optional("runs");
    draft.runs = runs ? std::optional(runs->Int()) : std::nullopt;
  }
}

// Scope and profile are set when it is made and stay.
Result<AttachmentDraft> DraftFrom(const json::Value& body, const AttachmentDraft* now) {
  const json::Reader in(body);
  in.OnlyFields({"scope_id", "profile_id", "profile_version", "parameters", "interval", "until",
                 "runs", "enabled"});
  AttachmentDraft draft;
  if (now == nullptr) {
    draft.scope_id = in.Field("scope_id").String();
    draft.profile_id = in.Field("profile_id").String();
  } else {
    draft = *now;
  }
  if (const auto version = in.Optional("profile_version")) draft.profile_version = version->Int();
  if (const auto parameters = in.Optional("parameters")) {
    if (const auto* object = parameters->value().if_object()) {
      draft.parameters = *object;
    } else {
      parameters->Fail("must be an object");
    }
  }
  if (json::Find(body, "interval") != nullptr) {
    const auto interval = in.Optional("interval");
    draft.every = interval ? std::optional(std::chrono::seconds(interval->Int())) : std::nullopt;
    if (!interval) {
      draft.until = {};
      draft.runs = {};
    }
  }
  ReadEnds(in, body, draft);
  draft.enabled = in.Bool("enabled", draft.enabled);
  BW_TRY_STATUS(in.Finish());
  return draft;
}

json::Array MissingIn(const Profile& from, const Profile& other) {
  json::Array missing;
  for (const auto& goal : from.goals) {
    if (other.FindGoal(goal->id) == nullptr) {
      missing.push_back({{"id", Text(goal->id)}, {"description", Text(goal->description)}});
    }
  }
  return missing;
}

class Handlers {
 public:
  Handlers(Posture& posture, const audit::Heads& heads) : posture_(posture), heads_(heads) {}

  Result<net::Response> List(Context& context) const {
    BW_TRY(const auto attachments, posture_.attachments().List(context.account));
    json::Array all;
    for (const auto& one : attachments) all.push_back(breakwater::posture::ToJson(one));
    return JsonResponse(200, {{"attachments", std::move(all)}});
  }

  Result<net::Response> Get(Context& context) const {
    BW_TRY(const std::int64_t id, AttachmentIdOf(context));
    BW_TRY(const auto found, posture_.attachments().Find(context.account, id));
    BW_TRY(auto encoded, WithWarnings(found));
    return JsonResponse(200, std::move(encoded));
  }

  Result<net::Response> Create(Context& context) const {
    BW_TRY(const json::Value body, ReadJson(context));
    BW_TRY(const auto draft, DraftFrom(body, nullptr));
    BW_TRY(const auto scope,
           posture_.setup().Find(context.account, breakwater::posture::SetupKind::kScope,
                                 draft.scope_id));
    if (!scope.enabled) return NotFound("scope " + draft.scope_id + " was not found");
    BW_TRY(const auto made, posture_.attachments().Create(context.caller, context.account, draft));
    BW_TRY(auto encoded, WithWarnings(made));
    return JsonResponse(201, std::move(encoded));
  }

  Result<net::Response> Update(Context& context) const {
    BW_TRY(const std::int64_t id, AttachmentIdOf(context));
    BW_TRY(const json::Value body, ReadJson(context));
    BW_TRY(const auto changed, posture_.attachments().Update(context.caller, context.account, id,
                                                             [&](const AttachmentDraft& now) {
                                                               return DraftFrom(body, &now);
                                                             }));
    BW_TRY(auto encoded, WithWarnings(changed));
    return JsonResponse(200, std::move(encoded));
  }

  Result<net::Response> End(Context& context) const {
    BW_TRY(const std::int64_t id, AttachmentIdOf(context));
    BW_TRY_STATUS(posture_.attachments().End(context.caller, context.account, id));
    return EmptyResponse(204);
  }

  Result<net::Response> State(Context& context) const {
    BW_TRY(const std::int64_t id, AttachmentIdOf(context));
    BW_TRY(const auto at, TimeIn(context, "at"));
    BW_TRY(const auto assessment,
           posture_.Assess(context.account, id,
                           {.at = at, .from = {}, .max_resources = kShownResources}));
    return JsonResponse(200, EncodeState(assessment));
  }

  Result<net::Response> History(Context& context) const {
    BW_TRY(const std::int64_t id, AttachmentIdOf(context));
    BW_TRY(const auto from, TimeIn(context, "from"));
    BW_TRY(const auto to, TimeIn(context, "to"));
    if (!from) return Invalid("the query parameter from is required").Reason("invalid_field");
    BW_TRY(const auto assessment,
           posture_.Assess(context.account, id, {.at = to, .from = from, .max_resources = 0}));
    return JsonResponse(200, EncodeHistory(assessment));
  }

  // ?format=html, pdf, csv, …; ?at= and ?from= as for the state.
  Result<net::Response> Report(Context& context) const {
    BW_TRY(auto rendered, Rendered(context));
    report::Report& made = rendered.second;
    net::Response response;
    response.headers.Set("Content-Type", made.media_type);
    response.headers.Set("Content-Disposition", "attachment; filename=\"" + made.file_name + "\"");
    response.body = std::move(made.bytes);
    return response;
  }

  // Of the same report, whose moment must be named: that of now is another one each time.
  Result<net::Response> ReportSignature(Context& context) const {
    if (!context.query.Get("at")) {
      return Invalid(
                 "the query parameter at is required: give the report and its signature the "
                 "same moment")
          .Reason("invalid_field");
    }
    BW_TRY(const auto rendered, Rendered(context));
    return JsonResponse(
        200, report::EnvelopeOf(report::StatementOfReport(rendered.first, rendered.second),
                                heads_.public_key().kid(),
                                [&](ByteView message) { return heads_.SignMessage(message); }));
  }

  Result<net::Response> Evidence(Context& context) const {
    BW_TRY(const std::int64_t id, AttachmentIdOf(context));
    BW_TRY(const auto at, TimeIn(context, "at"));
    BW_TRY(auto bundle,
           evidence::MakeBundle(posture_, heads_, context.account, id,
                                {.at = at, .installation = context.registry.name.value()}));
    net::Response response;
    response.headers.Set("Content-Type", "application/json");
    response.body = std::move(bundle.bytes);
    return response;
  }

  // What another version of the profile would bring: ?version=, or the latest.
  Result<net::Response> Compare(Context& context) const {
    BW_TRY(const std::int64_t id, AttachmentIdOf(context));
    BW_TRY(const auto attachment, posture_.attachments().Find(context.account, id));
    std::optional<std::int64_t> version;
    if (const auto text = context.query.Get("version")) {
      BW_TRY(version, ParseInt(*text));
    }
    BW_TRY(const auto now, posture_.profiles().Find(context.account, attachment.profile_id,
                                                    attachment.profile_version));
    BW_TRY(const auto then,
           posture_.profiles().Find(context.account, attachment.profile_id, version));
    json::Array changed;
    for (const auto& goal : now.profile->goals) {
      const auto* other = then.profile->FindGoal(goal->id);
      if (other != nullptr && other->digest != goal->digest) changed.push_back(Text(goal->id));
    }
    return JsonResponse(200, {{"from_version", now.profile->version},
                              {"to_version", then.profile->version},
                              {"added", MissingIn(*then.profile, *now.profile)},
                              {"removed", MissingIn(*now.profile, *then.profile)},
                              {"changed", std::move(changed)}});
  }

  Result<net::Response> StateOfProfile(Context& context) const {
    BW_TRY(const Attachment attachment,
           posture_.AttachmentOf(context.account, context.Path("profile_id")));
    BW_TRY(const auto assessment,
           posture_.Assess(context.account, attachment.id,
                           {.at = {}, .from = {}, .max_resources = kShownResources}));
    return JsonResponse(200, EncodeState(assessment));
  }

  Result<net::Response> GetParameters(Context& context) const {
    BW_TRY(const Attachment attachment,
           posture_.AttachmentOf(context.account, context.Path("profile_id")));
    BW_TRY(const auto warnings, posture_.WarningsOf(attachment));
    return JsonResponse(200,
                        {{"parameters", attachment.parameters}, {"warnings", Texts(warnings)}});
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

  Result<net::Response> ListAttestations(Context& context) const {
    BW_TRY(const auto all, posture_.attestations().List(context.account, kMaxAttestations));
    json::Array encoded;
    for (const auto& one : all) encoded.push_back(Encode(one, posture_.Now()));
    return JsonResponse(200, {{"attestations", std::move(encoded)}});
  }

  Result<net::Response> Attest(Context& context) const {
    BW_TRY(const json::Value body, ReadJson(context));
    const json::Reader in(body);
    in.OnlyFields({"goal_id", "met", "owner", "statement", "expires_at"});
    breakwater::posture::AttestationDraft draft{.goal_id = in.Field("goal_id").String(),
                                                .met = in.Bool("met", true),
                                                .owner = in.Field("owner").String(),
                                                .statement = in.Field("statement").String(),
                                                .expires = {}};
    const std::string expires = in.Field("expires_at").String();
    BW_TRY_STATUS(in.Finish());
    BW_TRY(draft.expires, ParseRfc3339(expires).Context("expires_at"));
    BW_TRY(const auto made, posture_.attestations().Attest(context.caller, context.account, draft));
    return JsonResponse(201, Encode(made, posture_.Now()));
  }

  Result<net::Response> Withdraw(Context& context) const {
    BW_TRY_STATUS(
        posture_.attestations().Withdraw(context.caller, context.account, context.Path("goal_id")));
    return EmptyResponse(204);
  }

 private:
  Result<std::pair<Assessment, report::Report>> Rendered(const Context& context) const {
    BW_TRY(const std::int64_t id, AttachmentIdOf(context));
    BW_TRY(const auto at, TimeIn(context, "at"));
    BW_TRY(const auto from, TimeIn(context, "from"));
    BW_TRY(const auto format, report::ParseFormat(context.query.Get("format").value_or("html")));
    report::Options options;
    if (const auto version = context.query.Get("oscal_version")) options.oscal_version = *version;
    BW_TRY(auto assessment, posture_.Assess(context.account, id, {.at = at, .from = from}));
    assessment.installation = context.registry.name.value();
    BW_TRY(auto made, report::Render(format, assessment, options));
    return std::pair(std::move(assessment), std::move(made));
  }

  // With what it asks for and nobody can meet.
  Result<json::Value> WithWarnings(const Attachment& attachment) const {
    BW_TRY(const auto warnings, posture_.WarningsOf(attachment));
    json::Value encoded = breakwater::posture::ToJson(attachment);
    encoded.as_object()["warnings"] = Texts(warnings);
    return encoded;
  }

  Posture& posture_;
  const audit::Heads& heads_;
};

}  // namespace

Result<std::int64_t> AttachmentIdOf(const Context& context) {
  auto id = ParseInt(context.Path("id"));
  if (!id.ok()) return NotFound("attachment " + context.Path("id") + " was not found");
  return id;
}

std::vector<Endpoint> NativeEndpoints(Posture& posture, const audit::Heads& heads,
                                      const SccFace& face) {
  const auto call = MethodsOf(Handlers(posture, heads));
  return {
      {"GET", "/breakwater/v1/posture/attachments", "ListPostureAttachments", Access::To(kRead),
       face, call(&Handlers::List)},
      {"POST", "/breakwater/v1/posture/attachments", "CreatePostureAttachment",
       Access::To("compliance.posture-management.attachments-create"), face,
       call(&Handlers::Create)},
      {"GET", "/breakwater/v1/posture/attachments/{id}", "GetPostureAttachment", Access::To(kRead),
       face, call(&Handlers::Get)},
      {"PATCH", "/breakwater/v1/posture/attachments/{id}", "UpdatePostureAttachment",
       Access::To("compliance.posture-management.attachments-update"), face,
       call(&Handlers::Update)},
      {"DELETE", "/breakwater/v1/posture/attachments/{id}", "DeletePostureAttachment",
       Access::To("compliance.posture-management.attachments-delete"), face, call(&Handlers::End)},
      {"GET", "/breakwater/v1/posture/attachments/{id}/state", "GetAttachmentState",
       Access::To(kRead), face, call(&Handlers::State)},
      {"GET", "/breakwater/v1/posture/attachments/{id}/history", "GetAttachmentHistory",
       Access::To(kRead), face, call(&Handlers::History)},
      {"GET", "/breakwater/v1/posture/attachments/{id}/report", "GetPostureReport",
       Access::To(kRead), face, call(&Handlers::Report)},
      {"GET", "/breakwater/v1/posture/attachments/{id}/report/signature",
       "GetPostureReportSignature", Access::To(kRead), face, call(&Handlers::ReportSignature)},
      {"GET", "/breakwater/v1/posture/attachments/{id}/evidence", "GetPostureEvidence",
       Access::To(kRead), face, call(&Handlers::Evidence)},
      {"GET", "/breakwater/v1/posture/attachments/{id}/compare", "CompareAttachmentVersions",
       Access::To(kRead), face, call(&Handlers::Compare)},
      {"GET", "/breakwater/v1/posture/profiles/{profile_id}/state", "GetPostureState",
       Access::To(kRead), face, call(&Handlers::StateOfProfile)},
      {"GET", "/breakwater/v1/posture/profiles/{profile_id}/parameters", "GetPostureParameters",
       Access::To(kReadProfiles), face, call(&Handlers::GetParameters)},
      {"PUT", "/breakwater/v1/posture/profiles/{profile_id}/parameters/{name}",
       "SetPostureParameter", Access::To(kUpdateProfiles), face, call(&Handlers::SetParameter)},
      {"GET", "/breakwater/v1/posture/attestations", "ListAttestations", Access::To(kRead), face,
       call(&Handlers::ListAttestations)},
      {"POST", "/breakwater/v1/posture/attestations", "CreateAttestation",
       Access::To("compliance.posture-management.attestations-create"), face,
       call(&Handlers::Attest)},
      {"DELETE", "/breakwater/v1/posture/attestations/{goal_id}", "DeleteAttestation",
       Access::To("compliance.posture-management.attestations-delete"), face,
       call(&Handlers::Withdraw)},
  };
}

}  // namespace breakwater::api::posture
