#include "api/oci/byte_ranges.h"
#include "api/oci/handlers.h"
#include "oci/ranges.h"

namespace breakwater::api::distribution {
namespace {

using registry::OpenedBlob;

constexpr std::string_view kBytes = "application/octet-stream";
constexpr std::string_view kYear = "max-age=31536000";

net::Response BlobHead(int status, const oci::Digest& digest) {
  net::Response response = EmptyResponse(status);
  response.headers.Add("Content-Type", std::string(kBytes));
  response.headers.Add(std::string(kDigestHeader), digest.text());
  response.headers.Add("ETag", EntityTagOf(digest));
  response.headers.Add("Accept-Ranges", "bytes");
  response.headers.Add("Cache-Control", std::string(kYear));
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
  if (auto* bytes = std::get_if<OpenedBlob::Bytes>(&opened.content)) {
    if (range.length == (*bytes)->size()) {
      response.body = std::move(*bytes);
    } else {
      response.body = (*bytes)->substr(range.offset, range.length);
    }
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

// The ranges asked for, if there are any that this entity is meant by. RFC 9110 §13.1.5, §14.2.
std::string_view RangeHeaderOf(const net::Request& request, const oci::Digest& digest) {
  const auto condition = request.headers.Get("If-Range");
  if (condition && *condition != EntityTagOf(digest)) return {};
  return request.headers.Get("Range").value_or("");
}

bool AsksForSeveral(std::string_view range_header) {
  return range_header.find(',') != std::string_view::npos;
}

// Asked before bytes go out, and told how many did, where they count.
class Pull {
 public:
  Pull(const OciDeps& deps, const Context& context, const registry::RepositoryPath& path)
      : admission_(deps.admission), path_(path), free_(IsPrivate(context)) {}
  Status Admit(std::uint64_t bytes) const {
    return free_ ? Ok() : admission_.ContinuePull(path_, bytes);
  }
  void Count(std::uint64_t bytes) const {
    if (!free_) admission_.CountPull(path_, bytes);
  }

 private:
  const registry::Admission& admission_;
  const registry::RepositoryPath& path_;
  const bool free_;
};

std::uint64_t Total(const std::vector<oci::ByteRange>& ranges) {
  std::uint64_t total = 0;
  for (const oci::ByteRange& range : ranges) total += range.length;
  return total;
}

Result<net::Response> SendBlob(OpenedBlob opened, const oci::Digest& digest,
                               std::string_view range_header, const Pull& pull) {
  const std::uint64_t size = opened.size;
  std::vector<oci::ByteRange> ranges;
  if (!range_header.empty()) {
    auto parsed = oci::ParseRanges(range_header, size);
    if (!parsed.ok()) return std::move(parsed).error().Detail("size", std::to_string(size));
    ranges = *std::move(parsed);
  }
  const std::uint64_t wanted = ranges.empty() ? size : Total(ranges);
  BW_TRY_STATUS(pull.Admit(wanted));
  if (ranges.empty()) {
    net::Response response = BlobHead(200, digest);
    BW_TRY_STATUS(SetBody(std::move(opened), {0, size}, response));
    pull.Count(wanted);
    return response;
  }
  net::Response response = BlobHead(206, digest);
  if (ranges.size() > 1) {
    SetByteRanges(std::move(opened), std::move(ranges), kBytes, response);
    pull.Count(wanted);
    return response;
  }
  response.headers.Set("Content-Range", ContentRangeText(ranges.front(), size));
  BW_TRY_STATUS(SetBody(std::move(opened), ranges.front(), response));
  pull.Count(wanted);
  return response;
}

Result<net::Response> GetBlob(const OciDeps& deps, Context& context) {
  BW_TRY(const oci::Digest digest, oci::Digest::Parse(context.Path("digest")));
  BW_TRY(const registry::RepositoryPath path, ResolveForPull(deps, context));
  const Status match = CheckMatch(context.request, digest);
  if (!match.ok() || NotModified(context.request, digest)) {
    // A HEAD can be relied on for an hour, whatever it answers.
    BW_TRY_STATUS(IsHead(context) ? deps.blobs.Head(path, digest)
                                  : deps.blobs.SizeOf(path, digest));
    BW_TRY_STATUS(match);
    return BlobHead(304, digest);
  }
  if (IsHead(context)) {
    BW_TRY(const std::uint64_t size, deps.blobs.Head(path, digest));
    net::Response response = BlobHead(200, digest);
    response.announced_length = size;
    return response;
  }
  const std::string_view range_header = RangeHeaderOf(context.request, digest);
  const Pull pull(deps, context, path);
  // Object stores answer several ranges with the whole object.
  if (context.registry.pull_url_life && !AsksForSeveral(range_header)) {
    BW_TRY(const auto url, deps.blobs.UrlOf(path, digest, *context.registry.pull_url_life));
    if (url) {
      // What the store gives it does not tell: the whole blob counts.
      BW_TRY(const std::uint64_t size, deps.blobs.SizeOf(path, digest));
      BW_TRY_STATUS(pull.Admit(size));
      pull.Count(size);
      return Redirect(*url, digest);
    }
  }
  BW_TRY(OpenedBlob opened, deps.blobs.Open(path, digest));
  return SendBlob(std::move(opened), digest, range_header, pull);
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
