#include <gtest/gtest.h>

#include "audit/log.h"
#include "base/strings.h"
#include "base/testing.h"
#include "db/testing.h"

namespace breakwater::audit {
namespace {

class AuditLog : public ::testing::Test {
 protected:
  Record Made(std::string action, std::string account = "acc") {
    Record record;
    record.account = AccountId(std::move(account));
    record.action = std::move(action);
    record.initiator.iam_id = IamId("IBMid-1");
    record.request_id = "req-1";
    record.changes = {{"private_only", true, false}};
    return record;
  }

  std::vector<Entry> Exported() {
    std::vector<Entry> entries;
    const Status status = log_.Export(1, 1000, [&](const Entry& entry) {
      entries.push_back(entry);
      return Ok();
    });
    EXPECT_TRUE(status.ok());
    return entries;
  }

  static Status Check(const std::vector<Entry>& entries) {
    ChainVerifier verifier;
    for (const Entry& entry : entries) BW_TRY_STATUS(verifier.Add(entry));
    return Ok();
  }

  testing::ManualClock clock_;
  std::unique_ptr<db::testing::TestDatabase> test_database_ = db::testing::OpenTestDatabase();
  Log log_{test_database_->database(), clock_};
};

TEST_F(AuditLog, RecordSurvivesStorageUnchanged) {
  ASSERT_TRUE(log_.AppendAlone(Made("container-registry.auth.set")).ok());
  const auto found = *log_.Query({});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].record.time, clock_.Now());
  EXPECT_FALSE(found[0].sequence);
  ASSERT_EQ(found[0].record.changes.size(), 1U);
  EXPECT_EQ(found[0].record.changes[0].before, json::Value(true));
  EXPECT_EQ(ToJson(*FromJson(ToJson(found[0].record))), ToJson(found[0].record));
}

TEST_F(AuditLog, RecordOfARolledBackTransactionIsGone) {
  const Status status = test_database_->database().Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(log_.Append(tx, Made("x")));
    return Conflict("no");
  });
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(log_.Query({})->empty());
}

TEST_F(AuditLog, BytesThatAreNoTextCannotBreakTheChain) {
  Record hostile = Made("a");
  hostile.initiator.agent = "\xc3(";
  hostile.target.name = "\xff";
  ASSERT_TRUE(log_.AppendAlone(hostile).ok());
  ASSERT_TRUE(log_.Seal().ok());
  EXPECT_TRUE(log_.Verify().ok());
  EXPECT_EQ(log_.Query({})->at(0).record.target.name, "\xef\xbf\xbd");
}

TEST_F(AuditLog, SealingChainsEveryRecordOnce) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(log_.AppendAlone(Made("a")).ok());
  EXPECT_EQ(log_.Verify()->unsealed, 5);
  EXPECT_EQ(*log_.Seal(), 5);
  EXPECT_EQ(*log_.Seal(), 0);
  ASSERT_TRUE(log_.AppendAlone(Made("b")).ok());
  EXPECT_EQ(*log_.Seal(), 1);
  const auto verification = *log_.Verify();
  EXPECT_EQ(verification.sealed, 6);
  EXPECT_EQ(verification.unsealed, 0);
  EXPECT_EQ(verification.head, Exported().back().hash);
}

TEST_F(AuditLog, VerifierDetectsEditReorderGapAndRepeat) {
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(log_.AppendAlone(Made("a" + std::to_string(i))).ok());
  ASSERT_TRUE(log_.Seal().ok());
  const std::vector<Entry> good = Exported();
  ASSERT_TRUE(Check(good).ok());

  auto edited = good;
  edited[1].record.replace(edited[1].record.find("a1"), 2, "b1");
  EXPECT_FALSE(Check(edited).ok());

  auto reordered = good;
  std::swap(reordered[1], reordered[2]);
  EXPECT_FALSE(Check(reordered).ok());

  auto renumbered = good;
  std::swap(renumbered[1].record, renumbered[2].record);
  EXPECT_FALSE(Check(renumbered).ok());

  auto gap = good;
  gap.erase(gap.begin() + 1);
  EXPECT_FALSE(Check(gap).ok());

  auto repeated = good;
  repeated.push_back(good.back());
  EXPECT_FALSE(Check(repeated).ok());

  auto read_back = *EntryFromJson(ToJson(good[0]));
  EXPECT_TRUE(ChainVerifier().Add(read_back).ok());
}

TEST_F(AuditLog, AnEditInTheDatabaseIsFoundByVerify) {
  ASSERT_TRUE(log_.AppendAlone(Made("a")).ok());
  ASSERT_TRUE(log_.Seal().ok());
  ASSERT_TRUE(test_database_->database()
                  .Write([](db::Transaction& tx) -> Status {
                    BW_TRY_STATUS(tx.Execute(
                        "UPDATE audit_record SET document = replace(document, 'req-1', 'req-2')"));
                    return Ok();
                  })
                  .ok());
  EXPECT_EQ(log_.Verify().error().code(), ErrorCode::kDataCorrupt);
}

// Long answers are read in parts at once; nobody may see where they were parted.
TEST_F(AuditLog, LongAnswersAreWholeAndInOrder) {
  for (int i = 0; i < 200; ++i) {
    Record record;
    record.account = AccountId(i % 10 == 3 ? "other" : "one");
    record.action = i % 3 == 0 ? "a" : "b";
    record.initiator.iam_id = IamId("somebody");
    record.target.name = std::to_string(i);
    ASSERT_TRUE(log_.AppendAlone(record).ok());
    if (i % 7 == 0) clock_.Advance(std::chrono::seconds{1});
  }
  const auto names = [&](Filter filter) {
    filter.account = AccountId("one");
    std::vector<std::string> all;
    const auto records = *log_.Query(filter);
    for (const Found& found : records) all.push_back(found.record.target.name);
    return all;
  };
  std::vector<std::string> expected;
  for (int i = 0; i < 200; ++i) {
    if (i % 10 != 3) expected.push_back(std::to_string(i));
  }
  EXPECT_EQ(names({.initiator = IamId("somebody"), .limit = 1000}), expected);
  for (const std::int64_t limit : {40, 100, 179, 180}) {
    const auto part = names({.initiator = IamId("somebody"), .limit = limit});
    const auto end = expected.begin() + std::min<std::int64_t>(limit, 180);
    EXPECT_EQ(part, std::vector<std::string>(expected.begin(), end));
  }
  std::vector<std::string> paged;
  Filter filter{.account = AccountId("one"), .initiator = IamId("somebody"), .limit = 50};
  while (true) {
    const auto page = *log_.Query(filter);
    for (const Found& found : page) paged.push_back(found.record.target.name);
    if (page.size() < 50) break;
    filter.after = page.back().position;
  }
  EXPECT_EQ(paged, expected);
}

TEST_F(AuditLog, QueryFiltersAndPages) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(log_.AppendAlone(Made("a", "one")).ok());
  clock_.Advance(std::chrono::seconds{1});
  ASSERT_TRUE(log_.AppendAlone(Made("b", "two")).ok());
  EXPECT_EQ(log_.Query({.account = AccountId("one")})->size(), 3U);
  EXPECT_EQ(log_.Query({.action = "b"})->size(), 1U);
  EXPECT_EQ(log_.Query({.since = clock_.Now()})->size(), 1U);
  const auto page = *log_.Query({.account = AccountId("one"), .limit = 2});
  ASSERT_EQ(page.size(), 2U);
  EXPECT_EQ(log_.Query({.account = AccountId("one"), .after = page[1].position})->size(), 1U);
}

TEST_F(AuditLog, DeepRecordsAreExportedAsTheyWereSealed) {
  Record record = Made("a");
  json::Value deep = "rule";
  for (int i = 0; i < 40; ++i) deep = json::Object{{"and", json::Array{std::move(deep)}}};
  record.request = std::move(deep);
  ASSERT_TRUE(log_.AppendAlone(record).ok());
  ASSERT_TRUE(log_.Seal().ok());
  ChainVerifier verifier;
  for (const Entry& entry : Exported()) {
    const json::Value document = ToJson(entry);
    EXPECT_TRUE(json::Find(document, "record")->is_object());
    EXPECT_TRUE(verifier.Add(*EntryFromJson(document)).ok());
  }
  EXPECT_EQ(verifier.count(), 1);
}

TEST(Differences, ListsFieldsByPathAndWholeValuesOtherwise) {
  const auto changes =
      Differences(*json::Parse(R"({"a":{"b":1,"c":2},"l":[1],"same":0})"),
                  *json::Parse(R"({"a":{"b":3},"l":[1,2],"same":0,"new":{"x":null,"y":1}})"));
  std::vector<std::string> fields;
  for (const auto& change : changes) fields.push_back(change.field);
  EXPECT_EQ(fields, (std::vector<std::string>{"a.b", "a.c", "l", "new.y"}));
  EXPECT_TRUE(Differences(json::Value(), json::Value()).empty());
  EXPECT_EQ(Differences(json::Value(), *json::Parse(R"({"n":1})"))[0].field, "n");
}

TEST(BoundedRecord, ManyChangesAndLongValuesAreToldByTheirDigests) {
  Record record;
  record.action = "container-registry.image.delete";
  for (int i = 0; i < 60'000; ++i) {
    record.changes.push_back({"tags.v" + std::to_string(i), "sha256:old", nullptr});
  }
  const Record many = Bounded(record);
  EXPECT_EQ(many.changes.size(), kMaxFieldChanges + 1);
  EXPECT_EQ(many.changes.back().after.at("left_out"), json::Value(60'000 - 256));
  record.changes.front().field = "tags.another";
  EXPECT_NE(Bounded(record).changes.back().after, many.changes.back().after)
      << "what was left out counts";

  record.changes.clear();
  for (int i = 0; i < 200; ++i) {
    record.changes.push_back({"images", nullptr, json::Text(std::string(10'000, 'x'))});
  }
  const Record longs = Bounded(record);
  const std::string text = json::Canonical(ToJson(longs));
  EXPECT_LE(text.size(), kMaxRecordOctets);
  EXPECT_EQ(longs.changes.front().after.at("octets"), json::Value(10'002));
  EXPECT_TRUE(FromJson(*json::Parse(text)).ok());
  record.changes.resize(1);
  EXPECT_EQ(Bounded(record).changes[0].after, record.changes[0].after) << "what has room stays";
}

// What is judged of one image, by as many rules.
json::Value JudgedImage(int number, int rules) {
  json::Array verdicts;
  for (int i = 0; i < rules; ++i) {
    verdicts.push_back(json::Object{{"rule_id", json::Text("rule-" + std::to_string(i))},
                                    {"is_allowed", true},
                                    {"verdict", json::Text(std::string(600, 'v'))}});
  }
  return json::Object{{"resource", json::Text("crn:image-" + std::to_string(number))},
                      {"facts", {{"labels", json::Text(std::string(1000, 'l'))}}},
                      {"rule_set", "sha256:rules"},
                      {"rules", std::move(verdicts)}};
}

TEST(BoundedRecord, JudgementOfManyResourcesOrByManyRulesIsToldByItsDigest) {
  Record record;
  record.action = "container-registry.image.tag";
  const auto judge = [&](int images, int rules) {
    json::Array all;
    for (int i = 0; i < images; ++i) all.push_back(JudgedImage(i, rules));
    record.judgement = std::move(all);
  };
  for (const auto& [images, rules] : {std::pair(10'000, 2), std::pair(1, 500), std::pair(3, 500)}) {
    judge(images, rules);
    const Record bounded = Bounded(record);
    const std::string text = json::Canonical(ToJson(bounded));
    EXPECT_LE(text.size(), kMaxRecordOctets) << images << " " << rules;
    const json::Array& kept = bounded.judgement.get_array();
    EXPECT_EQ(kept.front().at("resource"), json::Value("crn:image-0"));
    EXPECT_EQ(kept.front().at("rule_set"), json::Value("sha256:rules"));
    EXPECT_EQ(json::Find(kept.front(), "facts"), nullptr);
    EXPECT_NE(json::Find(kept.front(), "facts_left_out"), nullptr);
    const auto left_out = static_cast<std::int64_t>(images - std::ssize(kept) + 1);
    EXPECT_EQ(kept.back().at("left_out"), json::Value(left_out));
    EXPECT_TRUE(FromJson(*json::Parse(text)).ok());
  }
  judge(10'000, 2);
  const json::Value digest = Bounded(record).judgement.get_array().back().at("sha256_of_all");
  record.judgement.get_array().back().as_object()["rule_set"] = "sha256:others";
  EXPECT_NE(Bounded(record).judgement.get_array().back().at("sha256_of_all"), digest)
      << "what was left out counts";
  judge(10, 2);
  EXPECT_EQ(Bounded(record).judgement, record.judgement) << "what has room stays";
}

TEST(BoundedRecord, LongReasonIsCutAtACharactersEnd) {
  Record record;
  for (int i = 0; i < 100'000; ++i) record.reason += "\xc3\xa4\xe2\x82\xac";
  const Record bounded = Bounded(record);
  EXPECT_LE(json::Canonical(ToJson(bounded)).size(), kMaxRecordOctets);
  EXPECT_TRUE(IsValidUtf8(bounded.reason));
  EXPECT_NE(bounded.reason.find("cut: of 500000 octets"), std::string::npos);
}

}  // namespace
}  // namespace breakwater::audit
