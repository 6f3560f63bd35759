#include "db/postgres/statements.h"

#include <algorithm>

#include "crypto/hash.h"

namespace breakwater::db::postgres {
namespace {

// Of 63 bytes that PostgreSQL allows a name; 128 bits are enough for statements that we write.
constexpr std::size_t kNameDigits = 32;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

std::size_t CountParameters(std::string_view sql) {
  std::size_t most = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] == '\'') quoted = !quoted;
    if (quoted || sql[i] != '$') continue;
    std::size_t number = 0;
    while (i + 1 < sql.size() && IsDigit(sql[i + 1]) && number < 1'000'000) {
      number = number * 10 + static_cast<std::size_t>(sql[++i] - '0');
    }
    most = std::max(most, number);
  }
  return most;
}

PreparedStatement& StatementCache::Find(std::string_view sql, std::string_view types) {
  std::string key(sql);
  key.push_back('\0');
  key += types;
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front();
  }
  std::string name = "bw_" + crypto::Sha256Hex(key).substr(0, kNameDigits);
  entries_.push_front(PreparedStatement{.key = std::move(key),
                                        .name = std::move(name),
                                        .parameters = CountParameters(sql),
                                        .known_to_server = false});
  by_key_.emplace(entries_.front().key, entries_.begin());
  return entries_.front();
}

std::optional<std::string> StatementCache::Evict() {
  while (entries_.size() > most_) {
    by_key_.erase(entries_.back().key);  // while the key is where its view points
    PreparedStatement last = std::move(entries_.back());
    entries_.pop_back();
    if (last.known_to_server) return std::move(last.name);
  }
  return std::nullopt;
}

}  // namespace breakwater::db::postgres
