#include "evidence/archive.h"

#include <algorithm>

#include "io/stream.h"
#include "json/reader.h"
#include "oci/media_types.h"
#include "oci/names.h"
#include "posture/scans.h"
#include "report/evidence.h"

namespace breakwater::evidence {
namespace {

using json::Text;
using registry::RepositoryPath;

constexpr std::string_view kKeepJob = "evidence.keep";
constexpr jobs::RetryPolicy kRetry;
constexpr std::string_view kEmptyConfig = "{}";  // image-spec, "Guidance for an Empty Descriptor"
constexpr std::string_view kEmptyType = "application/vnd.oci.empty.v1+json";

// "posture-7-20220331T120000.000000Z": one for each attachment and moment.
std::string TagOf(std::int64_t attachment, Timestamp moment) {
  std::string text = FormatRfc3339(moment);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return "posture-" + std::to_string(attachment) + "-" + text;
}

json::Object Descriptor(std::string_view media_type, std::string_view content) {
  return {{"mediaType", Text(media_type)},
          {"digest", Text(oci::Digest::Of(AsBytes(content)).text())},
          {"size", static_cast<std::int64_t>(content.size())}};
}

std::string ManifestOf(const std::string& tag, const Bundle& bundle) {
  json::Object layer = Descriptor(kBundleType, bundle.bytes);
  layer["annotations"] = json::Object{{"org.opencontainers.image.title", Text(tag + ".dsse.json")}};
  json::Object config = Descriptor(kEmptyType, kEmptyConfig);
  config["data"] = Text("e30=");
  return json::Serialize(json::Object{
      {"schemaVersion", 2},
      {"mediaType", Text(oci::kOciManifest)},
      {"artifactType", Text(kArtifactType)},
      {"config", std::move(config)},
      {"layers", json::Array{std::move(layer)}},
      {"annotations",
       json::Object{{"org.opencontainers.image.created", Text(FormatRfc3339(bundle.moment))},
                    {"in-toto.io/predicate-type", Text(report::kPredicateType)}}}});
}

Kept KeptAt(const RepositoryPath& path, std::int64_t attachment, Timestamp moment) {
  return {.moment = moment,
          .registry = path.registry.value(),
          .repository = path.name,
          .tag = TagOf(attachment, moment),
          .digest = {},
          .bundle = {},
          .error = {},
          .written = {}};
}

const std::string kSelect =
    "SELECT moment, registry, repository, tag, digest, bundle, error, written "
    "FROM posture_evidence WHERE attachment_id = $1 ";

Result<Kept> KeptFromRow(const db::Row& row) {
  return Kept{.moment = row.Time(0),
              .registry = row.String(1),
              .repository = row.String(2),
              .tag = row.String(3),
              .digest = row.String(4),
              .bundle = row.String(5),
              .error = row.String(6),
              .written = row.Time(7)};
}

// Waiting changes nothing about these.
bool IsFinal(ErrorCode code) {
  return code == ErrorCode::kNotFound || code == ErrorCode::kDenied ||
         code == ErrorCode::kInvalid || code == ErrorCode::kQuota;
}

}  // namespace

std::string NameOf(const RepositoryPath& path) {
  return path.registry.value() + "/" + path.name;
}

Archive::Archive(ArchiveDeps deps) : deps_(deps) {
  deps_.jobs.Register(std::string(kKeepJob), kRetry,
                      [this](const jobs::Job& job) { return KeepOfScan(job); });
  deps_.jobs.Subscribe(std::string(posture::kScanFinished), std::string(kKeepJob));
}

Result<RepositoryPath> Archive::Locate(const AccountId& account,
                                       const control::RegistryInfo& fallback,
                                       std::string_view repository) const {
  BW_TRY(const auto name, oci::ImageName::Parse(repository));
  if (name.tag || name.digest) {
    return Invalid("must be a repository without a tag or digest").Reason("invalid_field");
  }
  const control::RegistryInfo* registry =
      name.host.empty() ? &fallback : deps_.registries.Find(RegistryName(name.host));
  if (registry == nullptr) return NotFound("there is no registry " + name.host + " here");
  BW_TRY(auto path, deps_.namespaces.Resolve(*registry, name.repository));
  if (path.account == account) return path;
  return NotFound("there is no such namespace in this registry").Reason("name_unknown");
}

Result<RepositoryPath> Archive::Pushable(const control::Caller& caller, const AccountId& account,
                                         const control::RegistryInfo& fallback,
                                         std::string_view repository) const {
  BW_TRY(auto path, Locate(account, fallback, repository));
  BW_TRY_STATUS(deps_.authorizer.Authorize(caller, registry::action::kImagePush, path.Namespace()));
  return path;
}

Result<Kept> Archive::Push(const control::Caller& caller, const RepositoryPath& path,
                           std::int64_t attachment, const Bundle& bundle) const {
  Kept kept = KeptAt(path, attachment, bundle.moment);
  BW_TRY_STATUS(deps_.admission.BeginPush(path, bundle.bytes.size()));
  for (const std::string_view content : {kEmptyConfig, std::string_view(bundle.bytes)}) {
    io::StringSource bytes(content);
    BW_TRY_STATUS(deps_.uploads.Push(path, caller.actor,
                                     {.source = &bytes, .length = content.size(), .range = {}},
                                     oci::Digest::Of(AsBytes(content))));
  }
  BW_TRY(auto reference, oci::Reference::Parse(kept.tag));
  BW_TRY(const auto pushed, deps_.manifests.Put(caller, path,
                                                {.content = ManifestOf(kept.tag, bundle),
                                                 .content_type = std::string(oci::kOciManifest),
                                                 .reference = std::move(reference),
                                                 .tags = {}}));
  kept.digest = pushed.digest.text();
  kept.bundle = oci::Digest::Of(AsBytes(bundle.bytes)).text();
  kept.written = deps_.clock.Now();
  return kept;
}

Status Archive::Record(std::int64_t attachment, const Kept& kept) const {
  return deps_.database.Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(
        tx.Execute("INSERT INTO posture_evidence (attachment_id, moment, registry, repository, "
                   "tag, digest, bundle, error, written) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, "
                   "$9)",
                   {attachment, kept.moment, kept.registry, kept.repository, kept.tag, kept.digest,
                    kept.bundle, kept.error, deps_.clock.Now()}));
    return Ok();
  });
}

Result<std::optional<Kept>> Archive::KeptOf(std::int64_t attachment, Timestamp moment,
                                            const RepositoryPath& path) const {
  BW_TRY(auto known, deps_.database.ReadValue([&](db::Transaction& tx) {
    return tx.QueryOne(kSelect +
                           "AND moment = $2 AND registry = $3 AND repository = $4 "
                           "AND digest <> '' ORDER BY id DESC LIMIT 1",
                       {attachment, moment, path.registry, path.name}, KeptFromRow);
  }));
  if (known && IsThere(path, *known)) return known;
  return std::optional<Kept>();
}

bool Archive::IsThere(const RepositoryPath& path, const Kept& kept) const {
  const auto digest = oci::Digest::Parse(kept.digest);
  return digest.ok() && deps_.manifests.Head(path, oci::Reference(*digest)).ok();
}

// Pushed before a crash, and not written down.
Result<std::optional<Kept>> Archive::PushedAs(std::int64_t attachment, Timestamp moment,
                                              const RepositoryPath& path) const {
  Kept kept = KeptAt(path, attachment, moment);
  BW_TRY(const auto tag, oci::Reference::Parse(kept.tag));
  const auto there = deps_.manifests.Get(path, tag);
  if (!there.ok()) {
    if (there.error().code() == ErrorCode::kNotFound) return std::optional<Kept>();
    return there.error();
  }
  const auto document = json::Parse((*there)->content);
  if (!document.ok() || json::FindText(*document, "artifactType") != kArtifactType) {
    return Exists("the tag " + kept.tag + " is something else's");
  }
  kept.digest = (*there)->digest.text();
  kept.bundle = json::FindText(document->at("layers").at(0), "digest");
  return std::optional(std::move(kept));
}

Result<Kept> Archive::Keep(const control::Caller& caller, const AccountId& account,
                           std::int64_t attachment, std::optional<Timestamp> at,
                           const RepositoryPath& path) const {
  if (at) {
    // What is true of a moment is kept once.
    BW_TRY_STATUS(deps_.posture.attachments().Find(account, attachment));
    BW_TRY(auto known, KeptOf(attachment, *at, path));
    if (known) return *std::move(known);
    BW_TRY(auto pushed, PushedAs(attachment, *at, path));
    if (pushed) {
      pushed->written = deps_.clock.Now();
      BW_TRY_STATUS(Record(attachment, *pushed));
      return *std::move(pushed);
    }
  }
  BW_TRY(const Bundle bundle, MakeBundle(deps_.posture, deps_.heads, account, attachment,
                                         {.at = at, .installation = path.registry.value()}));
  BW_TRY(auto kept, Push(caller, path, attachment, bundle));
  BW_TRY_STATUS(Record(attachment, kept));
  return kept;
}

Result<std::vector<Kept>> Archive::List(const AccountId& account, std::int64_t attachment,
                                        std::int64_t limit) const {
  BW_TRY(auto all, deps_.database.ReadValue([&](db::Transaction& tx) -> Result<std::vector<Kept>> {
    BW_TRY_STATUS(deps_.posture.attachments().Find(tx, account, attachment));
    return tx.QueryAll(kSelect + "ORDER BY id DESC LIMIT $2", {attachment, limit}, KeptFromRow);
  }));
  for (Kept& one : all) {
    const auto* registry = deps_.registries.Find(RegistryName(one.registry));
    if (registry == nullptr || one.digest.empty()) continue;
    const auto path = Locate(account, *registry, one.repository);
    one.present = path.ok() && IsThere(*path, one);
  }
  return all;
}

Status Archive::KeepOfScan(const jobs::Job& job) const {
  const json::Reader in(job.payload);
  const AccountId account(in.Field("account").String());
  const std::int64_t id = in.Field("attachment_id").Int();
  const std::string moment = in.Field("moment").String();
  BW_TRY_STATUS(in.Finish());
  BW_TRY(const Timestamp at, ParseRfc3339(moment));
  BW_TRY(const auto attachment, deps_.posture.attachments().Find(account, id));
  if (attachment.evidence_repository.empty()) return Ok();
  const control::Caller caller = control::SystemCaller(account, "posture");
  const auto path = Locate(account, deps_.registries.all().front(), attachment.evidence_repository);
  const auto kept = path.ok() ? Keep(caller, account, id, at, *path) : Result<Kept>(path.error());
  if (kept.ok()) return Ok();
  if (!IsFinal(kept.error().code()) && job.attempt < kRetry.max_attempts) return kept.error();
  Kept lost = path.ok() ? KeptAt(*path, id, at) : Kept{};
  lost.moment = at;
  if (!path.ok()) lost.repository = attachment.evidence_repository;
  lost.error = kept.error().message();
  return Record(id, lost);
}

}  // namespace breakwater::evidence
