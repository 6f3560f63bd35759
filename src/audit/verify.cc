#include "audit/verify.h"

#include <algorithm>
#include <cstring>
#include <functional>

namespace breakwater::audit {
namespace {

// Calls `visit` for each line, without its end. Stops at an error, or when `visit` says false.
Status ForEachLine(io::Source& source,
                   const std::function<Result<bool>(std::string_view line)>& visit) {
  Bytes buffer(1U << 20);
  std::size_t begin = 0;  // of what was not visited yet
  std::size_t end = 0;
  while (true) {
    if (begin > 0) {
      std::memmove(buffer.data(), buffer.data() + begin, end - begin);
      end -= begin;
      begin = 0;
    }
    if (end == buffer.size()) {
      if (buffer.size() >= kMaxLine) return DataCorrupt("a line is too long");
      buffer.resize(buffer.size() * 2);
    }
    BW_TRY(const std::size_t got, source.Read(std::span(buffer).subspan(end)));
    const std::size_t searched = end;
    end += got;
    std::size_t from = searched;
    while (from < end) {
      const void* found = std::memchr(buffer.data() + from, '\n', end - from);
      if (found == nullptr) break;
      const auto at =
          static_cast<std::size_t>(static_cast<const std::byte*>(found) - buffer.data());
      BW_TRY(const bool more, visit(AsText(ByteView(buffer).subspan(begin, at - begin))));
      if (!more) return Ok();
      begin = from = at + 1;
    }
    if (got > 0) continue;
    if (begin == end) return Ok();
    return DataCorrupt("the file ends in the middle of a line");
  }
}

}  // namespace

void LatestHashes::Add(std::int64_t sequence, std::string_view hash) {
  if (hashes_.empty()) hashes_.resize(kKept);
  const bool follows =
      !runs_.empty() && sequence == runs_.back().sequence + (arrived_ - runs_.back().arrival);
  if (!follows) runs_.push_back({sequence, arrived_});
  hashes_[static_cast<std::size_t>(arrived_ % kKept)] = hash;
  ++arrived_;
  if (EndOf(runs_.begin()) <= arrived_ - kKept) runs_.erase(runs_.begin());
}

const std::string* LatestHashes::Find(std::int64_t sequence) const {
  auto run = std::ranges::upper_bound(runs_, sequence, {}, &Run::sequence);
  if (run == runs_.begin()) return nullptr;
  --run;
  if (sequence - run->sequence >= EndOf(run) - run->arrival) return nullptr;
  const std::int64_t arrival = run->arrival + (sequence - run->sequence);
  if (arrival < arrived_ - kKept) return nullptr;
  return &hashes_[static_cast<std::size_t>(arrival % kKept)];
}

FileVerifier::FileVerifier(crypto::VerifyingKey key, std::vector<Head> expected, OnRecord on_record)
    : key_(std::move(key)), on_record_(std::move(on_record)) {
  for (Head& head : expected) {
    const std::int64_t sequence = head.sequence;
    expected_.emplace(sequence, std::move(head));
  }
}

Status FileVerifier::Add(io::Source& source, std::string_view name) {
  std::int64_t number = 0;
  Status status = ForEachLine(source, [&](std::string_view line) -> Result<bool> {
    ++number;
    BW_TRY_STATUS(AddLine(line));
    return true;
  });
  if (status.ok()) return status;
  const Error& error = status.error();
  if (error.code() != ErrorCode::kDataCorrupt && error.code() != ErrorCode::kInvalid) return status;
  return DataCorrupt(std::string(name) + ", line " + std::to_string(number) + ": " +
                     error.message());
}

Status FileVerifier::AddLine(std::string_view line) {
  if (const auto entry = ParseEntryLine(line)) return AddEntry(*entry);
  BW_TRY(const Line parsed, ParseLine(line));
  if (const auto* head = std::get_if<Head>(&parsed)) return AddHead(*head);
  found_.unsealed = std::get<Unsealed>(parsed).count;
  return Ok();
}

Status FileVerifier::AddEntry(const EntryView& entry) {
  if (chain_ == nullptr) {
    if (entry.sequence < 1) return DataCorrupt("entries count from 1");
    // Of a trail that begins later, what came before the first entry is taken from it.
    chain_ = std::make_unique<ChainVerifier>(
        entry.sequence == 1 ? ChainEnd{}
                            : ChainEnd{entry.sequence - 1, std::string(entry.previous_hash)});
    found_.first = entry.sequence;
  }
  if (const std::string* known = hashes_.Find(entry.sequence); known && entry.hash == *known) {
    ChainVerifier again({entry.sequence - 1, std::string(entry.previous_hash)});
    BW_TRY_STATUS(again.Add(entry.sequence, entry.previous_hash, entry.hash, entry.record));
    ++found_.repeated;
    return Ok();
  }
  const auto after = entry.sequence > chain_->count() + 1 ? ContinuedAfter(entry.record)
                                                          : std::optional<std::int64_t>();
  if (after) BW_TRY_STATUS(ContinueAfter(entry, *after));
  BW_TRY_STATUS(chain_->Add(entry.sequence, entry.previous_hash, entry.hash, entry.record));
  if (on_record_) on_record_(entry.record);
  hashes_.Add(entry.sequence, chain_->head());
  return MeetExpected(entry, after);
}

Status FileVerifier::MeetExpected(const EntryView& entry,
                                  const std::optional<std::int64_t>& after) {
  while (!expected_.empty() && expected_.begin()->first <= entry.sequence) {
    Head head = std::move(expected_.begin()->second);
    expected_.erase(expected_.begin());
    BW_TRY_STATUS(CheckSignature(head));
    const bool lost = after && head.sequence > *after && head.sequence < entry.sequence;
    if (head.sequence >= found_.first && !lost) {
      BW_TRY_STATUS(Meet(head, chain_->head()));
      continue;
    }
    found_.unreachable.push_back(head.sequence);
    if (lost) excused_.push_back({std::move(head), entry.sequence});
  }
  return Ok();
}

// The entries may be those of a destination that has got what was lost: the trail goes on behind an
// earlier one of them then.
Status FileVerifier::ContinueAfter(const EntryView& entry, std::int64_t after) {
  const std::int64_t last = chain_->count();
  if (after < last) {
    const std::string* known = hashes_.Find(after);
    if (known == nullptr || *known != entry.previous_hash) {
      return DataCorrupt("audit entry " + std::to_string(entry.sequence) +
                         ": it goes on behind entry " + std::to_string(after) +
                         ", which is not one of those before it");
    }
    chain_ = std::make_unique<ChainVerifier>(ChainEnd{after, std::string(entry.previous_hash)});
  }
  found_.continued.push_back(after);
  return Ok();
}

Status FileVerifier::AddHead(const Head& head) {
  BW_TRY_STATUS(CheckSignature(head));
  const std::int64_t last = chain_ == nullptr ? 0 : chain_->count();
  if (head.sequence > last) {
    return DataCorrupt("a head of entry " + std::to_string(head.sequence) +
                       " stands behind entry " + std::to_string(last) +
                       ": entries are missing before it");
  }
  if (const std::string* hash = hashes_.Find(head.sequence)) return Meet(head, *hash);
  found_.unreachable.push_back(head.sequence);
  return Ok();
}

Status FileVerifier::CheckSignature(const Head& head) const {
  const std::string what = "the head of entry " + std::to_string(head.sequence);
  if (head.kid != key_.kid()) {
    return DataCorrupt(what + " is signed by another key, " + head.kid + ", than the one given, " +
                       key_.kid());
  }
  if (!IsSignedBy(head, key_)) return DataCorrupt(what + ": its signature is wrong");
  return Ok();
}

Status FileVerifier::Meet(const Head& head, std::string_view hash) {
  if (head.hash != hash) {
    return DataCorrupt("audit entry " + std::to_string(head.sequence) + ": the head signed at " +
                       FormatRfc3339(head.time) +
                       " vouches for another chain; something in or before this entry was made up "
                       "later, behind entry " +
                       std::to_string(found_.signed_to));
  }
  ++found_.heads;
  if (head.sequence > found_.signed_to) {
    found_.signed_to = head.sequence;
    found_.signed_at = head.time;
  }
  return Ok();
}

Result<FileVerification> FileVerifier::Finish() {
  if (chain_ != nullptr) {
    found_.last = chain_->count();
    found_.hash = chain_->head();
  }
  for (const auto& [sequence, head] : expected_) {
    BW_TRY_STATUS(CheckSignature(head));
    return DataCorrupt("the trail ends at entry " + std::to_string(found_.last) +
                       ", but the head signed at " + FormatRfc3339(head.time) + " vouches for " +
                       std::to_string(sequence) + " entries: the tail was cut off");
  }
  for (const auto& [head, continuation] : excused_) {
    if (found_.signed_to >= continuation) continue;
    return DataCorrupt("entry " + std::to_string(head.sequence) + ", which the head signed at " +
                       FormatRfc3339(head.time) +
                       " vouches for, was lost by a restore that entry " +
                       std::to_string(continuation) +
                       " tells of, but no head vouches for that: the tail may have been cut off");
  }
  return found_;
}

Result<std::optional<std::int64_t>> FirstSequence(io::Source& source) {
  std::optional<std::int64_t> first;
  BW_TRY_STATUS(ForEachLine(source, [&](std::string_view line) -> Result<bool> {
    BW_TRY(const Line parsed, ParseLine(line));
    const auto* entry = std::get_if<EntryView>(&parsed);
    if (entry == nullptr) return true;
    first = entry->sequence;
    return false;
  }));
  return first;
}

}  // namespace breakwater::audit
