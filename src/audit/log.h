// The audit trail: records written in the transaction of what they record, then sealed into a chain
// of hashes. There is no switch that turns it off.
//
// A record's row is part of the change's own transaction, so concurrent changes do not queue for
// the end of the chain; a sealer gives rows their sequence and hash shortly after. Verification
// reports the tail that is not yet sealed. What reads leave is batched (recorder.h), sealed entries
// become files of the blob store (segments.h), and signed heads tell how long the chain was when
// (heads.h).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/record.h"
#include "base/result.h"
#include "base/time.h"
#include "db/database.h"

namespace breakwater::audit {

// A sealed record: hash = SHA-256(sequence, previous hash, canonical record). The first entry's
// previous hash is kNoHash.
struct Entry {
  std::int64_t sequence = 0;  // from 1, without gaps but before a continuation
  std::string previous_hash;  // lower-case hex
  std::string hash;
  std::string record;   // canonical JSON: the bytes that are hashed
  Timestamp time = {};  // of the record, where it comes from the database
};

extern const std::string kNoHash;  // 64 zeros

json::Value ToJson(const Entry& entry);
Result<Entry> EntryFromJson(const json::Value& document);

// A trail that is restored ends earlier than it once did. What it goes on with must not have the
// numbers of what was lost, which others may have seen and the trail's own key has signed: its next
// entry is a record of this action, which says behind which entry it goes on and leaves out a piece
// of the numbers, greater than a trail can have grown meanwhile.
inline constexpr std::string_view kContinuedAction = "breakwater.audit.continued";
// Behind which entry a record says that the trail goes on; nothing if it is another record.
std::optional<std::int64_t> ContinuedAfter(std::string_view record);

// Where the chain ends.
struct ChainEnd {
  std::int64_t sequence = 0;
  std::string hash = kNoHash;
  friend bool operator==(const ChainEnd&, const ChainEnd&) = default;
};

// Checks a chain entry by entry; needs nothing but the entries. Detects an edit, a reorder, a gap
// that no continuation explains and, given the expected end, a cut tail.
class ChainVerifier {
 public:
  // `from`: the entry before the first one.
  explicit ChainVerifier(ChainEnd from = {}) : end_(std::move(from)) {}
  // kDataCorrupt names the sequence and what is wrong. Nothing may be added after an error.
  Status Add(const Entry& entry) {
    return Add(entry.sequence, entry.previous_hash, entry.hash, entry.record);
  }
  Status Add(std::int64_t sequence, std::string_view previous_hash, std::string_view hash,
             std::string_view record);
  std::int64_t count() const { return end_.sequence; }   // of the last entry
  const std::string& head() const { return end_.hash; }  // hash of the last entry

 private:
  ChainEnd end_;
  std::string text_;
};

// Records are in order by time; two of one time by their rows.
struct Position {
  Timestamp time = {};
  std::int64_t row = 0;
  // How far the trail was sealed when all up to here was listed. A record has the time of what it
  // is of, and may be written later: who lists from here on is given first what was sealed since
  // and lies before, by no more than a day. Absent: only what lies behind.
  std::optional<std::int64_t> sealed = {};
};

struct Filter {
  std::optional<AccountId> account = {};
  std::optional<std::string> action = {};
  std::optional<IamId> initiator = {};
  std::optional<std::string> target = {};  // by name
  std::optional<Outcome> outcome = {};
  std::optional<std::string> request_id = {};
  std::optional<Timestamp> since = {};
  std::optional<Timestamp> until = {};
  std::optional<Position> after = {};             // paging: that of the last one seen
  std::optional<std::int64_t> sealed_until = {};  // what is sealed up to this sequence alone
  std::int64_t limit = 100;
};

struct Found {
  Position position;
  std::optional<std::int64_t> sequence;  // absent until sealed
  Record record;
};

// A piece of a listing that goes on.
struct Page {
  std::vector<Found> found = {};
  Position end = {};  // from where it goes on
  bool full = false;  // there may be more already
};

struct Verification {
  std::int64_t first = 1;  // of the sealed entries that are rows; older ones are segments
  std::int64_t sealed = 0;
  std::int64_t unsealed = 0;  // the tail
  std::string head;
};

// Thread-safe.
class Log {
 public:
  Log(db::Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  // Adds a record to the caller's transaction.
  Status Append(db::Transaction& tx, Record record) const;
  // The same for many, with few statements.
  Status AppendAll(db::Transaction& tx, std::span<const Record> records) const;
  // The same in a transaction of its own, for what changed nothing (a refusal). Where changes are
  // made together (db/together.h) it is made after them, whatever becomes of them: OK says nothing
  // then, and a failure is logged. The log must outlive them.
  Status AppendAlone(const Record& record) const;

  // Those behind `filter.after`, oldest first, sealed or not. What it takes depends on how many
  // records have the request, initiator, target or action that is asked for; if none of these is,
  // on how many the account has.
  Result<std::vector<Found>> Query(const Filter& filter) const;
  // The same for who pages to the end, and comes again for what is new: seals first, and lists only
  // what is sealed. From page to page each record is there once, whatever is written meanwhile:
  // those that were sealed late (Position::sealed) first, in the order in which they were.
  Result<Page> List(const Filter& filter) const;

  // Goes on, sealed, with a record of kContinuedAction. Nothing for a trail without sealed entries.
  Status Continue(db::Transaction& tx, const AccountId& account) const;

  // Seals what is not; the number of records sealed. However many call it at once, in whatever
  // processes, one at a time seals: they queue for the row of the chain's end.
  Result<std::int64_t> Seal() const;
  Result<ChainEnd> End() const;
  Result<std::int64_t> CountUnsealed() const;
  // Sealed entries that are rows, from `first_sequence`, in order and at most `limit`; stops at the
  // visitor's first error.
  Status Export(std::int64_t first_sequence, std::int64_t limit,
                const std::function<Status(const Entry&)>& visit) const;
  // Walks all entries that are rows, and looks whether the chain ends where it should.
  Result<Verification> Verify() const;

 private:
  Result<std::int64_t> SealSome() const;

  db::Database& database_;
  const Clock& clock_;
};

}  // namespace breakwater::audit
