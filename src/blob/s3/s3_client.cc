#include "blob/s3/s3_client.h"

#include <ctime>
#include <utility>

#include "base/strings.h"
#include "base/wait.h"
#include "blob/s3/s3_source.h"
#include "crypto/hash.h"

namespace breakwater::blob {
namespace {

net::ClientOptions HttpOptions(const S3Options& options) {
  return {// The endpoint is the operator's choice, not a user's.
          .policy = {.allow_plain_http = true, .allow_non_public = true},
          .ca_file = options.ca_file,
          .connect_timeout = options.connect_timeout,
          .max_idle_handles = 64,
          .connect_to = options.connect_to};
}

// With a prefix that ends where the store's own keys begin.
S3Options Rooted(S3Options options) {
  if (!options.prefix.empty() && !options.prefix.ends_with('/')) options.prefix += '/';
  return options;
}

Error NotAvailable(std::string log) {
  return Unavailable("the blob store is not available")
      .Reason("blob_store_unavailable")
      .Log(std::move(log));
}

// RFC 9110 §5.6.7, the form that senders must use: "Sun, 06 Nov 1994 08:49:37 GMT".
Result<Timestamp> ParseHttpDate(std::string_view text) {
  std::tm time{};
  const std::string zero_ended(text);
  const char* end = ::strptime(zero_ended.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &time);
  if (end == nullptr || *end != '\0') return Invalid("not a date");
  return Timestamp(std::chrono::seconds(::timegm(&time)));
}

}  // namespace

Result<S3Endpoint> S3Endpoint::Parse(std::string_view text) {
  const auto refuse = [] {
    return Invalid("an S3 endpoint is http:// or https:// and a host, without a path")
        .Reason("s3_endpoint_invalid");
  };
  S3Endpoint out;
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return refuse();
  out.scheme = LowerAscii(text.substr(0, colon));
  if (out.scheme != "http" && out.scheme != "https") return refuse();
  text.remove_prefix(colon + 3);
  if (text.ends_with('/')) text.remove_suffix(1);
  if (text.empty() || text.find_first_of("/?#@ ") != std::string_view::npos) return refuse();
  out.host = LowerAscii(text);
  // No client sends the scheme's own port, so it must not be signed.
  const std::string_view own = out.scheme == "https" ? ":443" : ":80";
  if (out.host.ends_with(own)) out.host.resize(out.host.size() - own.size());
  return out;
}

struct S3Client::Call {
  std::string method = "GET";
  std::string key = {};  // empty: the bucket itself
  net::QueryParameters query = {};
  net::Headers headers = {};
  ByteView body = {};
  std::string body_hash{net::kEmptyPayloadHash};
  std::chrono::milliseconds timeout{};
  bool may_be_absent = false;
  // A success may still hold an <Error> (CompleteMultipartUpload, UploadPartCopy): they begin to
  // answer before they are done.
  bool looks_into_success = false;

  Call& Body(ByteView bytes) {
    body = bytes;
    body_hash = HexEncode(crypto::Sha256(bytes));
    return *this;
  }
};

S3Client::S3Client(S3Options options, S3Endpoint endpoint, S3Waiting waiting, const Clock& clock)
    : options_(Rooted(std::move(options))),
      endpoint_(std::move(endpoint)),
      waiting_(std::move(waiting)),
      clock_(clock),
      host_(options_.path_style ? endpoint_.host : options_.bucket + "." + endpoint_.host),
      http_(HttpOptions(options_)) {}

std::string S3Client::PathOf(const std::string& key) const {
  std::string path = options_.path_style ? "/" + PercentEncode(options_.bucket) : "";
  if (!key.empty()) path += "/" + PercentEncode(options_.prefix + key, "/");
  return path.empty() ? "/" : path;
}

net::ClientRequest S3Client::MakeRequest(const Call& call) const {
  net::SigV4Request signed_request{.method = call.method,
                                   .host = host_,
                                   .path = PathOf(call.key),
                                   .query = call.query,
                                   .headers = call.headers,
                                   .payload_hash = call.body_hash};
  net::SignV4(options_.credentials, {.region = options_.region}, clock_.Now(), signed_request);
  net::ClientRequest request;
  request.method = call.method;
  request.url = endpoint_.scheme + "://" + host_ + signed_request.path;
  if (!call.query.empty()) request.url += "?" + net::CanonicalQuery(call.query);
  request.headers = std::move(signed_request.headers);
  request.body_view = call.body;
  request.max_response_bytes = kMaxXmlBytes;
  return request;
}

Error S3Client::FailureOf(const Call& call, const Error& error) const {
  return NotAvailable("S3 " + call.method + " " + PathOf(call.key) + ": " + CauseOf(error));
}

Error S3Client::FailureOf(const Call& call, const net::ClientResponse& response) const {
  const S3Error said = ParseS3Error(response.body).value_or(S3Error{});
  std::string log = "S3 " + call.method + " " + PathOf(call.key) + ": status " +
                    std::to_string(response.status) + " " + said.code + ": " + said.message;
  if (const auto id = response.headers.Get("x-amz-request-id"))
    log += " (" + std::string(*id) + ")";
  if (said.code == "QuotaExceeded" || response.status == 507) {
    return Unavailable("the blob store is full").Reason("blob_store_full").Log(std::move(log));
  }
  return NotAvailable(std::move(log));
}

Result<net::ClientResponse> S3Client::Perform(const Call& call) {
  BW_TRY_STATUS(BeforeWaiting());
  Attempts attempts = NewAttempts();
  while (true) {
    net::ClientRequest request = MakeRequest(call);
    request.timeout =
        attempts.Timeout(call.timeout.count() > 0 ? call.timeout : options_.request_timeout);
    auto response = http_.Send(request);
    if (!response.ok()) {
      if (IsTransient(response.error()) && attempts.Again()) continue;
      return FailureOf(call, response.error());
    }
    const bool success = response->status / 100 == 2;
    const auto said =
        success && !call.looks_into_success ? std::nullopt : ParseS3Error(response->body);
    const std::string code = said ? said->code : "";
    if (success && !said) return response;
    // A missing bucket is no missing object.
    if (response->status == 404 && call.may_be_absent && code != "NoSuchBucket") return response;
    if (IsTransient(response->status, code) &&
        attempts.Again(ParseRetryAfter(response->headers.Get("retry-after")))) {
      continue;
    }
    return FailureOf(call, *response);
  }
}

Status S3Client::Put(const std::string& key, ByteView content) {
  Call call{.method = "PUT", .key = key};
  call.Body(content);
  call.headers.Add("Content-Type", "application/octet-stream");
  // Kept beside the object by services that know it, and checked when they move it about.
  call.headers.Add("x-amz-checksum-sha256", Base64Encode(*HexDecode(call.body_hash)));
  BW_TRY(const auto response, Perform(call));
  return Ok();
}

Result<std::optional<std::uint64_t>> S3Client::Head(const std::string& key) {
  BW_TRY(const auto response, Perform({.method = "HEAD", .key = key, .may_be_absent = true}));
  if (response.status == 404) return std::optional<std::uint64_t>{};
  const auto size = ParseInt(response.headers.Get("content-length").value_or(""));
  if (!size.ok() || *size < 0) return NotAvailable("S3 HEAD " + PathOf(key) + " gives no length");
  return std::optional(static_cast<std::uint64_t>(*size));
}

Status S3Client::CheckBucket() {
  // Any page of a list would do; this one is short.
  const Call call{.query = {{"list-type", "2"}, {"max-keys", "1"}, {"prefix", options_.prefix}}};
  BW_TRY(const auto response, Perform(call));
  return Ok();
}

Status S3Client::Delete(const std::string& key) {
  BW_TRY(const auto response, Perform({.method = "DELETE", .key = key, .may_be_absent = true}));
  return Ok();
}

Result<std::unique_ptr<io::Source>> S3Client::Read(const std::string& key, std::uint64_t size,
                                                   std::uint64_t offset, std::uint64_t length) {
  BW_TRY_STATUS(BeforeWaiting());
  const auto open = [this, key](std::uint64_t from,
                                std::uint64_t to) -> Result<std::unique_ptr<net::ClientStream>> {
    Call call{.key = key};
    call.headers.Add("Range", "bytes=" + std::to_string(from) + "-" + std::to_string(to - 1));
    net::ClientRequest request = MakeRequest(call);
    request.timeout = options_.request_timeout;
    request.max_response_bytes = std::max<std::uint64_t>(to - from, kMaxXmlBytes);
    return http_.Open(std::move(request));
  };
  auto source = std::make_unique<S3Source>(
      open, [this] { return NewAttempts(); }, "S3 GET " + PathOf(key),
      S3Range{.size = size, .from = offset, .to = offset + length});
  BW_TRY_STATUS(source->Open());
  return std::unique_ptr<io::Source>(std::move(source));
}

std::string S3Client::PresignGet(const std::string& key, std::chrono::seconds life) const {
  const net::SigV4Request request{.host = host_,
                                  .path = PathOf(key),
                                  .query = {{"response-content-type", "application/octet-stream"}},
                                  .payload_hash = {}};
  return endpoint_.scheme + "://" + host_ + request.path + "?" +
         net::PresignV4(options_.credentials, {.region = options_.region}, clock_.Now(), life,
                        request);
}

Result<std::string> S3Client::CreateUpload(const std::string& key) {
  Call call{.method = "POST", .key = key, .query = {{"uploads", ""}}};
  call.headers.Add("Content-Type", "application/octet-stream");
  BW_TRY(const auto response, Perform(call));
  return ParseUploadId(response.body);
}

Result<std::string> S3Client::PutPart(const std::string& key, const std::string& upload,
                                      std::size_t part, ByteView content) {
  Call call{.method = "PUT",
            .key = key,
            .query = {{"partNumber", std::to_string(part)}, {"uploadId", upload}}};
  BW_TRY(const auto response, Perform(call.Body(content)));
  const auto etag = response.headers.Get("etag");
  if (!etag || etag->empty()) return NotAvailable("S3 PUT " + PathOf(key) + " gives no ETag");
  return std::string(*etag);
}

Result<std::string> S3Client::CopyPart(const std::string& key, const std::string& upload,
                                       std::size_t part, const std::string& from) {
  Call call{.method = "PUT",
            .key = key,
            .query = {{"partNumber", std::to_string(part)}, {"uploadId", upload}},
            .timeout = options_.copy_timeout,
            .may_be_absent = true,
            .looks_into_success = true};
  call.headers.Add("x-amz-copy-source", "/" + PercentEncode(options_.bucket) + "/" +
                                            PercentEncode(options_.prefix + from, "/"));
  BW_TRY(const auto response, Perform(call));
  if (response.status == 404) {
    const auto said = ParseS3Error(response.body);
    if (said && said->code == "NoSuchUpload") return FailureOf(call, response);
    return NotFound("what was staged is not there any more").Reason("upload_unknown").Log(from);
  }
  return ParseCopiedETag(response.body);
}

Status S3Client::CompleteUpload(const std::string& key, const std::string& upload,
                                const std::vector<std::string>& etags) {
  const std::string body = MakeCompleteRequest(etags);
  Call call{.method = "POST",
            .key = key,
            .query = {{"uploadId", upload}},
            .timeout = options_.copy_timeout,
            .may_be_absent = true,
            .looks_into_success = true};
  call.headers.Add("Content-Type", "application/xml");
  BW_TRY(const auto response, Perform(call.Body(AsBytes(body))));
  if (response.status == 404) return NotFound("there is no such multipart upload");
  return ParseCompleted(response.body);
}

Status S3Client::AbortUpload(const std::string& key, const std::string& upload) {
  BW_TRY(const auto response, Perform({.method = "DELETE",
                                       .key = key,
                                       .query = {{"uploadId", upload}},
                                       .may_be_absent = true}));
  return Ok();
}

Status S3Client::ListObjectsAfter(const std::string& prefix, const std::string& after,
                                  const std::function<Status(const S3Object&)>& visit) {
  std::string token;
  do {
    Call call{.query = {{"list-type", "2"},
                        {"encoding-type", "url"},
                        {"prefix", options_.prefix + prefix}}};
    if (!after.empty()) call.query.emplace_back("start-after", options_.prefix + after);
    if (!token.empty()) call.query.emplace_back("continuation-token", token);
    BW_TRY(const auto response, Perform(call));
    BW_TRY(auto page, ParseListObjects(response.body));
    for (S3Object& object : page.objects) {
      if (!object.key.starts_with(options_.prefix + prefix)) continue;
      object.key.erase(0, options_.prefix.size());
      BW_TRY_STATUS(visit(object));
    }
    if (page.next == token && !token.empty()) return NotAvailable("an S3 list goes in circles");
    token = std::move(page.next);
  } while (!token.empty());
  return Ok();
}

Status S3Client::ListUploads(const std::string& prefix,
                             const std::function<Status(const S3Upload&)>& visit) {
  std::pair<std::string, std::string> marker;
  do {
    Call call{
        .query = {{"uploads", ""}, {"encoding-type", "url"}, {"prefix", options_.prefix + prefix}}};
    if (!marker.first.empty()) {
      call.query.emplace_back("key-marker", marker.first);
      call.query.emplace_back("upload-id-marker", marker.second);
    }
    BW_TRY(const auto response, Perform(call));
    BW_TRY(auto page, ParseListUploads(response.body));
    for (S3Upload& upload : page.uploads) {
      if (!upload.key.starts_with(options_.prefix + prefix)) continue;
      upload.key.erase(0, options_.prefix.size());
      BW_TRY_STATUS(visit(upload));
    }
    std::pair next(std::move(page.next_key), std::move(page.next_id));
    if (next == marker && !marker.first.empty()) return NotAvailable("an S3 list goes in circles");
    marker = std::move(next);
  } while (!marker.first.empty());
  return Ok();
}

Result<std::chrono::seconds> S3Client::ClockSkew() {
  BW_TRY_STATUS(BeforeWaiting());
  net::ClientRequest request = MakeRequest({.method = "HEAD"});
  request.timeout = options_.request_timeout;
  const Call call{.method = "HEAD"};
  auto response = http_.Send(request);
  if (!response.ok()) return FailureOf(call, response.error());
  // Of any status: a service refuses requests from another time, and still says what time it has.
  const auto theirs = ParseHttpDate(response->headers.Get("date").value_or(""));
  if (!theirs.ok()) return NotAvailable("the S3 service does not tell its time");
  return std::chrono::round<std::chrono::seconds>(*theirs - clock_.Now());
}

}  // namespace breakwater::blob
