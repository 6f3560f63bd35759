// Red Hat's simple signing: signatures that lie beside an image in its registry, read and written
// by clients that are told so in the answer to their login probe (ibm-registry 1.14; the protocol
// is the "signatures extension" of OpenShift's registry). Each is kept as a manifest whose subject
// is the image: so it is copied, deleted and restored with it like whatever else is attached.
#include "registry/signatures.h"

#include <algorithm>
#include <utility>

#include "api/oci/handlers.h"
#include "oci/media_types.h"

namespace breakwater::api::distribution {
namespace {

using json::Text;
using registry::RepositoryPath;
using registry::SimpleSignature;

constexpr std::string_view kType = "atomic";
constexpr std::size_t kMaxBody = 64U << 10;
constexpr std::string_view kEmptyConfig = "{}";  // image-spec, "Guidance for an Empty Descriptor"
constexpr std::string_view kEmptyType = "application/vnd.oci.empty.v1+json";

Error BadSignature(std::string message) {
  return Invalid(std::move(message)).Reason("signature_invalid");
}

// Those among the first thousand manifests of their type: others are not ours.
Result<std::vector<SimpleSignature>> SignaturesOf(const OciDeps& deps, const RepositoryPath& path,
                                                  const oci::Digest& image) {
  std::vector<SimpleSignature> all;
  std::size_t left = registry::kMaxSignatureManifests;
  registry::ReferrersPage page{.entries = {}, .last = {}, .more = true};
  while (page.more && left > 0) {
    BW_TRY(page, deps.manifests.Referrers(path, image, registry::kSignatureType, page.last));
    page.entries.resize(std::min(page.entries.size(), left));
    left -= page.entries.size();
    for (const std::string& entry : page.entries) {
      auto signature = registry::SignatureIn(entry, image);
      if (signature && all.size() < registry::kMaxSignatures) all.push_back(*std::move(signature));
    }
  }
  return all;
}

Result<net::Response> GetSignatures(const OciDeps& deps, Context& context) {
  BW_TRY(const oci::Digest image, oci::Digest::Parse(context.Path("digest")));
  BW_TRY(const RepositoryPath path, ResolveForPull(deps, context));
  BW_TRY_STATUS(deps.manifests.Head(path, oci::Reference(image)));
  context.activity.digest = image.text();
  BW_TRY(const auto all, SignaturesOf(deps, path, image));
  json::Array signatures;
  for (const SimpleSignature& one : all) {
    signatures.push_back({{"schemaVersion", 2},
                          {"name", Text(one.name)},
                          {"type", Text(kType)},
                          {"content", Text(one.content)}});
  }
  return OciJson(200, json::Serialize({{"signatures", std::move(signatures)}}), "application/json");
}

Result<SimpleSignature> ReadSignature(Context& context, const oci::Digest& image) {
  BW_TRY(const json::Value body, ReadJson(context, kMaxBody));
  const json::Value* version = json::Find(body, "schemaVersion");
  if (version == nullptr || *version != json::Value(2)) {
    return BadSignature("schemaVersion: must be 2");
  }
  if (json::FindText(body, "type") != kType) return BadSignature("type: must be atomic");
  SimpleSignature signature{.name = std::string(json::FindText(body, "name")),
                            .content = std::string(json::FindText(body, "content"))};
  BW_TRY_STATUS(registry::Validate(signature, image));
  return signature;
}

json::Object Descriptor(std::string_view media_type, const std::string& digest,
                        std::uint64_t size) {
  return {{"mediaType", Text(media_type)},
          {"digest", Text(digest)},
          {"size", static_cast<std::int64_t>(size)}};
}

std::string ManifestOf(const SimpleSignature& signature, const registry::StoredManifest& image) {
  const std::string empty = oci::Digest::Of(AsBytes(kEmptyConfig)).text();
  const json::Object config = Descriptor(kEmptyType, empty, kEmptyConfig.size());
  return json::Serialize(json::Object{
      {"schemaVersion", 2},
      {"mediaType", Text(oci::kOciManifest)},
      {"artifactType", Text(registry::kSignatureType)},
      {"config", config},
      {"layers", json::Array{config}},
      {"subject", Descriptor(image.media_type, image.digest.text(), image.size)},
      {"annotations", json::Object{{registry::kSignatureName, Text(signature.name)},
                                   {registry::kSignatureContent, Text(signature.content)}}}});
}

Status Write(const OciDeps& deps, Context& context, const RepositoryPath& path,
             const registry::StoredManifest& image, const SimpleSignature& signature) {
  BW_TRY_STATUS(deps.admission.BeginPush(path, kEmptyConfig.size()));
  io::StringSource config(kEmptyConfig);
  BW_TRY_STATUS(deps.uploads.Push(path, context.caller.actor,
                                  {.source = &config, .length = kEmptyConfig.size(), .range = {}},
                                  oci::Digest::Of(AsBytes(kEmptyConfig))));
  std::string content = ManifestOf(signature, image);
  const auto digest = oci::Digest::Of(AsBytes(content));
  // Two may come at once.
  const auto is_new = [&](db::Transaction& tx, const std::string& repository_id) {
    return registry::CheckNew(tx, repository_id, image.digest, signature);
  };
  BW_TRY_STATUS(deps.manifests.Put(context.caller, path,
                                   {.content = std::move(content),
                                    .content_type = std::string(oci::kOciManifest),
                                    .reference = oci::Reference(digest),
                                    .tags = {},
                                    .condition = {},
                                    .check = is_new,
                                    .action = registry::action::kSignatureWrite,
                                    .target = image.digest.text()}));
  return Ok();
}

Result<net::Response> PutSignature(const OciDeps& deps, Context& context) {
  BW_TRY(const oci::Digest digest, oci::Digest::Parse(context.Path("digest")));
  BW_TRY(const RepositoryPath path, ResolveRepository(deps, context));
  BW_TRY(const SimpleSignature signature, ReadSignature(context, digest));
  BW_TRY(const auto image, deps.manifests.Head(path, oci::Reference(digest)));
  BW_TRY(const auto known, SignaturesOf(deps, path, digest));
  if (std::ranges::find(known, signature) != known.end()) return EmptyResponse(201);
  BW_TRY_STATUS(Write(deps, context, path, *image, signature));
  return EmptyResponse(201);
}

}  // namespace

void AddSignatureEndpoints(const OciFace& face, const OciDeps& deps, std::vector<Endpoint>* out) {
  constexpr std::string_view kPath = "/extensions/v2/{name...}/signatures/{digest}";
  const Access pull = RepositoryAccess(deps, registry::action::kImagePull);
  const Access push = RepositoryAccess(deps, registry::action::kImagePush);
  out->push_back({"GET", kPath, "GetSignatures", pull, face,
                  [deps](Context& c) { return GetSignatures(deps, c); },
                  Recorded::As(registry::action::kSignatureRead, [pull](const Context& c) {
                    return registry::ImageResource(pull.ResourceFor(c), c.Path("name"),
                                                   c.Path("digest"));
                  })});
  out->push_back({"PUT", kPath, "PutSignature", push, face,
                  [deps](Context& c) { return PutSignature(deps, c); }});
}

}  // namespace breakwater::api::distribution
