// One connection to a directory (RFC 4511), as far as signing in needs it.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace breakwater::iam::ldap {

struct ServerOptions {
  std::string url;                           // ldap:// or ldaps://
  bool start_tls = false;                    // with ldap://
  std::string ca_file;                       // who may vouch for the server; empty: the system's
  std::chrono::milliseconds timeout{5000};   // for all of one sign-in
  std::size_t max_answer_octets = 1U << 20;  // of one message
};

struct Entry {
  std::string dn;
  // By name in lower case; at most kMaxValues values of at most kMaxValueOctets each.
  std::map<std::string, std::vector<std::string>, std::less<>> attributes;

  static constexpr std::size_t kMaxValues = 64;
  static constexpr std::size_t kMaxValueOctets = 4096;

  // The first value, or "".
  std::string_view First(std::string_view attribute) const;
};

enum class Scope { kBase, kSubtree };

struct Search {
  std::string base;
  Scope scope = Scope::kSubtree;
  std::string filter;
  std::vector<std::string> attributes;
  std::size_t most = 2;  // entries; what is beyond is not read
};

// Not thread-safe. Every call ends by the deadline that the connection was opened with: kDeadline
// "directory_timeout". kUnavailable "directory_unavailable" for whatever else goes wrong with it.
class Connection {
 public:
  virtual ~Connection() = default;
  // kUnauthenticated "wrong_password" if the directory does not take them. Never asks with an empty
  // password, which directories take for no question (RFC 4513 §5.1.2).
  virtual Status Bind(const std::string& dn, const Secret& password) = 0;
  // Referrals are not followed. Nothing if the base is not there.
  virtual Result<std::vector<Entry>> Find(const Search& search) = 0;
};

// Whether a directory's answer to a bind (RFC 4511 §4.1.9) means that this name or password gets
// nobody in, as also for entries that it has locked or shut off; else it is in trouble.
bool IsRefusedBind(int result_code);

using Connect = std::function<Result<std::unique_ptr<Connection>>()>;

// By libldap. Blocks: for threads that may wait.
Result<std::unique_ptr<Connection>> OpenConnection(const ServerOptions& options);

}  // namespace breakwater::iam::ldap
