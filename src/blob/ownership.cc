#include "blob/ownership.h"

#include <string>
#include <utility>

#include "crypto/random.h"

namespace breakwater::blob {
namespace {

constexpr std::size_t kOwnerOctets = 16;

struct Known {
  std::string owner;
  bool claimed = false;
};

// The row, made where there is none.
Result<Known> KnownTo(db::Transaction& tx) {
  BW_TRY(auto known,
         tx.QueryOne("SELECT owner, claimed FROM blob_store_owner", {}, [](const db::Row& row) {
           return Known{.owner = row.String(0), .claimed = row.Bool(1)};
         }));
  if (known) return *std::move(known);
  Known fresh{.owner = crypto::RandomToken(kOwnerOctets), .claimed = false};
  BW_TRY_STATUS(tx.Execute("INSERT INTO blob_store_owner (one, owner, claimed) VALUES (1, $1, 0)",
                           {fresh.owner}));
  return fresh;
}

Error Foreign(const char* what) {
  return Invalid(std::string(what) +
                 ": every database has a data directory, or a bucket and prefix, of its own, and "
                 "keeps it. Correct the configuration; nothing was changed")
      .Reason("foreign_blob_store");
}

}  // namespace

Status ClaimFor(db::Database& database, BlobStore& store) {
  BW_TRY(const Known known, database.WriteValue(KnownTo));
  // Asked after the row: whoever claims it at the same moment does so with the same name.
  BW_TRY(const auto owner, store.Owner());
  if (owner && *owner != known.owner) {
    return Foreign("the blob store belongs to another installation");
  }
  if (!owner && known.claimed) {
    return Foreign("the blob store is not the one that this database was used with");
  }
  if (!owner) BW_TRY_STATUS(store.Claim(known.owner));
  if (known.claimed) return Ok();
  return database.Write([](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(tx.Execute("UPDATE blob_store_owner SET claimed = 1"));
    return Ok();
  });
}

}  // namespace breakwater::blob
