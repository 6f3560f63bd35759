// HTTP as handlers see it: a request with a body to read, a response with a body to send. Handlers
// are synchronous and know nothing of threads or readiness; what carries them may change.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/stream.h"

namespace breakwater::net {

// Header fields in order; names compare without case. RFC 9110 §5.
class Headers {
 public:
  void Add(std::string name, std::string value);
  void Set(std::string name, std::string value);  // replaces all of that name
  // The first value, or nothing.
  std::optional<std::string_view> Get(std::string_view name) const;
  std::vector<std::string_view> GetAll(std::string_view name) const;
  void Remove(std::string_view name);
  const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

enum class ListenerKind { kPublic, kPrivate };

// Where a request came from. Decided by the listener (or a trusted proxy), never by Host.
struct Peer {
  std::string address = {};  // numeric, without port; the client's own behind a trusted proxy
  ListenerKind listener = ListenerKind::kPublic;
  bool tls = false;
  std::string server_address = {};  // "127.0.0.1:5000": the listener's own address
};

struct Request {
  std::string method;  // upper case as sent
  std::string path;    // raw, still percent-encoded, begins with "/"
  std::string query;   // raw, without "?"
  Headers headers;
  Peer peer;
  std::string id;  // request id: the caller's X-Request-Id/Transaction-Id if sane, else new
  // Present if the request has a body (content_length > 0, or chunked).
  std::optional<std::uint64_t> content_length;
  bool has_body = false;
  io::Source* body = nullptr;  // never null; lives as long as the call. Bounded by deadlines.
};

// Bytes [offset, offset + length) of an open file, sent without passing through this program
// where the system can. `owner` keeps the descriptor open.
struct FileSlice {
  int descriptor = -1;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::shared_ptr<const void> owner;
};

// A body that is made while it is sent; of known length, or chunked.
struct StreamBody {
  std::unique_ptr<io::Source> source;
  std::optional<std::uint64_t> length;
};

// Bytes that a cache holds too. Never null.
using SharedBytes = std::shared_ptr<const std::string>;

struct Response {
  int status = 200;
  Headers headers;
  std::variant<std::string, FileSlice, StreamBody, SharedBytes> body;
  // Content-Length of an answer without a body (HEAD): overrides the body's own size.
  std::optional<std::uint64_t> announced_length;

  // The body where it is in memory as a whole, its own or shared; nothing where it is yet to read.
  std::optional<std::string_view> text() const;
};

// One function answers everything that arrives. Called from many threads at once.
using RequestHandler = std::function<Response(Request&)>;

// Decoded query or form parameters in order, repeated names kept. "+" is a space.
class Parameters {
 public:
  static Result<Parameters> Parse(std::string_view encoded);
  std::optional<std::string_view> Get(std::string_view name) const;  // the first
  std::vector<std::string_view> GetAll(std::string_view name) const;
  bool Has(std::string_view name) const { return Get(name).has_value(); }

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

}  // namespace breakwater::net
