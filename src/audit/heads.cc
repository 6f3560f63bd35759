#include "audit/heads.h"

#include "base/bytes.h"
#include "crypto/sealing.h"
#include "json/reader.h"

namespace breakwater::audit {
namespace {

using json::Text;

constexpr std::string_view kColumns =
    "SELECT sequence, hash, time, kid, signature FROM audit_head ";

Head HeadOf(const db::Row& row) {
  return {.sequence = row.Int(0),
          .hash = row.String(1),
          .time = row.Time(2),
          .kid = row.String(3),
          .signature = row.String(4)};
}

struct SealedKey {
  std::string kid;
  Bytes sealed;
};

Result<std::optional<SealedKey>> ReadKey(db::Transaction& tx) {
  return tx.QueryOne("SELECT kid, sealed FROM audit_key ORDER BY created DESC, kid LIMIT 1", {},
                     [](const db::Row& row) {
                       const ByteView sealed = row.Blob(1);
                       return SealedKey{row.String(0), Bytes(sealed.begin(), sealed.end())};
                     });
}

Result<SealedKey> MakeKey(db::Database& database, const Secret& sealing_key, Timestamp now) {
  const crypto::SigningKey fresh = crypto::SigningKey::Generate();
  BW_TRY(const Bytes sealed,
         crypto::Seal(sealing_key, AsBytes(fresh.ToPem().Reveal()), AsBytes(fresh.kid())));
  return database.WriteValue([&](db::Transaction& tx) -> Result<SealedKey> {
    BW_TRY(auto known, ReadKey(tx));
    if (known) return *std::move(known);
    BW_TRY_STATUS(
        tx.Execute("INSERT INTO audit_key (kid, sealed, public, created) VALUES ($1, $2, $3, $4)",
                   {fresh.kid(), sealed, fresh.public_key().ToPem(), now}));
    return SealedKey{fresh.kid(), sealed};
  });
}

}  // namespace

json::Value ToJson(const Head& head) {
  return {{"sequence", head.sequence},
          {"hash", Text(head.hash)},
          {"time", Text(FormatRfc3339(head.time))},
          {"kid", Text(head.kid)},
          {"signature", Text(head.signature)}};
}

Result<Head> HeadFromJson(const json::Value& document) {
  const json::Reader in(document);
  Head head;
  head.sequence = in.Field("sequence").Int();
  head.hash = in.Field("hash").String();
  const std::string time = in.Field("time").String();
  head.kid = in.Field("kid").String();
  head.signature = in.Field("signature").String();
  BW_TRY_STATUS(in.Finish());
  BW_TRY(head.time, ParseRfc3339(time));
  return head;
}

std::string SignedText(const Head& head) {
  return "breakwater audit head\n" + std::to_string(head.sequence) + "\n" + head.hash + "\n" +
         FormatRfc3339(head.time) + "\n" + head.kid + "\n";
}

bool IsSignedBy(const Head& head, const crypto::VerifyingKey& key) {
  const auto signature = Base64UrlDecode(head.signature);
  return signature.ok() && key.Verify(AsBytes(SignedText(head)), *signature);
}

Result<Heads> Heads::Open(db::Database& database, const Log& log, const Secret& sealing_key,
                          const Clock& clock) {
  BW_TRY(auto known, database.ReadValue(ReadKey));
  if (!known) {
    BW_TRY(known, MakeKey(database, sealing_key, clock.Now()));
  }
  const auto pem = crypto::Open(sealing_key, known->sealed, AsBytes(known->kid));
  if (!pem.ok()) {
    return DataCorrupt(
               "the key of the audit trail cannot be opened: the master key is not the one it was "
               "sealed with")
        .Reason("master_key_wrong")
        .Log(pem.error().log());
  }
  BW_TRY(auto key, crypto::SigningKey::FromPem(*pem));
  return Heads(database, log, std::move(key), clock);
}

Result<std::optional<Head>> Heads::Sign() const {
  BW_TRY(const ChainEnd end, log_->End());
  if (end.sequence == 0) return std::optional<Head>();
  BW_TRY(auto head, SignAt(end));
  return std::optional(std::move(head));
}

Result<Head> Heads::SignAt(const ChainEnd& end) const {
  const auto find = [&](db::Transaction& tx) {
    return tx.QueryOne(std::string(kColumns) + "WHERE sequence = $1", {end.sequence}, HeadOf);
  };
  BW_TRY(auto known, database_->ReadValue(find));
  if (known) return *std::move(known);
  Head head{.sequence = end.sequence,
            .hash = end.hash,
            .time = clock_->Now(),
            .kid = key_.kid(),
            .signature = {}};
  head.signature = Base64UrlEncode(key_.Sign(AsBytes(SignedText(head))));
  return database_->WriteValue([&](db::Transaction& tx) -> Result<Head> {
    BW_TRY_STATUS(
        tx.Execute("INSERT INTO audit_head (sequence, hash, time, kid, signature) VALUES "
                   "($1, $2, $3, $4, $5) ON CONFLICT (sequence) DO NOTHING",
                   {head.sequence, head.hash, head.time, head.kid, head.signature}));
    BW_TRY(auto now, find(tx));
    return now ? *std::move(now) : head;
  });
}

Result<std::optional<Head>> Heads::Latest() const {
  return database_->ReadValue([](db::Transaction& tx) {
    return tx.QueryOne(std::string(kColumns) + "ORDER BY sequence DESC LIMIT 1", {}, HeadOf);
  });
}

Result<std::vector<Head>> Heads::List(std::int64_t first, std::int64_t limit) const {
  return database_->ReadValue([&](db::Transaction& tx) {
    return tx.QueryAll(std::string(kColumns) + "WHERE sequence >= $1 ORDER BY sequence LIMIT $2",
                       {first, limit}, HeadOf);
  });
}

}  // namespace breakwater::audit
