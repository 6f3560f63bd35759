#include "app/stores.h"

#include <cstdlib>

#include "admin/doctor.h"
#include "app/object_store.h"
#include "blob/fs/fs_blob_store.h"
#include "blob/ownership.h"
#include "blob/s3/s3_blob_store.h"
#include "crypto/hash.h"
#include "crypto/sealing.h"
#include "db/migrations.h"
#include "db/postgres/postgres_database.h"
#include "db/postgres/probe.h"
#include "db/sqlite/sqlite_database.h"

namespace breakwater::app {
namespace {

// Another key would make the installation's secrets unreadable one by one, much later.
Status CheckMasterKey(db::Database& database, const Secret& master_key) {
  const std::string fingerprint = MasterKeyFingerprint(master_key);
  return database.Write([&](db::Transaction& tx) -> Status {
    BW_TRY(const auto known,
           tx.QueryOne("SELECT value FROM installation WHERE name = 'master_key_fingerprint'", {},
                       [](const db::Row& row) { return row.String(0); }));
    if (!known) {
      BW_TRY_STATUS(
          tx.Execute("INSERT INTO installation (name, value) VALUES ('master_key_fingerprint', $1)",
                     {fingerprint}));
      return Ok();
    }
    if (*known == fingerprint) return Ok();
    return Invalid(
               "the master key is not the one that this database was made with: set master_key "
               "to it, or bring back the data directory's master.key")
        .Reason("wrong_master_key");
  });
}

// Leases are written by one process's clock and read by another's.
Status CheckClock(db::Database& database, const Clock& clock) {
  const Timestamp before = clock.Now();
  BW_TRY(const Timestamp theirs, db::ServerTime(database));
  const admin::Finding finding =
      admin::CompareClocks("database_clock", "the database server's", before, theirs, clock.Now());
  if (finding.health != admin::Health::kFailed) return Ok();
  return Unavailable(finding.text + ": " + finding.advice).Reason("clock_skew");
}

db::PreparedStatements PreparedFrom(const std::string& word) {
  if (word == "on") return db::PreparedStatements::kOn;
  if (word == "off") return db::PreparedStatements::kOff;
  return db::PreparedStatements::kAuto;
}

Result<std::unique_ptr<db::Database>> OpenDatabase(const config::Settings& settings,
                                                   const std::optional<DataDirectory>& data) {
  const config::Postgres& chosen = settings.database;
  if (chosen.url.empty()) return db::OpenSqlite({.path = data->database()});
  return db::OpenPostgres(PostgresOptionsFrom(chosen));
}

Result<std::unique_ptr<blob::BlobStore>> OpenBlobs(const config::Settings& settings,
                                                   const Stores& stores, const Clock& clock) {
  if (!settings.s3.endpoint.empty()) {
    BW_TRY(const blob::S3Options options, S3OptionsFrom(settings.s3));
    return blob::OpenS3BlobStore(options, *stores.database, clock);
  }
  return blob::OpenFsBlobStore({.root = stores.data->path()});
}

}  // namespace

Result<Secret> ConfiguredMasterKey(const Secret& digits) {
  const auto octets = HexDecode(digits.Reveal());
  if (!octets.ok() || octets->size() != crypto::kSealingKeyOctets) {
    return Invalid("master_key must be 64 hexadecimal digits").Reason("invalid_master_key");
  }
  return Secret(std::string(AsText(*octets)));
}

db::PostgresOptions PostgresOptionsFrom(const config::Postgres& settings) {
  db::PostgresOptions options;
  options.address = settings.url;
  options.connections = static_cast<int>(settings.connections);
  options.acquire_timeout = settings.acquire_timeout;
  options.statement_timeout = settings.statement_timeout;
  options.prepared_statements = PreparedFrom(settings.prepared_statements);
  return options;
}

std::string MasterKeyFingerprint(const Secret& master_key) {
  return HexEncode(
      crypto::HmacSha256(AsBytes(master_key.Reveal()), AsBytes("master key fingerprint")));
}

Status CarryMasterKey(const config::Settings& settings, const Secret& master_key) {
  if (settings.master_key.empty()) {
    BW_TRY(const auto data, DataDirectory::Open(settings.data));
    return data.KeepMasterKey(master_key);
  }
  BW_TRY(const Secret configured, ConfiguredMasterKey(settings.master_key));
  if (configured == master_key) return Ok();
  return Conflict("master_key is not the key that the other side's secrets are sealed with")
      .Reason("master_keys_differ");
}

Result<Stores> OpenStores(const config::Settings& settings, const Clock& clock) {
  Stores stores;
  const bool postgres = !settings.database.url.empty();
  const bool s3 = !settings.s3.endpoint.empty();
  stores.shared = postgres && s3;
  if (!stores.shared || settings.master_key.empty()) {
    BW_TRY(auto data, DataDirectory::Open(settings.data));
    stores.data.emplace(std::move(data));
  }
  if (settings.master_key.empty()) {
    BW_TRY(stores.master_key, stores.data->MasterKey());
  } else {
    BW_TRY(stores.master_key, ConfiguredMasterKey(settings.master_key));
  }
  BW_TRY(stores.database, OpenDatabase(settings, stores.data));
  BW_TRY_STATUS(db::Migrate(*stores.database));
  BW_TRY_STATUS(CheckMasterKey(*stores.database, stores.master_key));
  if (postgres) BW_TRY_STATUS(CheckClock(*stores.database, clock));
  BW_TRY(stores.blobs, OpenBlobs(settings, stores, clock));
  BW_TRY_STATUS(blob::ClaimFor(*stores.database, *stores.blobs));
  return stores;
}

}  // namespace breakwater::app
