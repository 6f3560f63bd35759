// How records are asked for: by which index, and page by page while others write.
#include "audit/log_query.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/testing.h"
#include "crypto/hash.h"
#include "db/testing.h"

namespace breakwater::audit {
namespace {

class AuditQueries : public ::testing::Test {
 protected:
  void Append(const std::string& target, std::chrono::seconds ago = {}) {
    Record record;
    record.account = AccountId("acc");
    record.action = "a";
    record.target.name = target;
    record.time = clock_.Now() - ago;
    ASSERT_TRUE(log_.AppendAlone(record).ok());
  }
  // How SQLite goes about a statement.
  std::string Plan(const Statement& statement) {
    std::string plan;
    const Status read = database().Read([&](db::Transaction& tx) {
      plan.clear();
      return tx.QueryWith("EXPLAIN QUERY PLAN " + statement.sql, statement.params,
                          [&](const db::Row& row) -> Status {
                            plan += row.String(3) + "\n";
                            return Ok();
                          });
    });
    EXPECT_TRUE(read.ok());
    return plan;
  }
  db::Database& database() { return owner_->database(); }
  static bool Has(const std::string& plan, std::string_view index) {
    return plan.find(index) != std::string::npos;
  }

  testing::ManualClock clock_;
  std::unique_ptr<db::testing::TestDatabase> owner_ = db::testing::OpenTestDatabase();
  Log log_{database(), clock_};
};

TEST_F(AuditQueries, GoByTheIndexOfWhatNamesTheFewestRecords) {
  if (database().dialect() != db::Dialect::kSqlite) GTEST_SKIP() << "plans are SQLite's";
  const AccountId account("acc");
  const auto plan = [&](Filter filter) {
    filter.account = account;
    return Plan(SelectRecords(filter));
  };
  EXPECT_TRUE(Has(plan({}), "audit_record_by_account"));
  EXPECT_TRUE(Has(plan({.since = clock_.Now()}), "audit_record_by_account (account=? AND time>?)"));
  EXPECT_TRUE(Has(plan({.request_id = "r"}), "audit_record_by_request"));
  EXPECT_TRUE(Has(plan({.action = "a", .request_id = "r"}), "audit_record_by_request"));
  EXPECT_TRUE(Has(plan({.outcome = Outcome::kFailure, .since = clock_.Now()}),
                  "audit_record_failed (account=? AND time>?)"));
  EXPECT_TRUE(Has(plan({.initiator = IamId("i"), .outcome = Outcome::kFailure}),
                  "audit_record_by_initiator (initiator=?)"));
  EXPECT_TRUE(Has(plan({.initiator = IamId("i"), .since = clock_.Now(), .until = clock_.Now()}),
                  "audit_record_by_initiator (initiator=? AND time>? AND time<?)"));
  EXPECT_TRUE(Has(plan({.target = "t"}), "audit_record_by_target"));
  EXPECT_TRUE(Has(plan({.action = "a", .after = Position{.time = clock_.Now()}}),
                  "audit_record_by_action (action=? AND time>?)"));
}

TEST_F(AuditQueries, WhatIsLateIsLookedForAmongFewEntriesOrWithinADay) {
  if (database().dialect() != db::Dialect::kSqlite) GTEST_SKIP() << "plans are SQLite's";
  Filter filter{.account = AccountId("acc"),
                .initiator = IamId("i"),
                .after = Position{.time = clock_.Now(), .row = 7, .sealed = 1'000},
                .sealed_until = 1'100};
  const std::string few = Plan(SelectLate(filter));
  EXPECT_TRUE(Has(few, "(sequence>? AND sequence<?)")) << few;
  EXPECT_FALSE(Has(few, "TEMP B-TREE")) << few;
  filter.sealed_until = 9'000'000;
  const std::string many = Plan(SelectLate(filter));
  EXPECT_TRUE(Has(many, "audit_record_by_initiator (initiator=? AND time>? AND time<?)")) << many;
}

TEST_F(AuditQueries, RecordsAreListedOnceWhateverIsWrittenBetweenPages) {
  std::vector<std::string> listed;
  Filter filter{.account = AccountId("acc"), .limit = 2};
  for (int i = 0; i < 20; ++i) {
    // Some of the time of the one before, some late.
    Append(std::to_string(i), std::chrono::seconds{i % 3 == 2 ? 40 : 0});
    if (i % 4 == 0) clock_.Advance(std::chrono::seconds{3});
    const auto page = log_.List(filter);
    ASSERT_TRUE(page.ok()) << page.error().message();
    for (const Found& found : page->found) listed.push_back(found.record.target.name);
    filter.after = page->end;
  }
  std::ranges::sort(listed);
  EXPECT_EQ(std::ranges::adjacent_find(listed), listed.end());
  EXPECT_EQ(listed.size(), 20U);
}

TEST_F(AuditQueries, WhatCannotBeSealedNowIsListedOnceItIs) {
  Append("first");
  db::testing::FaultyDatabase faulty(database());
  const Log log(faulty, clock_);
  faulty.FailOperation(1, db::testing::FaultPoint::kBefore);
  Page page = *log.List({});
  EXPECT_TRUE(page.found.empty());
  Append("second");
  page = *log.List({.after = page.end});
  EXPECT_EQ(page.found.size(), 2U);
  EXPECT_TRUE(log.List({.after = page.end})->found.empty());
}

TEST_F(AuditQueries, WhatIsMoreThanADayLateIsNotWaitedFor) {
  Append("now");
  Page page = *log_.List({});
  Append("an hour late", std::chrono::hours{1});
  Append("two days late", std::chrono::hours{48});
  page = *log_.List({.after = page.end});
  ASSERT_EQ(page.found.size(), 1U);
  EXPECT_EQ(page.found[0].record.target.name, "an hour late");
  EXPECT_EQ(log_.List({})->found.size(), 3U);
}

// Whoever may ask can name anything, and what they are refused is recorded.
TEST_F(AuditQueries, AnyNameCanBeRecordedAndAskedFor) {
  std::string odd;  // nothing that can be compressed
  for (int i = 0; i < 200; ++i) odd += crypto::Sha256Hex(std::to_string(i));
  for (const std::string& name : {odd, std::string("a\0b", 3), std::string("\xc3(")}) {
    Append(name);
    EXPECT_EQ(log_.Query({.target = name})->size(), 1U);
  }
  EXPECT_TRUE(log_.Query({.target = odd + "!"})->empty());
}

}  // namespace
}  // namespace breakwater::audit
