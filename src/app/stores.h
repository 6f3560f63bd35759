// The two stores of an installation, opened as the configuration says: embedded in the data
// directory, or PostgreSQL and an S3-compatible object store, or one of each.
#pragma once

#include <memory>
#include <optional>

#include "app/data_directory.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "blob/blob_store.h"
#include "config/settings.h"
#include "db/database.h"
#include "db/postgres/postgres_database.h"

namespace breakwater::app {

struct Stores {
  // Locked. Absent where nothing is kept in it: both stores are elsewhere and the master key is
  // configured.
  std::optional<DataDirectory> data;
  Secret master_key;                       // 32 octets
  std::unique_ptr<db::Database> database;  // migrated
  std::unique_ptr<blob::BlobStore> blobs;
  // Other processes may serve the same installation.
  bool shared = false;
};

// Makes what is not there: the data directory, its key, the schema. kConflict
// "data_directory_in_use"; kUnavailable where a service cannot be reached; kInvalid
// "wrong_master_key" if the database was made with another key, "foreign_blob_store" if the blob
// store is another database's; kUnavailable "clock_skew" if PostgreSQL's clock is far from ours.
// `clock` must outlive the stores.
Result<Stores> OpenStores(const config::Settings& settings, const Clock& clock);

// The parts of the above, for who must not make anything.
Result<Secret> ConfiguredMasterKey(const Secret& digits);  // kInvalid "invalid_master_key"
db::PostgresOptions PostgresOptionsFrom(const config::Postgres& settings);
// "installation".value under "master_key_fingerprint".
std::string MasterKeyFingerprint(const Secret& master_key);

// Gives the installation that `settings` describe the master key of another, whose secrets it is to
// hold: into its data directory, unless the configuration has the key. kConflict
// "master_keys_differ" if it has another key already.
Status CarryMasterKey(const config::Settings& settings, const Secret& master_key);

}  // namespace breakwater::app
