#include <algorithm>

#include "api/oci/handlers.h"
#include "oci/names.h"
#include "oci/ranges.h"

namespace breakwater::api::distribution {
namespace {

using registry::Chunk;
using registry::RepositoryPath;
using registry::UploadView;

// Repositories tried for a mount that names no source.
constexpr std::size_t kMaxMountCandidates = 50;

Result<Chunk> ChunkOf(const net::Request& request) {
  Chunk chunk;
  if (!request.has_body) return chunk;
  chunk.source = request.body;
  chunk.length = request.content_length;
  if (const auto header = request.headers.Get("Content-Range")) {
    BW_TRY(chunk.range, oci::ParseContentRange(*header));
  }
  return chunk;
}

// "0-0" for an empty upload too: there is no range that says "nothing".
std::string RangeText(std::uint64_t size) {
  return "0-" + std::to_string(size == 0 ? 0 : size - 1);
}

net::Response UploadResponse(int status, const OciDeps& deps, const UploadView& view,
                             std::uint64_t size) {
  net::Response response = EmptyResponse(status);
  response.headers.Set("Location", "/v2/" + view.path.name + "/blobs/uploads/" + view.id +
                                       "?state=" + deps.uploads.StateOf(view));
  response.headers.Set("Docker-Upload-UUID", view.id);
  response.headers.Set("Range", RangeText(size));
  return response;
}

net::Response BlobCreated(const RepositoryPath& path, const oci::Digest& digest) {
  net::Response response = EmptyResponse(201);
  response.headers.Set("Location", "/v2/" + path.name + "/blobs/" + digest.text());
  response.headers.Set(std::string(kDigestHeader), digest.text());
  return response;
}

Result<std::optional<crypto::HashAlgorithm>> AlgorithmOf(const Context& context) {
  const auto name = context.query.Get("digest-algorithm");
  if (!name) return std::optional<crypto::HashAlgorithm>();
  if (*name == "sha256") return std::optional(crypto::HashAlgorithm::kSha256);
  if (*name == "sha512") return std::optional(crypto::HashAlgorithm::kSha512);
  return Invalid("unknown digest algorithm: sha256 and sha512 are supported")
      .Reason("digest_invalid");
}

bool HasEntryFor(const control::Actor& actor, std::string_view repository) {
  return actor.grants &&
         std::any_of(actor.grants->begin(), actor.grants->end(),
                     [&](const control::Grant& grant) { return grant.repository == repository; });
}

// Whether the caller may pull from the source of a mount. An error if its token was not even asked
// for it: the challenge then names both scopes. A token that was asked for it in vain is a no.
Result<bool> MayPull(const OciDeps& deps, const Context& context, std::string_view repository) {
  const Status allowed = deps.authorizer.Authorize(context.caller, registry::action::kImagePull,
                                                   RepositoryResource(deps, context, repository));
  if (allowed.ok()) return true;
  if (allowed.error().reason() == "insufficient_scope" &&
      !HasEntryFor(context.caller.actor, repository)) {
    return allowed.error();
  }
  return false;
}

Result<bool> MountFrom(const OciDeps& deps, const Context& context, const RepositoryPath& target,
                       const oci::Digest& digest, std::string_view source) {
  if (!oci::ValidateRepository(source).ok()) return false;
  // The right first: who may not pull from a source is not told whether its namespace is there.
  BW_TRY(const bool may_pull, MayPull(deps, context, source));
  if (!may_pull) return false;
  const auto resolved = ResolveRepository(deps, context, source);
  if (!resolved.ok()) {
    if (resolved.error().code() == ErrorCode::kNotFound) return false;
    return resolved.error();
  }
  return deps.blobs.Mount(target, digest, resolved->name);
}

Result<bool> MountFromAnywhere(const OciDeps& deps, const Context& context,
                               const RepositoryPath& target, const oci::Digest& digest) {
  BW_TRY(const auto holders,
         deps.blobs.Holders(target.registry, target.account, digest, kMaxMountCandidates));
  for (const std::string& holder : holders) {
    const auto mounted = MountFrom(deps, context, target, digest, holder);
    // Nobody asked for this source: a token without its scope is no reason to challenge.
    if (!mounted.ok() && mounted.error().code() == ErrorCode::kUnauthenticated) continue;
    if (!mounted.ok() || *mounted) return mounted;
  }
  return false;
}

Result<bool> TryMount(const OciDeps& deps, const Context& context, const RepositoryPath& target,
                      const oci::Digest& digest) {
  const auto from = context.query.Get("from");
  return from ? MountFrom(deps, context, target, digest, *from)
              : MountFromAnywhere(deps, context, target, digest);
}

// What the request itself brings.
std::uint64_t DeclaredBytes(const Context& context) {
  return context.request.has_body ? context.request.content_length.value_or(0) : 0;
}

Result<net::Response> StartUpload(const OciDeps& deps, Context& context) {
  BW_TRY(const RepositoryPath path, ResolveRepository(deps, context));
  BW_TRY(const auto algorithm, AlgorithmOf(context));
  BW_TRY_STATUS(deps.admission.BeginPush(path, DeclaredBytes(context)));
  if (const auto mount = context.query.Get("mount")) {
    BW_TRY(const oci::Digest digest, oci::Digest::Parse(*mount));
    BW_TRY(const bool mounted, TryMount(deps, context, path, digest));
    if (mounted) return BlobCreated(path, digest);
  }
  if (const auto text = context.query.Get("digest")) {
    BW_TRY(const oci::Digest digest, oci::Digest::Parse(*text));
    BW_TRY(const Chunk chunk, ChunkOf(context.request));
    if (chunk.source != nullptr || digest == oci::Digest::Of({}, digest.algorithm())) {
      BW_TRY_STATUS(deps.uploads.Push(path, context.caller.actor, chunk, digest));
      return BlobCreated(path, digest);
    }
  }
  BW_TRY(const UploadView view, deps.uploads.Start(path, context.caller.actor, algorithm));
  return UploadResponse(202, deps, view, 0);
}

// The session the path names, if its state says that it is this client's, and who began it may
// still push: what a session URL is worth ends with its owner's rights, not with a token's life.
Result<UploadView> FindUpload(const OciDeps& deps, const Context& context) {
  BW_TRY(UploadView view,
         deps.uploads.Find(context.registry.name, context.Path("name"), context.Path("session"),
                           context.query.Get("state").value_or("")));
  const control::Caller owner{.actor = view.actor, .origin = context.caller.origin};
  BW_TRY_STATUS(
      deps.authorizer.Authorize(owner, registry::action::kImagePush, view.path.Namespace()));
  BW_TRY_STATUS(CheckNetwork(deps, context, view.path.account));
  return view;
}

Result<net::Response> GetUpload(const OciDeps& deps, Context& context) {
  BW_TRY(const UploadView view, FindUpload(deps, context));
  return UploadResponse(204, deps, view, view.size);
}

Result<net::Response> PatchUpload(const OciDeps& deps, Context& context) {
  BW_TRY(const UploadView view, FindUpload(deps, context));
  BW_TRY(const Chunk chunk, ChunkOf(context.request));
  BW_TRY_STATUS(deps.admission.ContinuePush(view.path, view.size + DeclaredBytes(context)));
  BW_TRY(const std::uint64_t size, deps.uploads.Append(view.id, chunk));
  return UploadResponse(202, deps, view, size);
}

Result<net::Response> PutUpload(const OciDeps& deps, Context& context) {
  BW_TRY(const UploadView view, FindUpload(deps, context));
  const auto text = context.query.Get("digest");
  if (!text) return Invalid("the parameter digest is missing").Reason("digest_invalid");
  BW_TRY(const oci::Digest digest, oci::Digest::Parse(*text));
  BW_TRY(const Chunk chunk, ChunkOf(context.request));
  BW_TRY_STATUS(deps.admission.ContinuePush(view.path, view.size + DeclaredBytes(context)));
  BW_TRY_STATUS(deps.uploads.Finish(view.id, chunk, digest));
  return BlobCreated(view.path, digest);
}

Result<net::Response> DeleteUpload(const OciDeps& deps, Context& context) {
  BW_TRY(const UploadView view, FindUpload(deps, context));
  BW_TRY_STATUS(deps.uploads.Cancel(view.id));
  return EmptyResponse(204);
}

}  // namespace

void AddUploadEndpoints(const OciFace& face, const OciDeps& deps, std::vector<Endpoint>* out) {
  constexpr std::string_view kPath = "/v2/{name...}/blobs/uploads/{session}";
  const Access session = Access::Anyone(
      "the session URL's MAC carries the right, judged anew on its owner's policies");
  out->push_back({"POST", "/v2/{name...}/blobs/uploads", "StartUpload",
                  RepositoryAccess(deps, registry::action::kImagePush), face,
                  [deps](Context& c) { return StartUpload(deps, c); }});
  out->push_back({"GET", kPath, "GetUpload", session, face,
                  [deps](Context& c) { return GetUpload(deps, c); }});
  out->push_back({"PATCH", kPath, "AppendUpload", session, face,
                  [deps](Context& c) { return PatchUpload(deps, c); }});
  out->push_back({"PUT", kPath, "FinishUpload", session, face,
                  [deps](Context& c) { return PutUpload(deps, c); }});
  out->push_back({"DELETE", kPath, "CancelUpload", session, face,
                  [deps](Context& c) { return DeleteUpload(deps, c); }});
}

}  // namespace breakwater::api::distribution
