// Load for benchmarks where another client would be what is measured: large transfers whose bytes
// are not copied here, pushes whose digests cost next to nothing, and digests alone.
//
// usage: bw_transfer_client get|push|digest [--OPTION VALUE …]
//   --port N --tls yes --authorization TEXT   which server on 127.0.0.1, and the header's value
//   --connections N --seconds S               each begins transfers until the time is over
//   get:  --path P
//   push: --repository NAME --size BYTES      blobs that were never there before: POST, PUT
//         --config DIGEST:SIZE                also PUT a manifest of each, with a tag
// Prints one line of JSON. Any answer but the expected one ends it with 1.

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr std::size_t kPiece = 1U << 20U;
constexpr std::size_t kHashPiece = 64U << 10U;  // what stays in the processor's caches
constexpr std::size_t kTail = 32;               // of a blob: what makes it new
constexpr std::size_t kMostHead = 64U << 10U;
constexpr time_t kPatience = 120;  // seconds without a byte

[[noreturn]] void Fail(const std::string& why) {
  throw std::runtime_error(why);
}

class Options {
 public:
  Options(int count, char** words) {
    for (int i = 0; i + 1 < count; i += 2) {
      const std::string_view name = words[i];
      if (!name.starts_with("--")) Fail("not an option: " + std::string(name));
      values_[std::string(name.substr(2))] = words[i + 1];
    }
    if (count % 2 != 0) Fail("the last option has no value");
  }
  std::string Text(const std::string& name, const std::string& otherwise = "") const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
  }
  std::uint64_t Number(const std::string& name, std::uint64_t otherwise = 0) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return otherwise;
    std::uint64_t value = 0;
    const std::string& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) Fail("no number: " + text);
    return value;
  }
  double Seconds() const { return std::strtod(Text("seconds", "1").c_str(), nullptr); }

 private:
  std::map<std::string, std::string> values_;
};

// A connection, plain or over TLS. The server's certificate is a throw-away one: it is not checked.
class Wire {
 public:
  Wire(std::uint16_t port, SSL_CTX* tls) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{.tv_sec = kPatience, .tv_usec = 0};
    const int on = 1;
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      Fail("the server cannot be reached");
    }
    if (tls == nullptr) return;
    tls_.reset(SSL_new(tls));
    SSL_set_fd(tls_.get(), socket_);
    if (SSL_connect(tls_.get()) != 1) Fail("the TLS handshake failed");
  }
  ~Wire() { ::close(socket_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::string_view piece = bytes.substr(0, kPiece);
      const ssize_t sent = tls_
                               ? SSL_write(tls_.get(), piece.data(), static_cast<int>(piece.size()))
                               : ::send(socket_, piece.data(), piece.size(), MSG_NOSIGNAL);
      if (sent <= 0) Fail("the server does not take the request");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  std::size_t Receive(char* where, std::size_t most) {
    const ssize_t got = tls_ ? SSL_read(tls_.get(), where, static_cast<int>(most))
                             : ::recv(socket_, where, most, 0);
    if (got <= 0) Fail("the server ended the connection");
    return static_cast<std::size_t>(got);
  }
  void Discard(std::uint64_t count) {
    while (count > 0) {
      const std::size_t most = count < kPiece ? static_cast<std::size_t>(count) : kPiece;
      if (tls_) {
        count -= Receive(piece_.data(), most);
        continue;
      }
      // tcp(7): the bytes are dropped without being copied.
      const ssize_t got = ::recv(socket_, piece_.data(), most, MSG_TRUNC);
      if (got <= 0) Fail("the server ended the connection");
      count -= static_cast<std::uint64_t>(got);
    }
  }

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  int socket_;
  std::unique_ptr<SSL, Free> tls_;
  std::string piece_ = std::string(kPiece, '\0');
};

struct Answer {
  int status = 0;
  std::string location;
  std::uint64_t length = 0;
};

// A header's value; empty if there is none. Names compare without case.
std::string HeaderOf(const std::string& head, std::string_view name) {
  std::size_t at = head.find("\r\n");
  while (at != std::string::npos && at + 2 < head.size()) {
    at += 2;
    const std::size_t end = head.find("\r\n", at);
    const std::string line = head.substr(at, end - at);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        ::strncasecmp(line.c_str(), std::string(name).c_str(), name.size()) == 0) {
      const std::size_t value = line.find_first_not_of(" \t", name.size() + 1);
      return value == std::string::npos ? "" : line.substr(value);
    }
    at = end;
  }
  return "";
}

class Client {
 public:
  Client(const Options& options, SSL_CTX* tls)
      : wire_(static_cast<std::uint16_t>(options.Number("port")), tls),
        credential_(options.Text("authorization")) {}

  // The answer's body is dropped.
  Answer Do(const std::string& method, const std::string& path, int expected,
            const std::string& headers = "", std::string_view body = {},
            std::string_view more = {}) {
    std::string head = method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers;
    if (!credential_.empty()) head += "Authorization: " + credential_ + "\r\n";
    if (method != "GET") {
      head += "Content-Length: " + std::to_string(body.size() + more.size()) + "\r\n";
    }
    head += "\r\n";
    // What is small goes out as one segment.
    if (body.size() + more.size() <= kHashPiece) {
      head.append(body).append(more);
      body = more = {};
    }
    wire_.Send(head);
    wire_.Send(body);
    wire_.Send(more);
    Answer answer = Read();
    if (answer.status != expected) {
      Fail(method + " " + path + " was answered " + std::to_string(answer.status));
    }
    return answer;
  }

 private:
  Answer Read() {
    std::string head;
    std::size_t end = std::string::npos;
    while (end == std::string::npos) {
      char piece[4096];
      head.append(piece, wire_.Receive(piece, sizeof(piece)));
      end = head.find("\r\n\r\n");
      if (end == std::string::npos && head.size() > kMostHead)
        Fail("the answer's head is too long");
    }
    const std::uint64_t have = head.size() - end - 4;
    head.resize(end + 2);
    Answer answer;
    if (head.size() > 12) answer.status = std::atoi(head.c_str() + 9);
    answer.location = HeaderOf(head, "Location");
    const std::string length = HeaderOf(head, "Content-Length");
    if (length.empty()) Fail("the answer has no Content-Length");
    answer.length = std::strtoull(length.c_str(), nullptr, 10);
    if (have > answer.length) Fail("the answer is longer than it says");
    wire_.Discard(answer.length - have);
    return answer;
  }

  Wire wire_;
  const std::string credential_;
};

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Digest = std::unique_ptr<EVP_MD_CTX, FreeDigest>;

Digest NewDigest() {
  Digest digest(EVP_MD_CTX_new());
  if (digest == nullptr || EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) != 1)
    Fail("no SHA-256");
  return digest;
}

std::string Hex(const unsigned char* bytes, std::size_t count) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += kDigits[bytes[i] >> 4U];
    text += kDigits[bytes[i] & 15U];
  }
  return text;
}

std::string Random(std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t at = 0; at < count; at += kPiece) {
    const std::size_t piece = std::min(kPiece, count - at);
    RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data() + at), static_cast<int>(piece));
  }
  return bytes;
}

// Blobs that differ in their last bytes: the digest of what they share is taken once.
class Blobs {
 public:
  explicit Blobs(std::size_t size)
      : shared_(Random(size - std::min(size, kTail))), digest_(NewDigest()) {
    EVP_DigestUpdate(digest_.get(), shared_.data(), shared_.size());
  }
  const std::string& shared() const { return shared_; }
  // The digest of `shared` and then `tail`.
  std::string DigestWith(const std::string& tail) const {
    const Digest digest = NewDigest();
    unsigned char octets[EVP_MAX_MD_SIZE];
    unsigned count = 0;
    EVP_MD_CTX_copy_ex(digest.get(), digest_.get());
    EVP_DigestUpdate(digest.get(), tail.data(), tail.size());
    EVP_DigestFinal_ex(digest.get(), octets, &count);
    return "sha256:" + Hex(octets, count);
  }

 private:
  std::string shared_;
  Digest digest_;
};

class Pusher {
 public:
  explicit Pusher(const Options& options)
      : base_("/v2/" + options.Text("repository")), size_(options.Number("size")), blobs_(size_) {
    const std::string config = options.Text("config");
    if (config.empty()) return;
    const std::size_t colon = config.rfind(':');
    config_ = R"({"mediaType":"application/vnd.oci.image.config.v1+json","digest":")" +
              config.substr(0, colon) + R"(","size":)" + config.substr(colon + 1) + "}";
  }

  void Push(Client& client) const {
    const std::string tail = Random(kTail);
    const std::string digest = blobs_.DigestWith(tail);
    std::string where = client.Do("POST", base_ + "/blobs/uploads/", 202).location;
    if (where.starts_with("http")) where.erase(0, where.find('/', where.find("//") + 2));
    where += where.find('?') == std::string::npos ? '?' : '&';
    client.Do("PUT", where + "digest=" + digest, 201, "Content-Type: application/octet-stream\r\n",
              blobs_.shared(), tail);
    if (!config_.empty()) PushManifest(client, digest);
  }
  std::uint64_t size() const { return size_; }

 private:
  void PushManifest(Client& client, const std::string& digest) const {
    static constexpr const char* kType = "application/vnd.oci.image.manifest.v1+json";
    const std::string manifest =
        std::string(R"({"schemaVersion":2,"mediaType":")") + kType + R"(","config":)" + config_ +
        R"(,"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":")" + digest +
        R"(","size":)" + std::to_string(size_) + "}]}";
    client.Do("PUT", base_ + "/manifests/t" + digest.substr(7, 20), 201,
              std::string("Content-Type: ") + kType + "\r\n", manifest);
  }

  const std::string base_;
  const std::uint64_t size_;
  const Blobs blobs_;
  std::string config_;
};

using SteadyClock = std::chrono::steady_clock;

double SecondsSince(SteadyClock::time_point begun) {
  return std::chrono::duration<double>(SteadyClock::now() - begun).count();
}

// Runs `transfer` (which gives its bytes) over every connection until the time is over.
template <typename Transfer>
void Load(const Options& options, const Transfer& transfer) {
  SSL_CTX* const tls = options.Text("tls").empty() ? nullptr : SSL_CTX_new(TLS_client_method());
  std::vector<std::unique_ptr<Client>> clients;
  for (std::uint64_t i = 0; i < options.Number("connections", 1); ++i) {
    clients.push_back(std::make_unique<Client>(options, tls));
  }
  std::atomic<std::uint64_t> transfers = 0;
  std::atomic<std::uint64_t> bytes = 0;
  std::atomic<bool> failed = false;
  const auto begun = SteadyClock::now();
  const auto run = [&](Client& client) {
    try {
      while (!failed && SecondsSince(begun) < options.Seconds()) {
        bytes += transfer(client);
        ++transfers;
      }
    } catch (const std::exception& error) {
      if (!failed.exchange(true)) std::cerr << error.what() << '\n';
    }
  };
  std::vector<std::thread> threads;
  for (auto& client : clients) threads.emplace_back(run, std::ref(*client));
  for (std::thread& thread : threads) thread.join();
  const double took = SecondsSince(begun);
  clients.clear();
  SSL_CTX_free(tls);
  if (failed) std::exit(1);
  std::cout << R"({"transfers": )" << transfers << R"(, "bytes": )" << bytes << R"(, "seconds": )"
            << took << "}\n";
}

double ThreadSeconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void HashAlone(const Options& options) {
  const std::string piece = Random(kHashPiece);
  const Digest digest = NewDigest();
  std::uint64_t bytes = 0;
  const double begun = ThreadSeconds();
  while (ThreadSeconds() - begun < options.Seconds()) {
    for (int i = 0; i < 64; ++i) EVP_DigestUpdate(digest.get(), piece.data(), piece.size());
    bytes += 64 * piece.size();
  }
  std::cout << R"({"bytes": )" << bytes << R"(, "cpu_seconds": )" << ThreadSeconds() - begun
            << "}\n";
}

void Run(const std::string& what, const Options& options) {
  if (what == "digest") return HashAlone(options);
  if (what == "get") {
    const std::string path = options.Text("path");
    return Load(options, [&](Client& client) { return client.Do("GET", path, 200).length; });
  }
  if (what != "push") Fail("get, push or digest?");
  const Pusher pusher(options);
  Load(options, [&](Client& client) {
    pusher.Push(client);
    return pusher.size();
  });
}

}  // namespace

int main(int count, char** words) {
  try {
    if (count < 2) Fail("get, push or digest?");
    Run(words[1], Options(count - 2, words + 2));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
