// How much an account and its namespaces store, kept up to date by whatever changes it
// (ibm-registry 3.10): each configuration and layer that a manifest needs counts once in a
// namespace and once in the account, however many images share it. What only an upload or the trash
// holds does not count. Every function works inside the caller's transaction, the one that changes
// the manifests, so that the books and the content cannot disagree.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "db/database.h"

namespace breakwater::registry {

// What is counted together: an account in a registry, or one namespace of it.
struct BookKey {
  AccountId account;
  RegistryName registry;
  std::string name_space;  // empty: the account as a whole

  friend auto operator<=>(const BookKey&, const BookKey&) = default;
};

// After references to blobs were added to a manifest.
Status AddStoredBlobs(db::Transaction& tx, const std::string& repository_id,
                      const std::string& manifest);
// After a repository has lost references to these blobs; it may have others to them.
Status DropStoredBlobs(db::Transaction& tx, const std::string& repository_id,
                       const std::vector<std::string>& digests);
// After all content of a namespace was removed, before its own row is.
Status DropStoredNamespace(db::Transaction& tx, const BookKey& name_space);

// Bytes stored. Cheap: it adds up at most what was pushed in the last second or two.
Result<std::int64_t> StoredBytes(db::Transaction& tx, const BookKey& key);

struct FoldedBytes {
  BookKey key;
  std::int64_t bytes = 0;   // stored now
  std::int64_t warned = 0;  // what SetStorageWarned was told last
};
// Folds at most `limit` changes into the sums; the sums that were touched.
Result<std::vector<FoldedBytes>> FoldStoredBytes(db::Transaction& tx, std::size_t limit);
// Remembers that a warning was given for so many per cent of the limit.
Status SetStorageWarned(db::Transaction& tx, const BookKey& key, std::int64_t percent);

// Accounts and registries that store or have stored anything.
Result<std::vector<BookKey>> StoredBooks(db::Transaction& tx);
// What is wrong with the books of an account in a registry, counted anew; empty if nothing is.
// Reads everything.
Result<std::string> CheckStoredBooks(db::Transaction& tx, const BookKey& account);
// Writes them anew.
Status RebuildStoredBooks(db::Transaction& tx, const BookKey& account);

}  // namespace breakwater::registry
