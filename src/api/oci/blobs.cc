#include "api/oci/handlers.h"
#include "oci/ranges.h"

namespace breakwater::api::distribution {
namespace {

using registry::OpenedBlob;

constexpr std::string_view kYear = "max-age=31536000";

net::Response BlobHead(int status, const oci::Digest& digest) {
  net::Response response = EmptyResponse(status);
  response.headers.Set("Content-Type", "application/octet-stream");
  response.headers.Set(std::string(kDigestHeader), digest.text());
  response.headers.Set("ETag", EntityTagOf(digest));
  response.headers.Set("Accept-Ranges", "bytes");
  response.headers.Set("Cache-Control", std::string(kYear));
  return response;
}

// RFC 9110 §15.4.8. The URL is good for a while only, and for whoever has it.
net::Response Redirect(const std::string& url, const oci::Digest& digest) {
  net::Response response = EmptyResponse(307);
  response.headers.Set("Location", url);
  response.headers.Set(std::string(kDigestHeader), digest.text());
  response.headers.Set("Cache-Control", "no-store");
  return response;
}

// Files go out by the system's own means, everything else as a stream or bytes.
Status SetBody(OpenedBlob opened, oci::ByteRange range, net::Response& response) {
  if (auto* bytes = std::get_if<std::string>(&opened.content)) {
    response.body = bytes->substr(range.offset, range.length);
    return Ok();
  }
  if (std::get<1>(opened.content)->file_descriptor() < 0) {
    BW_TRY(auto source, std::move(opened).Read(range.offset, range.length));
    response.body = net::StreamBody{.source = std::move(source), .length = range.length};
    return Ok();
  }
  std::shared_ptr<blob::Blob> owner = std::get<1>(std::move(opened.content));
  const int descriptor = owner->file_descriptor();
  response.body = net::FileSlice{.descriptor = descriptor,
                                 .offset = range.offset,
                                 .length = range.length,
                                 .owner = std::move(owner)};
  return Ok();
}

// The range asked for, if there is one that this entity is meant by. RFC 9110 §13.1.5, §14.2.
Result<std::optional<oci::ByteRange>> RangeOf(const net::Request& request,
                                              const oci::Digest& digest, std::uint64_t size) {
  const auto header = request.headers.Get("Range");
  const auto condition = request.headers.Get("If-Range");
  if (!header || (condition && *condition != EntityTagOf(digest))) {
    return std::optional<oci::ByteRange>();
  }
  return oci::ParseRange(*header, size);
}

Result<net::Response> GetBlob(const OciDeps& deps, Context& context) {
  BW_TRY(const oci::Digest digest, oci::Digest::Parse(context.Path("digest")));
  BW_TRY(const registry::RepositoryPath path, ResolveRepository(deps, context));
  if (NotModified(context.request, EntityTagOf(digest))) {
    BW_TRY_STATUS(deps.blobs.SizeOf(path, digest));
    return BlobHead(304, digest);
  }
  if (IsHead(context)) {
    BW_TRY(const std::uint64_t size, deps.blobs.Head(path, digest));
    net::Response response = BlobHead(200, digest);
    response.announced_length = size;
    return response;
  }
  if (context.registry.pull_url_life) {
    BW_TRY(const auto url, deps.blobs.UrlOf(path, digest, *context.registry.pull_url_life));
    if (url) return Redirect(*url, digest);
  }
  BW_TRY(OpenedBlob opened, deps.blobs.Open(path, digest));
  const std::uint64_t size = opened.size;
  const auto range = RangeOf(context.request, digest, size);
  if (!range.ok()) return range.error();
  if (!*range) {
    net::Response response = BlobHead(200, digest);
    BW_TRY_STATUS(SetBody(std::move(opened), {0, size}, response));
    return response;
  }
  net::Response response = BlobHead(206, digest);
  response.headers.Set("Content-Range",
                       "bytes " + std::to_string((*range)->offset) + "-" +
                           std::to_string((*range)->offset + (*range)->length - 1) + "/" +
                           std::to_string(size));
  BW_TRY_STATUS(SetBody(std::move(opened), **range, response));
  return response;
}

Result<net::Response> DeleteBlob(const OciDeps& deps, Context& context) {
  BW_TRY(const oci::Digest digest, oci::Digest::Parse(context.Path("digest")));
  BW_TRY(const registry::RepositoryPath path, ResolveRepository(deps, context));
  BW_TRY_STATUS(deps.blobs.Delete(path, digest));
  net::Response response = EmptyResponse(202);
  response.headers.Set(std::string(kDigestHeader), digest.text());
  return response;
}

}  // namespace

void AddBlobEndpoints(const OciFace& face, const OciDeps& deps, std::vector<Endpoint>* out) {
  constexpr std::string_view kPath = "/v2/{name...}/blobs/{digest}";
  const Access pull = RepositoryAccess(deps, registry::action::kImagePull);
  const Access remove = RepositoryAccess(deps, registry::action::kImageDelete);
  const Handler get = [deps](Context& c) { return GetBlob(deps, c); };
  out->push_back({"GET", kPath, "GetBlob", pull, face, get});
  out->push_back({"HEAD", kPath, "HeadBlob", pull, face, get});
  out->push_back({"DELETE", kPath, "DeleteBlob", remove, face,
                  [deps](Context& c) { return DeleteBlob(deps, c); }});
}

}  // namespace breakwater::api::distribution
