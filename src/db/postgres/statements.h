// The statements that one connection has prepared, by their text and the types of their parameters.
// Internal to db/.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace breakwater::db::postgres {

// The greatest n of the parameters $n outside quotes.
std::size_t CountParameters(std::string_view sql);

struct PreparedStatement {
  std::string key;   // SQL, NUL, types
  std::string name;  // a digest of the key, so a name means the same statement everywhere
  std::size_t parameters = 0;
  bool known_to_server = false;
};

// Not thread-safe.
class StatementCache {
 public:
  explicit StatementCache(std::size_t most) : most_(most) {}

  // Valid until the next call.
  PreparedStatement& Find(std::string_view sql, std::string_view types);
  // The name of one that is over the limit, which is forgotten; the server is to be told.
  std::optional<std::string> Evict();
  std::size_t size() const { return entries_.size(); }

 private:
  const std::size_t most_;
  std::list<PreparedStatement> entries_;  // most recently used first
  std::unordered_map<std::string_view, std::list<PreparedStatement>::iterator> by_key_;
};

}  // namespace breakwater::db::postgres
