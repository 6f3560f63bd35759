// The audit trail: records written in the transaction of what they record, then sealed into a chain
// of hashes. There is no switch that turns it off.
//
// A record's row is part of the change's own transaction, so concurrent changes do not queue for
// the end of the chain; a sealer gives rows their sequence and hash shortly after. Verification
// reports the tail that is not yet sealed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "audit/record.h"
#include "base/result.h"
#include "base/time.h"
#include "db/database.h"

namespace breakwater::audit {

// A sealed record: hash = SHA-256(previous hash, sequence, canonical record). The first entry's
// previous hash is 64 zeros.
struct Entry {
  std::int64_t sequence = 0;  // from 1, without gaps
  std::string previous_hash;  // lower-case hex
  std::string hash;
  json::Value record;
};

json::Value ToJson(const Entry& entry);
Result<Entry> EntryFromJson(const json::Value& document);

// Checks a chain entry by entry; needs nothing but the entries. Detects an edit, a reorder, a gap
// and, given the expected head, a cut tail.
class ChainVerifier {
 public:
  // kDataCorrupt names the sequence and what is wrong. Nothing may be added after an error.
  Status Add(const Entry& entry);
  std::int64_t count() const { return next_sequence_ - 1; }
  const std::string& head() const { return head_; }  // hash of the last entry

 private:
  std::int64_t next_sequence_ = 1;
  std::string head_ = std::string(64, '0');
};

struct Filter {
  std::optional<AccountId> account = {};
  std::optional<std::string> action = {};
  std::optional<IamId> initiator = {};
  std::optional<Outcome> outcome = {};
  std::optional<std::string> request_id = {};
  std::optional<Timestamp> since = {};
  std::optional<Timestamp> until = {};
  std::int64_t after_row = 0;  // paging: the last row seen
  std::int64_t limit = 100;
};

struct Found {
  std::int64_t row = 0;
  std::optional<std::int64_t> sequence;  // absent until sealed
  Record record;
};

struct Verification {
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
  // The same in a transaction of its own, for what changed nothing (a refusal).
  Status AppendAlone(const Record& record) const;

  // Oldest first.
  Result<std::vector<Found>> Query(const Filter& filter) const;

  // Seals what is not; the number of records sealed. Only one sealer may run at a time: called
  // from a job that runs in one process, and serialized within it by the writing transaction.
  Result<std::int64_t> Seal() const;
  // Sealed entries from `first_sequence`, in order; stops at the visitor's first error.
  Status Export(std::int64_t first_sequence,
                const std::function<Status(const Entry&)>& visit) const;
  // Walks the whole chain.
  Result<Verification> Verify() const;

 private:
  db::Database& database_;
  const Clock& clock_;
};

}  // namespace breakwater::audit
