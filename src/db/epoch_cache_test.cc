#include "db/epoch_cache.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "db/testing.h"

namespace breakwater::db {
namespace {

class EpochCacheTest : public ::testing::Test {
 protected:
  EpochCacheTest() {
    BW_CHECK(db().Write([](Transaction& tx) {
                   return tx.ExecuteScript(
                       "CREATE TABLE counter (name TEXT PRIMARY KEY, value BIGINT NOT NULL);");
                 })
                 .ok());
    for (const char* name : {"a", "b", "c"}) Set(name, 0);
  }

  Database& db() { return database_->database(); }
  // False where others may write too: there nothing is kept.
  bool keeps() { return db().epoch().has_value(); }

  void Set(std::string_view name, std::int64_t value) {
    const Status written = db().Write([&](Transaction& tx) -> Status {
      BW_TRY_STATUS(
          tx.Execute("INSERT INTO counter (name, value) VALUES ($1, $2) "
                     "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                     {name, value}));
      return Ok();
    });
    ASSERT_TRUE(written.ok());
  }

  Result<std::int64_t> Read(std::string_view name) {
    ++loads_;
    return db().ReadValue([&](Transaction& tx) -> Result<std::int64_t> {
      BW_TRY(const auto found, tx.QueryOne("SELECT value FROM counter WHERE name = $1", {name},
                                           [](const Row& row) { return row.Int(0); }));
      if (!found) return NotFound("there is no such counter");
      return *found;
    });
  }

  std::int64_t Get(EpochCache<std::int64_t>& cache, std::string_view name) {
    const auto value = cache.Get({name}, [&] { return Read(name); });
    return value.ok() ? **value : -1;
  }

  std::unique_ptr<testing::TestDatabase> database_ = testing::OpenTestDatabase();
  EpochCache<std::int64_t> cache_{db()};
  std::atomic<int> loads_{0};
};

TEST_F(EpochCacheTest, LoadsOnceWhileNothingIsCommitted) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Get(cache_, "a"), 0);
  EXPECT_EQ(loads_, keeps() ? 1 : 3);
}

TEST_F(EpochCacheTest, LoadsAgainAfterEachCommit) {
  for (int i = 1; i <= 3; ++i) {
    Set("a", i);
    EXPECT_EQ(Get(cache_, "a"), i);
    EXPECT_EQ(Get(cache_, "a"), i);
  }
  EXPECT_EQ(loads_, keeps() ? 3 : 6);
}

TEST_F(EpochCacheTest, KeepsNeitherErrorsNorAbsences) {
  EXPECT_FALSE(cache_.Get({"absent"}, [&] { return Read("absent"); }).ok());
  EXPECT_FALSE(cache_.Get({"absent"}, [&] { return Read("absent"); }).ok());
  EXPECT_EQ(loads_, 2);
}

TEST_F(EpochCacheTest, DoesNotTakeForCurrentWhatWasReadBeforeACommitDuringTheLoad) {
  const auto stale = cache_.Get({"a"}, [&]() -> Result<std::int64_t> {
    auto read = Read("a");
    Set("a", 7);
    return read;
  });
  EXPECT_EQ(**stale, 0);
  EXPECT_EQ(Get(cache_, "a"), 7);
}

TEST_F(EpochCacheTest, AnswersOnAThreadThatMustNotWaitAndRefusesToLoadThere) {
  if (!keeps()) GTEST_SKIP() << "everything is loaded from this database";
  EXPECT_EQ(Get(cache_, "a"), 0);
  {
    const NoWaitScope scope;
    EXPECT_EQ(Get(cache_, "a"), 0);
    EXPECT_FALSE(scope.refused());
    EXPECT_EQ(Get(cache_, "b"), -1);
    EXPECT_TRUE(scope.refused());
  }
  EXPECT_EQ(Get(cache_, "b"), 0);
}

TEST_F(EpochCacheTest, TellsKeysApartByTheirParts) {
  EpochCache<std::string> cache(db());
  const auto get = [&](std::string_view first, std::string_view second) {
    return **cache.Get({first, second}, [&]() -> Result<std::string> {
      return std::string(first) + "|" + std::string(second);
    });
  };
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(get("ab", "c"), "ab|c");
    EXPECT_EQ(get("a", "bc"), "a|bc");
    EXPECT_EQ(get("", "abc"), "|abc");
  }
}

TEST_F(EpochCacheTest, SharesTheValueThatALoadGives) {
  const auto made = std::make_shared<const std::int64_t>(5);
  const auto load = [&]() -> Result<std::shared_ptr<const std::int64_t>> { return made; };
  EXPECT_EQ(*cache_.Get({"a"}, load), made);
  EXPECT_EQ(made.use_count(), keeps() ? 2 : 1);
}

TEST_F(EpochCacheTest, DropsWhatWasNotAskedForTheLongest) {
  if (!keeps()) GTEST_SKIP() << "nothing is kept of this database";
  // Two of these fit, three do not.
  EpochCache<std::int64_t> small(db(), {.max_bytes = 50'000, .max_entry_bytes = 40'000},
                                 [](const std::int64_t&) { return std::size_t{20'000}; });
  for (const char* name : {"a", "b", "a", "c"}) Get(small, name);
  EXPECT_EQ(loads_, 3);
  Get(small, "a");
  Get(small, "c");
  EXPECT_EQ(loads_, 3);
  Get(small, "b");
  EXPECT_EQ(loads_, 4);
}

TEST_F(EpochCacheTest, KeepsNothingHeavierThanItsLimit) {
  EpochCache<std::int64_t> cache(
      db(), {.max_bytes = 100'000, .max_entry_bytes = 10'000},
      [](const std::int64_t& value) { return value == 0 ? std::size_t{20'000} : std::size_t{0}; });
  Get(cache, "a");
  Get(cache, "a");
  EXPECT_EQ(loads_, 2);
  Set("a", 1);
  Get(cache, "a");
  Set("a", 0);  // what became too heavy leaves nothing behind
  EXPECT_EQ(Get(cache, "a"), 0);
  EXPECT_EQ(Get(cache, "a"), 0);
  EXPECT_EQ(loads_, 5);
}

// Readers run beside a writer; what was acknowledged before a reader asked is never missing.
TEST_F(EpochCacheTest, IsNeverOlderThanWhatWasAcknowledged) {
  constexpr std::int64_t kWrites = 300;
  std::atomic<std::int64_t> acknowledged{0};
  std::atomic<int> older{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      for (std::int64_t before = 0; before < kWrites;) {
        before = acknowledged.load();
        if (Get(cache_, "a") < before) ++older;
      }
    });
  }
  for (std::int64_t value = 1; value <= kWrites; ++value) {
    Set("a", value);
    acknowledged.store(value);
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(older, 0);
}

}  // namespace
}  // namespace breakwater::db
