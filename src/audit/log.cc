#include "audit/log.h"

#include <algorithm>

#include "audit/log_query.h"
#include "base/strings.h"
#include "crypto/hash.h"
#include "db/together.h"
#include "json/reader.h"
#include "observe/log.h"

namespace breakwater::audit {

const std::string kNoHash(64, '0');

namespace {

// Bounds the length of one sealing transaction; the next one continues.
constexpr std::size_t kSealBatch = 2048;
// Rows of one statement. Few distinct statements, so that they stay prepared.
constexpr std::size_t kRowsAtOnce = 32;
// A restored trail goes on with a number that no trail has come to which grew by fewer entries a
// second since it began, or was restored itself. More are left out than a segment holds.
constexpr std::int64_t kNumbersASecond = 1000;
constexpr std::int64_t kLeastLeftOut = 1'000'000;

// Sequence and previous hash are part of the hashed text, so an entry cannot be moved.
void HashedText(std::int64_t sequence, std::string_view previous_hash, std::string_view record,
                std::string& text) {
  text.clear();
  text += std::to_string(sequence);
  text += '\n';
  text += previous_hash;
  text += '\n';
  text += record;
}

// Whether `hex` is lower-case hex of `bytes`.
bool IsHex(ByteView bytes, std::string_view hex) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (hex.size() != 2 * bytes.size()) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto octet = std::to_integer<unsigned>(bytes[i]);
    if (hex[2 * i] != kDigits[octet >> 4] || hex[2 * i + 1] != kDigits[octet & 15]) return false;
  }
  return true;
}

Result<ChainEnd> ReadEnd(db::Transaction& tx) {
  BW_TRY(const auto end,
         tx.QueryOne("SELECT sequence, hash FROM audit_chain WHERE id = 1", {},
                     [](const db::Row& row) { return ChainEnd{row.Int(0), row.String(1)}; }));
  return end.value_or(ChainEnd{});
}

// "($1, $2), ($3, $4)": `rows` rows of `columns` parameters; `types` casts the first row's.
std::string Placeholders(std::size_t rows, std::span<const std::string_view> types) {
  std::string sql;
  std::size_t number = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    sql += row == 0 ? "(" : ", (";
    for (std::size_t column = 0; column < types.size(); ++column) {
      if (column > 0) sql += ", ";
      const std::string parameter = "$" + std::to_string(++number);
      sql += types[column].empty()
                 ? parameter
                 : "CAST(" + parameter + " AS " + std::string(types[column]) + ")";
    }
    sql += ")";
  }
  return sql;
}

std::string InsertSql(std::size_t rows) {
  static constexpr std::string_view kPlain[9] = {};
  return "INSERT INTO audit_record (id, time, account, action, initiator, target, outcome, "
         "request_id, document) VALUES " +
         Placeholders(rows, kPlain);
}

std::string SealSql(std::size_t rows) {
  static constexpr std::string_view kTypes[] = {"BIGINT", "BIGINT", "TEXT", "TEXT"};
  return "UPDATE audit_record SET sequence = v.column2, previous_hash = v.column3, hash = "
         "v.column4 FROM (VALUES " +
         Placeholders(rows, kTypes) +
         ") AS v WHERE audit_record.row = v.column1 AND audit_record.sequence IS NULL";
}

// One statement for kRowsAtOnce rows, and one for a single row.
template <std::string (*Sql)(std::size_t)>
const std::string& For(std::size_t rows) {
  static const std::string many = Sql(kRowsAtOnce);
  static const std::string one = Sql(1);
  return rows == 1 ? one : many;
}

std::string_view NameOf(const Target& target) {
  return target.name.empty() ? target.crn : target.name;
}

}  // namespace

json::Value ToJson(const Entry& entry) {
  // What was sealed is JSON, and canonical.
  auto record = json::Parse(entry.record, kStoredRecord);
  return {{"sequence", entry.sequence},
          {"previous_hash", json::Text(entry.previous_hash)},
          {"hash", json::Text(entry.hash)},
          {"record", record.ok() ? *std::move(record) : json::Value(json::Text(entry.record))}};
}

Result<Entry> EntryFromJson(const json::Value& document) {
  const json::Reader in(document);
  Entry entry;
  entry.sequence = in.Field("sequence").Int();
  entry.previous_hash = in.Field("previous_hash").String();
  entry.hash = in.Field("hash").String();
  entry.record = json::Canonical(in.Field("record").value());
  BW_TRY_STATUS(in.Finish());
  return entry;
}

Status ChainVerifier::Add(std::int64_t sequence, std::string_view previous_hash,
                          std::string_view hash, std::string_view record) {
  const auto at = [&] { return "audit entry " + std::to_string(sequence); };
  const bool continued = sequence > end_.sequence + 1 && ContinuedAfter(record) == end_.sequence;
  if (sequence != end_.sequence + 1 && !continued) {
    return DataCorrupt(at() + ": expected sequence " + std::to_string(end_.sequence + 1) +
                       "; entries are missing, repeated or out of order");
  }
  if (previous_hash != end_.hash) {
    return DataCorrupt(at() + ": does not follow the entry before it");
  }
  HashedText(sequence, previous_hash, {}, text_);
  thread_local crypto::Hasher hasher(crypto::HashAlgorithm::kSha256);
  hasher.Update(text_);
  hasher.Update(record);
  if (!IsHex(hasher.Finish(), hash)) {
    return DataCorrupt(at() + ": its record is not the one that was sealed");
  }
  end_.sequence = sequence;
  end_.hash = hash;
  return Ok();
}

std::optional<std::int64_t> ContinuedAfter(std::string_view record) {
  const auto document = json::Parse(record, kStoredRecord);
  if (!document.ok() || json::FindText(*document, "action") != kContinuedAction) {
    return std::nullopt;
  }
  const json::Value* request = json::Find(*document, "request");
  const json::Value* after = request == nullptr ? nullptr : json::Find(*request, "after");
  if (after == nullptr || !after->is_int64()) return std::nullopt;
  return after->get_int64();
}

Status Log::Continue(db::Transaction& tx, const AccountId& account) const {
  BW_TRY(const ChainEnd end, ReadEnd(tx));
  if (end.sequence == 0) return Ok();
  Record record;
  record.time = clock_.Now();
  record.id = NewUuidV7(record.time);
  record.account = account;
  record.action = std::string(kContinuedAction);
  record.severity = Severity::kCritical;
  record.initiator.kind = "system";
  record.initiator.name = "audit";
  record.target = {.crn = "", .kind = "audit-trail", .name = "audit-trail"};
  record.request = {{"after", end.sequence}};
  BW_TRY_STATUS(Append(tx, record));
  BW_TRY(const auto row,
         tx.QueryOne("SELECT row, document FROM audit_record WHERE id = $1", {record.id},
                     [](const db::Row& r) { return std::pair(r.Int(0), r.String(1)); }));
  const std::int64_t sequence =
      std::max(end.sequence + kLeastLeftOut, kNumbersASecond * ToUnixSeconds(record.time));
  std::string text;
  HashedText(sequence, end.hash, row->second, text);
  const std::string hash = crypto::Sha256Hex(text);
  BW_TRY_STATUS(
      tx.Execute("UPDATE audit_record SET sequence = $2, previous_hash = $3, hash = $4 "
                 "WHERE row = $1",
                 {row->first, sequence, end.hash, hash}));
  BW_TRY_STATUS(
      tx.Execute("UPDATE audit_chain SET sequence = $1, hash = $2 WHERE id = 1", {sequence, hash}));
  return Ok();
}

Status Log::Append(db::Transaction& tx, Record record) const {
  return AppendAll(tx, std::span(&record, 1));
}

Status Log::AppendAll(db::Transaction& tx, std::span<const Record> records) const {
  std::vector<std::string> texts;  // to which parameters refer
  texts.reserve(3 * kRowsAtOnce);
  std::vector<db::Param> params;
  while (!records.empty()) {
    const std::size_t rows = records.size() >= kRowsAtOnce ? kRowsAtOnce : 1;
    texts.clear();
    params.clear();
    for (const Record& given : records.first(rows)) {
      Record record = Bounded(given);
      if (record.time == Timestamp{}) record.time = clock_.Now();
      if (record.id.empty()) record.id = NewUuidV7(record.time);
      texts.push_back(record.id);
      const std::string& id = texts.back();
      texts.push_back(ComparedTarget(NameOf(given.target)));
      const std::string& target = texts.back();
      // A row that cannot be read back would break the chain for good, and callers choose names.
      texts.push_back(ReplaceInvalidUtf8(json::Canonical(ToJson(record))));
      params.insert(params.end(),
                    {id, record.time, given.account, given.action, given.initiator.iam_id, target,
                     ToText(given.outcome), given.request_id, texts.back()});
    }
    BW_TRY_STATUS(tx.ExecuteWith(For<InsertSql>(rows), params));
    records = records.subspan(rows);
  }
  return Ok();
}

Status Log::AppendAlone(const Record& record) const {
  if (db::IsTogether()) {
    db::AfterTogether([this, record] {
      if (const Status recorded = AppendAlone(record); !recorded.ok()) {
        observe::LogError(observe::Level::kError, "a refusal could not be recorded",
                          recorded.error(),
                          {{"request_id", record.request_id}, {"action", record.action}});
      }
    });
    return Ok();
  }
  return database_.Write([&](db::Transaction& tx) { return Append(tx, record); });
}

Result<std::int64_t> Log::SealSome() const {
  struct Unsealed {
    std::int64_t row;
    std::string document;
  };
  struct Sealed {
    std::int64_t sequence;
    std::string previous;
    std::string hash;
  };
  return database_.WriteValue(
      [](db::Transaction& tx) -> Result<std::int64_t> {
        // Who comes second waits here, and then sees what the first one has sealed.
        BW_TRY_STATUS(
            tx.Execute("INSERT INTO audit_chain (id, sequence, hash) VALUES (1, 0, $1) "
                       "ON CONFLICT (id) DO UPDATE SET sequence = audit_chain.sequence",
                       {kNoHash}));
        BW_TRY(const ChainEnd begin, ReadEnd(tx));
        BW_TRY(const auto unsealed,
               tx.QueryAll("SELECT row, document FROM audit_record WHERE sequence IS NULL "
                           "ORDER BY row LIMIT $1",
                           {kSealBatch},
                           [](const db::Row& row) { return Unsealed{row.Int(0), row.String(1)}; }));
        if (unsealed.empty()) return 0;
        std::vector<Sealed> sealed(unsealed.size());
        ChainEnd end = begin;
        std::string text;
        for (std::size_t i = 0; i < unsealed.size(); ++i) {
          HashedText(end.sequence + 1, end.hash, unsealed[i].document, text);
          sealed[i] = {end.sequence + 1, end.hash, crypto::Sha256Hex(text)};
          end = {sealed[i].sequence, sealed[i].hash};
        }
        std::vector<db::Param> params;
        for (std::size_t i = 0; i < sealed.size();) {
          const std::size_t rows = sealed.size() - i >= kRowsAtOnce ? kRowsAtOnce : 1;
          params.clear();
          for (std::size_t k = i; k < i + rows; ++k) {
            params.insert(params.end(), {unsealed[k].row, sealed[k].sequence, sealed[k].previous,
                                         sealed[k].hash});
          }
          BW_TRY_STATUS(tx.ExecuteWith(For<SealSql>(rows), params));
          i += rows;
        }
        BW_TRY_STATUS(tx.Execute("UPDATE audit_chain SET sequence = $1, hash = $2 WHERE id = 1",
                                 {end.sequence, end.hash}));
        return static_cast<std::int64_t>(unsealed.size());
      },
      db::Isolation::kStatement);
}

Result<std::int64_t> Log::Seal() const {
  // Where there is nothing to do nothing is committed, so that an idle installation stays idle.
  BW_TRY(const bool any, database_.ReadValue([](db::Transaction& tx) -> Result<bool> {
    BW_TRY(const auto found,
           tx.QueryOne("SELECT row FROM audit_record WHERE sequence IS NULL LIMIT 1", {},
                       [](const db::Row& row) { return row.Int(0); }));
    return found.has_value();
  }));
  if (!any) return 0;
  std::int64_t all = 0;
  while (true) {
    BW_TRY(const std::int64_t some, SealSome());
    all += some;
    if (some < static_cast<std::int64_t>(kSealBatch)) return all;
  }
}

Result<ChainEnd> Log::End() const {
  return database_.ReadValue(ReadEnd);
}

Result<std::int64_t> Log::CountUnsealed() const {
  return database_.ReadValue([](db::Transaction& tx) -> Result<std::int64_t> {
    BW_TRY(const auto unsealed,
           tx.QueryOne("SELECT count(*) FROM audit_record WHERE sequence IS NULL", {},
                       [](const db::Row& row) { return row.Int(0); }));
    return unsealed.value_or(0);
  });
}

Status Log::Export(std::int64_t first_sequence, std::int64_t limit,
                   const std::function<Status(const Entry&)>& visit) const {
  return database_.Read([&](db::Transaction& tx) {
    return tx.Query(
        "SELECT sequence, previous_hash, hash, document, time FROM audit_record "
        "WHERE sequence >= $1 ORDER BY sequence LIMIT $2",
        {first_sequence, limit}, [&](const db::Row& row) -> Status {
          return visit({.sequence = row.Int(0),
                        .previous_hash = row.String(1),
                        .hash = row.String(2),
                        .record = row.String(3),
                        .time = row.Time(4)});
        });
  });
}

Result<Verification> Log::Verify() const {
  constexpr std::int64_t kPage = 4096;
  std::optional<ChainVerifier> verifier;
  Verification verified;
  // The end that the chain must have reached, asked for before it can grow under the walk.
  BW_TRY(const ChainEnd end, End());
  std::int64_t seen = kPage;
  while (seen == kPage) {
    seen = 0;
    BW_TRY_STATUS(
        Export(verifier ? verifier->count() + 1 : 1, kPage, [&](const Entry& entry) -> Status {
          ++seen;
          if (!verifier) {
            verified.first = entry.sequence;
            verifier.emplace(entry.sequence == 1
                                 ? ChainEnd{}
                                 : ChainEnd{entry.sequence - 1, entry.previous_hash});
          }
          BW_TRY_STATUS(verifier->Add(entry));
          if (entry.sequence == end.sequence && entry.hash != end.hash) {
            return DataCorrupt("audit entry " + std::to_string(end.sequence) +
                               ": it is not the one that the chain ended with");
          }
          return Ok();
        }));
  }
  if (verifier) {
    verified.sealed = verifier->count();
    verified.head = verifier->head();
  } else {
    verified.head = kNoHash;
  }
  if (verifier && verifier->count() < end.sequence) {
    return DataCorrupt("audit entry " + std::to_string(end.sequence) + ": the entries behind " +
                       std::to_string(verifier->count()) + " are missing");
  }
  BW_TRY(verified.unsealed, CountUnsealed());
  return verified;
}

}  // namespace breakwater::audit
