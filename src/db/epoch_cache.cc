#include "db/epoch_cache.h"

#include <algorithm>
#include <functional>

namespace breakwater::db {
namespace {

// What an entry takes beside its key's and value's bytes: nodes, pointers, counters.
constexpr std::size_t kEntryBytes = 256;

}  // namespace

std::size_t EpochEntries::Hash::operator()(Key key) const noexcept {
  std::size_t hash = 0;
  for (const std::string_view part : key) {
    hash = hash * 0x9e3779b97f4a7c15U + std::hash<std::string_view>{}(part);
  }
  return hash;
}

bool EpochEntries::Equal::operator()(Key a, Key b) const noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

EpochEntries::Value EpochEntries::Find(Key key, std::uint64_t epoch) {
  const MutexLock lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end() || found->second->epoch != epoch) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->value;
}

void EpochEntries::Keep(Key key, std::uint64_t epoch, Value value, std::size_t value_bytes) {
  std::size_t bytes = kEntryBytes + value_bytes;
  for (const std::string_view part : key) bytes += part.size() + sizeof part;
  const MutexLock lock(mutex_);
  if (const auto old = by_key_.find(key); old != by_key_.end()) Drop(old->second);
  if (bytes > std::min(limits_.max_entry_bytes, limits_.max_bytes)) return;
  while (bytes_ + bytes > limits_.max_bytes) Drop(std::prev(entries_.end()));

  Entry& entry = entries_.emplace_front();
  for (const std::string_view part : key) entry.text += part;
  std::string_view rest = entry.text;
  for (const std::string_view part : key) {
    entry.parts.push_back(rest.substr(0, part.size()));
    rest.remove_prefix(part.size());
  }
  entry.epoch = epoch;
  entry.value = std::move(value);
  entry.bytes = bytes;
  by_key_.emplace(Key(entry.parts), entries_.begin());
  bytes_ += bytes;
}

void EpochEntries::Drop(Entries::iterator entry) {
  bytes_ -= entry->bytes;
  by_key_.erase(Key(entry->parts));
  entries_.erase(entry);
}

}  // namespace breakwater::db
