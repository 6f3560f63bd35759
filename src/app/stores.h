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
// "wrong_master_key" if the database was made with another key. `clock` must outlive the stores.
Result<Stores> OpenStores(const config::Settings& settings, const Clock& clock);

}  // namespace breakwater::app
