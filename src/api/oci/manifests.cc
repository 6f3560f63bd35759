#include "api/oci/handlers.h"
#include "net/entity_tags.h"
#include "oci/manifest.h"

namespace breakwater::api::distribution {
namespace {

using registry::ManifestPush;
using registry::RepositoryPath;
using registry::StoredManifest;

net::Response ManifestHead(int status, const StoredManifest& manifest) {
  net::Response response = EmptyResponse(status);
  response.headers.Add("Content-Type", manifest.media_type);
  response.headers.Add(std::string(kDigestHeader), manifest.digest.text());
  response.headers.Add("ETag", EntityTagOf(manifest.digest));
  return response;
}

Result<net::Response> GetManifest(const OciDeps& deps, Context& context) {
  BW_TRY(const oci::Reference reference, oci::Reference::Parse(context.Path("reference")));
  BW_TRY(const RepositoryPath path, ResolveForPull(deps, context));
  if (IsHead(context)) {
    BW_TRY(const auto manifest, deps.manifests.Head(path, reference));
    BW_TRY_STATUS(CheckMatch(context.request, manifest->digest));
    if (NotModified(context.request, manifest->digest)) {
      return ManifestHead(304, *manifest);
    }
    net::Response response = ManifestHead(200, *manifest);
    response.announced_length = manifest->size;
    return response;
  }
  if (!IsPrivate(context)) BW_TRY_STATUS(deps.admission.BeginPull(path));
  BW_TRY(const auto manifest, deps.manifests.Get(path, reference));
  BW_TRY_STATUS(CheckMatch(context.request, manifest->digest));
  deps.last_pulls.Note(path, manifest->digest);
  context.activity.digest = manifest->digest.text();
  if (NotModified(context.request, manifest->digest)) {
    return ManifestHead(304, *manifest);
  }
  net::Response response = ManifestHead(200, *manifest);
  response.body = net::SharedBytes(manifest, &manifest->content);
  return response;
}

Result<std::string> ReadManifest(Context& context) {
  const auto too_large = [] {
    return TooLarge("a manifest may have at most 4 MiB").Reason("manifest_invalid");
  };
  const net::Request& request = context.request;
  if (request.content_length && *request.content_length > oci::kMaxManifestBytes) {
    return too_large();
  }
  if (!request.has_body) return std::string();
  auto content = io::ReadAll(*request.body, oci::kMaxManifestBytes);
  if (!content.ok() && content.error().code() == ErrorCode::kTooLarge) return too_large();
  if (content.ok() && request.content_length && content->size() != *request.content_length) {
    return Invalid("the body is not as long as its headers say").Reason("size_invalid");
  }
  return content;
}

// If-Match and If-None-Match (RFC 9110 §13.1), by which clients keep a list under a tag without
// losing each other's entries.
std::function<bool(const std::optional<oci::Digest>&)> ConditionOf(const net::Request& request) {
  const bool match = request.headers.Get("If-Match").has_value();
  const bool none_match = request.headers.Get("If-None-Match").has_value();
  if (!match && !none_match) return {};
  return [&headers = request.headers, match, none_match](const std::optional<oci::Digest>& now) {
    const auto named = [&](std::string_view field, net::EntityTagComparison comparison) {
      return now && net::NamesEntity(headers, field, now->text(), comparison);
    };
    return (!match || named("If-Match", net::EntityTagComparison::kStrong)) &&
           (!none_match || !named("If-None-Match", net::EntityTagComparison::kWeak));
  };
}

Result<net::Response> PutManifest(const OciDeps& deps, Context& context) {
  BW_TRY(oci::Reference reference, oci::Reference::Parse(context.Path("reference")));
  BW_TRY(const RepositoryPath path, ResolveRepository(deps, context));
  ManifestPush push{
      .content = {},
      .content_type = std::string(context.request.headers.Get("Content-Type").value_or("")),
      .reference = std::move(reference),
      .tags = {},
      .condition = ConditionOf(context.request)};
  for (const std::string_view tag : context.query.GetAll("tag")) push.tags.emplace_back(tag);
  BW_TRY(push.content, ReadManifest(context));
  BW_TRY(const registry::PushedManifest pushed, deps.manifests.Put(context.caller, path, push));

  net::Response response = EmptyResponse(201);
  response.headers.Set("Location", "/v2/" + path.name + "/manifests/" + pushed.digest.text());
  response.headers.Set(std::string(kDigestHeader), pushed.digest.text());
  if (pushed.subject) response.headers.Set("OCI-Subject", pushed.subject->text());
  if (!push.tags.empty()) {
    for (const std::string& tag : pushed.tags) response.headers.Add("OCI-Tag", tag);
  }
  if (pushed.missing_children > 0) {
    AddWarning("this index lists " + std::to_string(pushed.missing_children) +
                   " manifests that the repository does not have: pulls for their platforms fail "
                   "until they are pushed",
               response.headers);
  }
  if (pushed.absent_layers > 0) {
    AddWarning("this repository does not have " + std::to_string(pushed.absent_layers) +
                   " layers of the image: pulls fail until they are pushed",
               response.headers);
  }
  return response;
}

Result<net::Response> DeleteManifest(const OciDeps& deps, Context& context) {
  BW_TRY(const oci::Reference reference, oci::Reference::Parse(context.Path("reference")));
  BW_TRY(const RepositoryPath path, ResolveRepository(deps, context));
  BW_TRY_STATUS(deps.manifests.Delete(context.caller, path, reference));
  return EmptyResponse(202);
}

}  // namespace

void AddManifestEndpoints(const OciFace& face, const OciDeps& deps, std::vector<Endpoint>* out) {
  constexpr std::string_view kPath = "/v2/{name...}/manifests/{reference}";
  const Access pull = RepositoryAccess(deps, registry::action::kImagePull);
  const Access push = RepositoryAccess(deps, registry::action::kImagePush);
  const Access remove = RepositoryAccess(deps, registry::action::kImageDelete);
  const Handler get = [deps](Context& c) { return GetManifest(deps, c); };
  const auto image = [pull](const Context& c) {
    return registry::ImageResource(pull.ResourceFor(c), c.Path("name"), c.Path("reference"));
  };
  out->push_back({"GET", kPath, "GetManifest", pull, face, get,
                  Recorded::AsPull(registry::action::kImagePull, image)});
  out->push_back({"HEAD", kPath, "HeadManifest", pull, face, get});
  out->push_back({"PUT", kPath, "PutManifest", push, face,
                  [deps](Context& c) { return PutManifest(deps, c); },
                  Recorded::Change({}, image)});
  out->push_back({"DELETE", kPath, "DeleteManifest", remove, face,
                  [deps](Context& c) { return DeleteManifest(deps, c); },
                  Recorded::Change({}, image)});
}

}  // namespace breakwater::api::distribution
