#include "net/http_client.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <vector>

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/strings.h"
#include "base/sync.h"
#include "net/http_parser.h"
#include "net/socket.h"

namespace breakwater::net {
namespace {

constexpr std::size_t kMaxResponseHeaderBytes = 64 * 1024;
constexpr long kReceiveBuffer = 256 * 1024;
constexpr std::uint64_t kMaxErrorBody = 1024 * 1024;

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* handle) const {
    Free(handle);
  }
};
using EasyPtr = std::unique_ptr<CURL, Deleter<curl_easy_cleanup>>;
using UrlPtr = std::unique_ptr<CURLU, Deleter<curl_url_cleanup>>;
using ListPtr = std::unique_ptr<curl_slist, Deleter<curl_slist_free_all>>;
using TextPtr = std::unique_ptr<char, Deleter<curl_free>>;

void InitCurlOnce() {
  static std::once_flag once;
  std::call_once(once, [] { BW_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
}

std::string UrlPart(CURLU* url, CURLUPart part) {
  char* raw = nullptr;
  if (curl_url_get(url, part, &raw, 0) != CURLUE_OK) return {};
  const TextPtr text(raw);
  return text.get();
}

Error BadUrl(std::string_view what) {
  return Invalid("the URL " + std::string(what)).Reason("invalid_url");
}

// The same parser that the transfer uses: no second opinion about where the host ends.
Result<UrlPtr> ParseUrl(const std::string& text, const OutboundPolicy& policy) {
  UrlPtr url(curl_url());
  BW_CHECK(url != nullptr);
  const bool printable =
      std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!printable || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
    return BadUrl("is malformed");
  }
  const std::string scheme = UrlPart(url.get(), CURLUPART_SCHEME);
  if (scheme != "https" && scheme != "http") return BadUrl("must begin with https://");
  if (!UrlPart(url.get(), CURLUPART_USER).empty() ||
      !UrlPart(url.get(), CURLUPART_PASSWORD).empty()) {
    return BadUrl("must not hold credentials");
  }
  if (scheme == "http" && !policy.allow_plain_http) {
    return Denied("only https URLs are allowed").Reason("plain_http_refused");
  }
  return url;
}

// One request under way: what curl's callbacks work on. Lives on the caller's stack.
struct Transfer {
  const OutboundPolicy& policy;
  io::Source* source = nullptr;  // what is sent
  std::string_view text;         // or this
  std::size_t sent = 0;          // of `text`
  std::uint64_t source_left = 0;
  io::Sink* sink = nullptr;  // for the body of a 2xx, or null
  std::uint64_t limit = 0;
  std::uint64_t received = 0;
  std::size_t header_bytes = 0;
  ClientResponse response;
  std::optional<Error> failure;  // why a callback ended the transfer

  void Fail(Error error) {
    if (!failure.has_value()) failure = std::move(error);
  }
};

std::size_t ReadBody(char* out, std::size_t size, std::size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const std::size_t room = size * count;
  if (transfer.source == nullptr) {
    const auto piece = transfer.text.substr(transfer.sent, room);
    std::memcpy(out, piece.data(), piece.size());
    transfer.sent += piece.size();
    return piece.size();
  }
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(room, transfer.source_left));
  if (wanted == 0) return 0;
  auto got = transfer.source->Read(std::as_writable_bytes(std::span(out, wanted)));
  if (!got.ok() || *got == 0) {
    transfer.Fail(got.ok() ? Internal("a request body is shorter than announced")
                           : std::move(got).error());
    return CURL_READFUNC_ABORT;
  }
  transfer.source_left -= *got;
  return *got;
}

// A reused connection may turn out to be dead; a text can be sent again.
int SeekBody(void* context, curl_off_t offset, int origin) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (transfer.source != nullptr || origin != SEEK_SET || offset < 0 ||
      static_cast<std::uint64_t>(offset) > transfer.text.size()) {
    return CURL_SEEKFUNC_CANTSEEK;
  }
  transfer.sent = static_cast<std::size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

std::size_t WriteBody(char* data, std::size_t size, std::size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const std::size_t n = size * count;
  const bool to_sink = transfer.sink != nullptr && transfer.response.status / 100 == 2;
  // What a failed download says need not be as large as what it should have brought.
  const std::uint64_t limit = transfer.sink == nullptr || to_sink
                                  ? transfer.limit
                                  : std::min(transfer.limit, kMaxErrorBody);
  if (n > limit - transfer.received) {
    transfer.Fail(TooLarge("the response is too large").Reason("response_too_large"));
    return 0;
  }
  transfer.received += n;
  if (!to_sink) {
    transfer.response.body.append(data, n);
    return n;
  }
  if (auto status = transfer.sink->Write(AsBytes({data, n})); !status.ok()) {
    transfer.Fail(std::move(status).error());
    return 0;
  }
  return n;
}

std::size_t WriteHeader(char* data, std::size_t size, std::size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const std::size_t n = size * count;
  transfer.header_bytes += n;
  if (transfer.header_bytes > kMaxResponseHeaderBytes) {
    transfer.Fail(TooLarge("the response's headers are too large").Reason("response_too_large"));
    return 0;
  }
  const std::string_view line = Trim({data, n});
  if (line.substr(0, 5) == "HTTP/") {  // a status line; after "100 Continue" there is another
    transfer.response.headers = {};
    const auto parts = SplitN(line, ' ', 3);
    const auto status = parts.size() > 1 ? ParseInt(parts[1]) : Result<std::int64_t>(0);
    transfer.response.status = status.ok() ? static_cast<int>(*status) : 0;
  } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
    transfer.response.headers.Add(std::string(line.substr(0, colon)),
                                  std::string(Trim(line.substr(colon + 1))));
  }
  return n;
}

Result<IpAddress> AddressOf(const curl_sockaddr& to) {
  const auto* raw = reinterpret_cast<const std::uint8_t*>(&to.addr);
  if (to.family == AF_INET) {
    return IpAddress::FromBytes(std::span(raw + offsetof(sockaddr_in, sin_addr), 4));
  }
  if (to.family == AF_INET6) {
    return IpAddress::FromBytes(std::span(raw + offsetof(sockaddr_in6, sin6_addr), 16));
  }
  return Denied("the destination's address is not allowed").Reason("address_refused");
}

curl_socket_t OpenSocket(void* context, curlsocktype purpose, curl_sockaddr* to) {
  auto& transfer = *static_cast<Transfer*>(context);
  const auto address = AddressOf(*to);
  auto verdict = address.ok() ? transfer.policy.Check(*address) : Status(address.error());
  if (purpose != CURLSOCKTYPE_IPCXN || !verdict.ok()) {
    if (!verdict.ok()) transfer.Fail(std::move(verdict).error());
    return CURL_SOCKET_BAD;
  }
  return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

Error ToError(CURLcode code, const char* detail) {
  const auto unavailable = [](std::string message, const char* reason) {
    return Unavailable(std::move(message)).Reason(reason);
  };
  const std::string log = std::string(curl_easy_strerror(code)) + ": " + detail;
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return DeadlineExceeded("the destination took too long").Reason("timeout").Log(log);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return BadUrl("is malformed").Log(log);
    case CURLE_COULDNT_RESOLVE_HOST:
      return unavailable("the destination's name cannot be resolved", "cannot_resolve").Log(log);
    case CURLE_COULDNT_CONNECT:
      return unavailable("the destination cannot be reached", "cannot_connect").Log(log);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return unavailable("TLS with the destination failed", "tls_failed").Log(log);
    default: return unavailable("the request failed", "request_failed").Log(log);
  }
}

Result<ListPtr> MakeHeaderList(const Headers& headers) {
  ListPtr list;
  const auto append = [&list](const std::string& line) {
    curl_slist* grown = curl_slist_append(list.get(), line.c_str());
    BW_CHECK(grown != nullptr);
    (void)list.release();
    list.reset(grown);
  };
  append("Expect:");  // no waiting for an interim answer that many servers never send
  for (const auto& [name, value] : headers.all()) {
    if (!IsToken(name) || !IsFieldValue(value)) {
      return Invalid("a request header is malformed").Reason("invalid_request");
    }
    // "Name;" is how curl is told to send a field without a value.
    append(value.empty() ? name + ";" : name + ": " + value);
  }
  return list;
}

}  // namespace

class HttpClient::Impl {
 public:
  explicit Impl(ClientOptions options) : options_(std::move(options)) {
    InitCurlOnce();
    IgnoreBrokenPipes();
  }

  Result<ClientResponse> Perform(const ClientRequest& request, io::Sink* sink) {
    if (!IsToken(request.method)) {
      return Invalid("the request's method is malformed").Reason("invalid_request");
    }
    BW_TRY(const UrlPtr url, ParseUrl(request.url, options_.policy));
    BW_TRY(const ListPtr headers, MakeHeaderList(request.headers));
    Transfer transfer{.policy = options_.policy,
                      .source = request.source,
                      .text = request.body,
                      .source_left = request.source_length,
                      .sink = sink,
                      .limit = request.max_response_bytes,
                      .response = {},
                      .failure = {}};
    EasyPtr handle = Borrow();
    char detail[CURL_ERROR_SIZE] = {};
    SetUp(handle.get(), request, url.get(), headers.get(), transfer, detail);
    const CURLcode code = curl_easy_perform(handle.get());
    // The handle must not remember what dies with this call.
    curl_easy_reset(handle.get());
    GiveBack(std::move(handle));
    if (transfer.failure.has_value()) return *std::move(transfer.failure);
    if (code != CURLE_OK) return ToError(code, detail);
    return std::move(transfer.response);
  }

 private:
  void SetUp(CURL* curl, const ClientRequest& request, CURLU* url, curl_slist* headers,
             Transfer& transfer, char* detail) const {
    const auto set = [curl](CURLoption option, auto value) {
      BW_CHECK(curl_easy_setopt(curl, option, value) == CURLE_OK);
    };
    set(CURLOPT_ERRORBUFFER, detail);
    set(CURLOPT_CURLU, url);
    set(CURLOPT_PROTOCOLS_STR, options_.policy.allow_plain_http ? "http,https" : "https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");  // not even from the environment
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_USERAGENT, options_.user_agent.c_str());
    set(CURLOPT_HTTPHEADER, headers);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(1, request.timeout.count())));
    set(CURLOPT_BUFFERSIZE, kReceiveBuffer);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!options_.ca_file.empty()) {
      set(CURLOPT_CAINFO, options_.ca_file.c_str());
      set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    set(CURLOPT_OPENSOCKETFUNCTION, &OpenSocket);
    set(CURLOPT_OPENSOCKETDATA, &transfer);
    set(CURLOPT_HEADERFUNCTION, &WriteHeader);
    set(CURLOPT_HEADERDATA, &transfer);
    set(CURLOPT_WRITEFUNCTION, &WriteBody);
    set(CURLOPT_WRITEDATA, &transfer);
    SetUpBody(curl, request, transfer);
  }

  static void SetUpBody(CURL* curl, const ClientRequest& request, Transfer& transfer) {
    const auto set = [curl](CURLoption option, auto value) {
      BW_CHECK(curl_easy_setopt(curl, option, value) == CURLE_OK);
    };
    const std::uint64_t length =
        request.source != nullptr ? request.source_length : request.body.size();
    const bool needs_length =
        request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
    if (request.method == "HEAD") {
      set(CURLOPT_NOBODY, 1L);
    } else if (length > 0 || needs_length) {
      set(CURLOPT_UPLOAD, 1L);
      set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(length));
      set(CURLOPT_READFUNCTION, &ReadBody);
      set(CURLOPT_READDATA, &transfer);
      set(CURLOPT_SEEKFUNCTION, &SeekBody);
      set(CURLOPT_SEEKDATA, &transfer);
    }
    if (request.method != "HEAD") set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }

  EasyPtr Borrow() {
    {
      MutexLock lock(mutex_);
      if (!idle_.empty()) {
        EasyPtr handle = std::move(idle_.back());
        idle_.pop_back();
        return handle;
      }
    }
    EasyPtr handle(curl_easy_init());
    BW_CHECK(handle != nullptr);
    return handle;
  }

  void GiveBack(EasyPtr handle) {
    MutexLock lock(mutex_);
    if (idle_.size() < options_.max_idle_handles) idle_.push_back(std::move(handle));
  }

  const ClientOptions options_;
  Mutex mutex_;
  std::vector<EasyPtr> idle_ BW_GUARDED_BY(mutex_);
};

HttpClient::HttpClient(ClientOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
HttpClient::~HttpClient() = default;

Result<ClientResponse> HttpClient::Send(const ClientRequest& request) const {
  return impl_->Perform(request, nullptr);
}

Result<ClientResponse> HttpClient::Download(const ClientRequest& request, io::Sink& sink) const {
  return impl_->Perform(request, &sink);
}

}  // namespace breakwater::net
