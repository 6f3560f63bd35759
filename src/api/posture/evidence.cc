#include "api/posture/evidence.h"

#include "api/posture/native.h"
#include "json/reader.h"

namespace breakwater::api::posture {
namespace {

using breakwater::posture::AttachmentDraft;
using breakwater::posture::Posture;
using evidence::Archive;
using evidence::Kept;
using json::Text;
using registry::RepositoryPath;

constexpr std::int64_t kMaxListed = 1'000;

json::Value Encode(const Kept& kept) {
  return {{"at", Text(FormatRfc3339(kept.moment))},
          {"registry", json::TextOrNull(kept.registry)},
          {"repository", Text(kept.repository)},
          {"tag", json::TextOrNull(kept.tag)},
          {"digest", json::TextOrNull(kept.digest)},
          {"bundle_digest", json::TextOrNull(kept.bundle)},
          {"present", kept.present && !kept.digest.empty()},
          {"error", json::TextOrNull(kept.error)},
          {"written_at", Text(FormatRfc3339(kept.written))}};
}

class Handlers {
 public:
  Handlers(const Archive& archive, Posture& posture) : archive_(archive), posture_(posture) {}

  // {repository, at}: keeps a bundle of now, or of a moment. The attachment's repository if none
  // is named.
  Result<net::Response> Keep(Context& context) const {
    BW_TRY(const std::int64_t id, AttachmentIdOf(context));
    BW_TRY(const json::Value body, ReadJson(context));
    const json::Reader in(body);
    in.OnlyFields({"repository", "at"});
    std::string repository = in.String("repository", "");
    const std::string moment = in.String("at", "");
    BW_TRY_STATUS(in.Finish());
    BW_TRY(const auto attachment, posture_.attachments().Find(context.account, id));
    if (repository.empty()) repository = attachment.evidence_repository;
    std::optional<Timestamp> at;
    if (!moment.empty()) {
      BW_TRY(at, ParseRfc3339(moment).Context("at"));
    }
    BW_TRY(const RepositoryPath path, Pushable(context, repository));
    BW_TRY(const Kept kept, archive_.Keep(context.caller, context.account, id, at, path));
    return JsonResponse(201, Encode(kept));
  }

  Result<net::Response> List(Context& context) const {
    BW_TRY(const std::int64_t id, AttachmentIdOf(context));
    BW_TRY(const auto all, archive_.List(context.account, id, kMaxListed));
    json::Array encoded;
    for (const Kept& one : all) encoded.push_back(Encode(one));
    return JsonResponse(200, {{"evidence", std::move(encoded)}});
  }

  // {repository}: after each scan a bundle is kept there; null: nowhere.
  Result<net::Response> SetRepository(Context& context) const {
    BW_TRY(const std::int64_t id, AttachmentIdOf(context));
    BW_TRY(const json::Value body, ReadJson(context));
    const json::Reader in(body);
    in.OnlyFields({"repository"});
    const std::string repository = in.String("repository", "");
    BW_TRY_STATUS(in.Finish());
    std::string whole;
    if (!repository.empty()) {
      BW_TRY(const RepositoryPath path, Pushable(context, repository));
      whole = evidence::NameOf(path);
    }
    BW_TRY(const auto changed,
           posture_.attachments().Update(context.caller, context.account, id,
                                         [&](AttachmentDraft now) -> Result<AttachmentDraft> {
                                           now.evidence_repository = whole;
                                           return now;
                                         }));
    return JsonResponse(200, breakwater::posture::ToJson(changed));
  }

 private:
  Result<RepositoryPath> Pushable(const Context& context, const std::string& repository) const {
    if (repository.empty()) return Invalid("repository: is required").Reason("invalid_field");
    return archive_.Pushable(context.caller, context.account, context.registry, repository)
        .Context("repository");
  }

  const Archive& archive_;
  Posture& posture_;
};

}  // namespace

std::vector<Endpoint> EvidenceEndpoints(const Archive& archive, Posture& posture,
                                        const SccFace& face) {
  const auto call = MethodsOf(Handlers(archive, posture));
  return {
      {"POST", "/breakwater/v1/posture/attachments/{id}/evidence", "KeepPostureEvidence",
       Access::To("compliance.posture-management.evidence-create"), face, call(&Handlers::Keep)},
      {"GET", "/breakwater/v1/posture/attachments/{id}/kept-evidence", "ListKeptEvidence",
       Access::To("compliance.posture-management.validations-read"), face, call(&Handlers::List)},
      {"PUT", "/breakwater/v1/posture/attachments/{id}/evidence-repository",
       "SetEvidenceRepository", Access::To("compliance.posture-management.attachments-update"),
       face, call(&Handlers::SetRepository)},
  };
}

}  // namespace breakwater::api::posture
