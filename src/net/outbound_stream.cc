#include "net/outbound_stream.h"

#include <curl/curl.h>

#include "base/check.h"
#include "base/handle.h"
#include "base/wait.h"
#include "net/socket.h"

namespace breakwater::net {
namespace {

using EasyPtr = UniqueHandle<CURL, curl_easy_cleanup>;

}  // namespace

class OutboundStream::Impl {
 public:
  explicit Impl(StreamOptions options) : options_(std::move(options)), curl_(curl_easy_init()) {
    BW_CHECK(curl_ != nullptr);
  }

  Status Connect() {
    BW_TRY_STATUS(BeforeWaiting());
    const bool literal6 = options_.host.find(':') != std::string::npos;
    const std::string url = std::string(options_.tls ? "https://" : "http://") +
                            (literal6 ? "[" + options_.host + "]" : options_.host) + ":" +
                            std::to_string(options_.port);
    const auto set = [this](CURLoption option, auto value) {
      BW_CHECK(curl_easy_setopt(curl_.get(), option, value) == CURLE_OK);
    };
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_CONNECT_ONLY, 1L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!options_.ca_file.empty()) {
      set(CURLOPT_CAINFO, options_.ca_file.c_str());
      set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    const CURLcode code = curl_easy_perform(curl_.get());
    if (code != CURLE_OK) {
      return Unavailable(std::string("cannot connect to ") + options_.host + ": " +
                         curl_easy_strerror(code))
          .Reason("cannot_connect");
    }
    curl_socket_t socket = CURL_SOCKET_BAD;
    BW_CHECK(curl_easy_getinfo(curl_.get(), CURLINFO_ACTIVESOCKET, &socket) == CURLE_OK);
    socket_ = socket;
    return Ok();
  }

  Status Send(ByteView bytes) {
    BW_TRY_STATUS(BeforeWaiting());
    BW_TRY_STATUS(CheckOpen());
    const Deadline deadline = SteadyClock::now() + options_.timeout;
    while (!bytes.empty()) {
      std::size_t sent = 0;
      const CURLcode code = curl_easy_send(curl_.get(), bytes.data(), bytes.size(), &sent);
      if (code == CURLE_OK) {
        bytes = bytes.subspan(sent);
      } else if (code == CURLE_AGAIN) {
        if (!Waiter().Writable(socket_, deadline).ok()) {
          return Unavailable("the destination takes nothing any more").Reason("timeout");
        }
      } else {
        return Closed();
      }
    }
    return Ok();
  }

 private:
  static Error Closed() {
    return Unavailable("the destination has closed the connection").Reason("connection_closed");
  }

  // Who receives logs says nothing; what can be read is the connection's end.
  Status CheckOpen() {
    char piece[256];
    while (true) {
      std::size_t got = 0;
      const CURLcode code = curl_easy_recv(curl_.get(), piece, sizeof piece, &got);
      if (code == CURLE_AGAIN) return Ok();
      if (code != CURLE_OK || got == 0) return Closed();
    }
  }

  const StreamOptions options_;
  const EasyPtr curl_;
  int socket_ = -1;
};

OutboundStream::OutboundStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
OutboundStream::~OutboundStream() = default;

Result<std::unique_ptr<OutboundStream>> OutboundStream::Connect(StreamOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  BW_TRY_STATUS(impl->Connect());
  return std::unique_ptr<OutboundStream>(new OutboundStream(std::move(impl)));
}

Status OutboundStream::Send(ByteView bytes) {
  return impl_->Send(bytes);
}

}  // namespace breakwater::net
