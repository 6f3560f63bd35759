#include "db/postgres/statements.h"

#include <set>

#include <gtest/gtest.h>

namespace breakwater::db::postgres {
namespace {

TEST(CountParameters, FindsTheGreatestNumberOutsideQuotes) {
  EXPECT_EQ(CountParameters("SELECT 1"), 0U);
  EXPECT_EQ(CountParameters("SELECT $2, $1, $2"), 2U);
  EXPECT_EQ(CountParameters("a = $12 AND b = $3"), 12U);
  EXPECT_EQ(CountParameters("SELECT '$9', 'it''s $8', $1"), 1U);
  EXPECT_EQ(CountParameters("$"), 0U);
}

TEST(StatementCache, NamesDependOnTextAndTypesAlone) {
  StatementCache one(10);
  StatementCache other(10);
  std::set<std::string> names;
  for (const auto* sql : {"SELECT $1", "SELECT  $1"}) {
    for (const auto* types : {"i", "t", "n"}) {
      const std::string name = one.Find(sql, types).name;
      EXPECT_EQ(name, other.Find(sql, types).name);
      EXPECT_LT(name.size(), 64U);
      names.insert(name);
    }
  }
  EXPECT_EQ(names.size(), 6U);
}

TEST(StatementCache, ForgetsTheLeastRecentlyUsedAndSaysWhichTheServerKnows) {
  StatementCache cache(2);
  const std::string first = cache.Find("1", "").name;
  cache.Find("1", "").known_to_server = true;
  cache.Find("2", "").known_to_server = true;
  EXPECT_FALSE(cache.Find("3", "").known_to_server);
  EXPECT_EQ(cache.Evict(), first);
  EXPECT_EQ(cache.Evict(), std::nullopt);
  EXPECT_TRUE(cache.Find("2", "").known_to_server);
  cache.Find("4", "");
  EXPECT_EQ(cache.Evict(), std::nullopt);  // "3", which the server never saw
  EXPECT_EQ(cache.size(), 2U);
}

}  // namespace
}  // namespace breakwater::db::postgres
