#include "blob/ownership.h"

#include <gtest/gtest.h>

#include "base/testing.h"
#include "blob/fs/fs_blob_store.h"
#include "db/testing.h"

namespace breakwater::blob {
namespace {

class OwnershipTest : public ::testing::Test {
 protected:
  std::unique_ptr<BlobStore> Open(const std::string& name) {
    auto opened =
        OpenFsBlobStore({.root = directory_.path() / name, .durability = Durability::kNone});
    EXPECT_TRUE(opened.ok());
    return *std::move(opened);
  }
  static std::string Claim(db::testing::TestDatabase& database, BlobStore& store) {
    const Status claimed = ClaimFor(database.database(), store);
    return claimed.ok() ? "ok" : claimed.error().reason();
  }

  breakwater::testing::TempDir directory_;
  std::unique_ptr<db::testing::TestDatabase> one_ = db::testing::OpenTestDatabase();
  std::unique_ptr<db::testing::TestDatabase> other_ = db::testing::OpenTestDatabase();
};

TEST_F(OwnershipTest, StoreIsTheFirstDatabasesForGood) {
  EXPECT_EQ(Claim(*one_, *Open("a")), "ok");
  EXPECT_EQ(Claim(*one_, *Open("a")), "ok");
  EXPECT_EQ(Claim(*other_, *Open("a")), "foreign_blob_store");
  EXPECT_EQ(Claim(*other_, *Open("a")), "foreign_blob_store");
  EXPECT_EQ(Claim(*one_, *Open("a")), "ok");
}

TEST_F(OwnershipTest, DatabaseKeepsItsStore) {
  EXPECT_EQ(Claim(*one_, *Open("a")), "ok");
  EXPECT_EQ(Claim(*one_, *Open("b")), "foreign_blob_store");
  // What is refused was not marked.
  EXPECT_EQ(Claim(*other_, *Open("b")), "ok");
}

TEST_F(OwnershipTest, ClaimThatFailedInBetweenIsFinishedByTheNext) {
  const int failed = db::testing::ForEachFault(one_->database(), [&](auto& faulty) {
    const auto store = Open("a");
    static_cast<void>(ClaimFor(faulty, *store));
    EXPECT_EQ(Claim(*one_, *store), "ok");
  });
  EXPECT_GT(failed, 0);
  EXPECT_EQ(Claim(*other_, *Open("a")), "foreign_blob_store");
}

}  // namespace
}  // namespace breakwater::blob
