#include "net/http_client.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <vector>

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/handle.h"
#include "base/strings.h"
#include "base/sync.h"
#include "base/wait.h"
#include "net/http_parser.h"
#include "net/socket.h"

namespace breakwater::net {
namespace {

constexpr std::size_t kMaxResponseHeaderBytes = 64 * 1024;
constexpr long kReceiveBuffer = 256 * 1024;
constexpr std::uint64_t kMaxErrorBody = 1024 * 1024;
constexpr int kPollMilliseconds = 1000;

using EasyPtr = UniqueHandle<CURL, curl_easy_cleanup>;
using MultiPtr = UniqueHandle<CURLM, curl_multi_cleanup>;
using UrlPtr = UniqueHandle<CURLU, curl_url_cleanup>;
using ListPtr = UniqueHandle<curl_slist, curl_slist_free_all>;
using TextPtr = UniqueHandle<char, curl_free>;

void InitCurlOnce() {
  static std::once_flag once;
  std::call_once(once, [] { BW_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
}

std::string_view TextOf(const ClientRequest& request) {
  return request.body_view.empty() ? request.body : AsText(request.body_view);
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

// What a stream has received and nobody has read yet.
struct Pending {
  std::string bytes;
  std::size_t read = 0;
  bool paused = false;
  bool head_done = false;

  bool empty() const { return read == bytes.size(); }
};

// One request under way: what curl's callbacks work on.
struct Transfer {
  const OutboundPolicy& policy;
  io::Source* source = nullptr;  // what is sent
  std::string_view text;         // or this
  std::size_t sent = 0;          // of `text`
  std::uint64_t source_left = 0;
  io::Sink* sink = nullptr;    // for the body of a 2xx, or null
  Pending* pending = nullptr;  // for the body of a stream, or null
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
  if (transfer.pending != nullptr && !transfer.pending->empty()) {
    transfer.pending->paused = true;  // curl keeps these bytes and brings them again
    return CURL_WRITEFUNC_PAUSE;
  }
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
  if (transfer.pending != nullptr) {
    transfer.pending->bytes.assign(data, n);
    transfer.pending->read = 0;
    transfer.pending->head_done = true;
    return n;
  }
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
  } else if (line.empty()) {
    if (transfer.pending != nullptr) transfer.pending->head_done = transfer.response.status >= 200;
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
    // A destination that restarts breaks handshakes off; one that is not trusted stays so.
    case CURLE_SSL_CONNECT_ERROR:
      return unavailable("TLS with the destination failed", "handshake_failed").Log(log);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return unavailable("the destination's certificate is not trusted", "tls_failed").Log(log);
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

// What curl refers to for as long as a transfer lasts.
struct Prepared {
  UrlPtr url;
  ListPtr headers;
};

}  // namespace

class HttpClient::Impl {
 public:
  explicit Impl(ClientOptions options) : options_(std::move(options)) {
    InitCurlOnce();
    IgnoreBrokenPipes();
    if (options_.connect_to.empty()) return;
    connect_to_.reset(curl_slist_append(nullptr, ("::" + options_.connect_to).c_str()));
    BW_CHECK(connect_to_ != nullptr);
  }

  Result<std::unique_ptr<ClientStream>> Open(ClientRequest request);

  Result<ClientResponse> Perform(const ClientRequest& request, io::Sink* sink) {
    BW_TRY(const Prepared prepared, Prepare(request));
    Transfer transfer{.policy = options_.policy,
                      .source = request.source,
                      .text = TextOf(request),
                      .source_left = request.source_length,
                      .sink = sink,
                      .limit = request.max_response_bytes,
                      .response = {},
                      .failure = {}};
    EasyPtr handle = Borrow(idle_);
    char detail[CURL_ERROR_SIZE] = {};
    SetUp(handle.get(), request, prepared, transfer, detail);
    const CURLcode code = curl_easy_perform(handle.get());
    // The handle must not remember what dies with this call.
    curl_easy_reset(handle.get());
    GiveBack(std::move(handle), idle_);
    if (transfer.failure.has_value()) return *std::move(transfer.failure);
    if (code != CURLE_OK) return ToError(code, detail);
    return std::move(transfer.response);
  }

 private:
  class Stream;

  void SetUp(CURL* curl, const ClientRequest& request, const Prepared& prepared, Transfer& transfer,
             char* detail) const {
    const auto set = [curl](CURLoption option, auto value) {
      BW_CHECK(curl_easy_setopt(curl, option, value) == CURLE_OK);
    };
    set(CURLOPT_ERRORBUFFER, detail);
    set(CURLOPT_CURLU, prepared.url.get());
    set(CURLOPT_PROTOCOLS_STR, options_.policy.allow_plain_http ? "http,https" : "https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");  // not even from the environment
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_USERAGENT, options_.user_agent.c_str());
    set(CURLOPT_HTTPHEADER, prepared.headers.get());
    if (connect_to_ != nullptr) set(CURLOPT_CONNECT_TO, connect_to_.get());
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
        request.source != nullptr ? request.source_length : TextOf(request).size();
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

  Result<Prepared> Prepare(const ClientRequest& request) const {
    if (!IsToken(request.method)) {
      return Invalid("the request's method is malformed").Reason("invalid_request");
    }
    Prepared out;
    BW_TRY(out.url, ParseUrl(request.url, options_.policy));
    BW_TRY(out.headers, MakeHeaderList(request.headers));
    return out;
  }

  template <class Handle>
  Handle Borrow(std::vector<Handle>& idle) {
    {
      MutexLock lock(mutex_);
      if (!idle.empty()) {
        Handle handle = std::move(idle.back());
        idle.pop_back();
        return handle;
      }
    }
    Handle handle;
    if constexpr (std::is_same_v<Handle, EasyPtr>) {
      handle.reset(curl_easy_init());
    } else {
      handle.reset(curl_multi_init());
    }
    BW_CHECK(handle != nullptr);
    return handle;
  }

  template <class Handle>
  void GiveBack(Handle handle, std::vector<Handle>& idle) {
    MutexLock lock(mutex_);
    if (idle.size() < options_.max_idle_handles) idle.push_back(std::move(handle));
  }

  const ClientOptions options_;
  ListPtr connect_to_;
  Mutex mutex_;  // for the two below, in Borrow and GiveBack
  std::vector<EasyPtr> idle_;
  std::vector<MultiPtr> idle_streams_;  // a stream's connections stay with its multi handle
};

// Drives curl on the reader's thread. Where curl would bring more than one piece it is paused.
class HttpClient::Impl::Stream final : public ClientStream {
 public:
  Stream(Impl& impl, ClientRequest request, Prepared prepared)
      : impl_(impl),
        request_(std::move(request)),
        prepared_(std::move(prepared)),
        transfer_{.policy = impl.options_.policy,
                  .text = TextOf(request_),
                  .pending = &pending_,
                  .limit = request_.max_response_bytes,
                  .response = {},
                  .failure = {}},
        multi_(impl.Borrow(impl.idle_streams_)),
        easy_(impl.Borrow(impl.idle_)) {
    impl_.SetUp(easy_.get(), request_, prepared_, transfer_, detail_);
    // How long a body may take is the reader's affair: Await bounds the time without progress.
    BW_CHECK(curl_easy_setopt(easy_.get(), CURLOPT_TIMEOUT_MS, 0L) == CURLE_OK);
    BW_CHECK(curl_multi_add_handle(multi_.get(), easy_.get()) == CURLM_OK);
  }
  ~Stream() override {
    // Closes the connection unless the response was read to its end.
    curl_multi_remove_handle(multi_.get(), easy_.get());
    curl_easy_reset(easy_.get());
    impl_.GiveBack(std::move(easy_), impl_.idle_);
    impl_.GiveBack(std::move(multi_), impl_.idle_streams_);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  int status() const override { return transfer_.response.status; }
  const Headers& headers() const override { return transfer_.response.headers; }

  Status AwaitHead() {
    return Await([this] { return pending_.head_done; });
  }

  Result<std::size_t> Read(std::span<std::byte> out) override {
    BW_TRY_STATUS(Await([this] { return !pending_.empty(); }));
    const std::size_t count = std::min(out.size(), pending_.bytes.size() - pending_.read);
    if (count == 0) return std::size_t{0};
    std::memcpy(out.data(), pending_.bytes.data() + pending_.read, count);
    pending_.read += count;
    return count;
  }

 private:
  // Lets curl work until `ready`, or the response has ended.
  template <class Ready>
  Status Await(Ready ready) {
    const auto deadline = std::chrono::steady_clock::now() + request_.timeout;
    while (!ready()) {
      if (failed_.has_value()) return *failed_;
      if (done_) return Ok();
      // What came before the failure is there to be read all the same.
      if (Status stepped = Step(deadline); !stepped.ok()) failed_ = std::move(stepped).error();
    }
    return Ok();
  }

  Status Step(std::chrono::steady_clock::time_point deadline) {
    if (std::exchange(pending_.paused, false)) curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
    if (pending_.paused || !pending_.empty()) return Ok();
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    if (running == 0) return Finish();
    if (!pending_.empty()) return Ok();
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return ToError(CURLE_OPERATION_TIMEDOUT, "no progress");
    const auto wait = std::min<std::int64_t>(left.count(), kPollMilliseconds);
    curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(wait), nullptr);
    return Ok();
  }

  Status Finish() {
    done_ = true;
    int left = 0;
    const CURLMsg* message = curl_multi_info_read(multi_.get(), &left);
    const CURLcode code = message != nullptr && message->msg == CURLMSG_DONE ? message->data.result
                                                                             : CURLE_RECV_ERROR;
    if (transfer_.failure.has_value()) return *transfer_.failure;
    return code == CURLE_OK ? Ok() : Status(ToError(code, detail_));
  }

  Impl& impl_;
  const ClientRequest request_;
  const Prepared prepared_;
  Pending pending_;
  Transfer transfer_;
  char detail_[CURL_ERROR_SIZE] = {};
  MultiPtr multi_;
  EasyPtr easy_;
  bool done_ = false;
  std::optional<Error> failed_;
};

Result<std::unique_ptr<ClientStream>> HttpClient::Impl::Open(ClientRequest request) {
  BW_CHECK(request.source == nullptr);
  BW_TRY(Prepared prepared, Prepare(request));
  auto stream = std::make_unique<Stream>(*this, std::move(request), std::move(prepared));
  BW_TRY_STATUS(stream->AwaitHead());
  return std::unique_ptr<ClientStream>(std::move(stream));
}

HttpClient::HttpClient(ClientOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
HttpClient::~HttpClient() = default;

Result<ClientResponse> HttpClient::Send(const ClientRequest& request) const {
  BW_TRY_STATUS(BeforeWaiting());
  return impl_->Perform(request, nullptr);
}

Result<ClientResponse> HttpClient::Download(const ClientRequest& request, io::Sink& sink) const {
  BW_TRY_STATUS(BeforeWaiting());
  return impl_->Perform(request, &sink);
}

Result<std::unique_ptr<ClientStream>> HttpClient::Open(ClientRequest request) const {
  BW_TRY_STATUS(BeforeWaiting());
  return impl_->Open(std::move(request));
}

}  // namespace breakwater::net
