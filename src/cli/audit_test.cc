#include "cli/audit.h"

#include <gtest/gtest.h>

#include "audit/lines.h"
#include "base/testing.h"
#include "crypto/hash.h"
#include "crypto/signing.h"
#include "io/file.h"

namespace breakwater::cli {
namespace {

class VerifyAudit : public ::testing::Test {
 protected:
  static const crypto::SigningKey& Key() {
    static const crypto::SigningKey key = crypto::SigningKey::Generate();
    return key;
  }
  audit::Entry Next() {
    audit::Entry entry{.sequence = ++sequence_,
                       .previous_hash = hash_,
                       .hash = {},
                       .record = R"({"action":"a)" + std::to_string(sequence_) + "\"}"};
    entry.hash = crypto::Sha256Hex(std::to_string(entry.sequence) + "\n" + entry.previous_hash +
                                   "\n" + entry.record);
    hash_ = entry.hash;
    return entry;
  }
  audit::Head Head() const {
    audit::Head head{.sequence = sequence_,
                     .hash = hash_,
                     .time = *ParseRfc3339("2026-03-01T00:00:00Z"),
                     .kid = Key().kid(),
                     .signature = {}};
    head.signature = Base64UrlEncode(Key().Sign(AsBytes(audit::SignedText(head))));
    return head;
  }
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = (directory_.path() / name).string();
    BW_CHECK(io::WriteFileDurably(path, AsBytes(text)).ok());
    return path;
  }
  std::string Entries(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) AppendLine(Next(), text);
    return text;
  }
  VerifyAuditArguments Arguments(std::vector<std::string> files, std::string heads = {}) {
    return {.files = std::move(files),
            .key = Write("key.pem", Key().public_key().ToPem()),
            .heads = std::move(heads)};
  }

  testing::TempDir directory_;
  std::int64_t sequence_ = 0;
  std::string hash_ = audit::kNoHash;
};

TEST_F(VerifyAudit, TakesFilesInAnyOrderAndSaysWhatIsSigned) {
  std::string first = Entries(3);
  AppendLine(Head(), first);
  const std::string one = Write("b", first);
  std::string rest = Entries(2);
  audit::AppendUnsealed(4, rest);
  const std::string two = Write("a", rest);
  const auto found = VerifyAuditFiles(Arguments({two, one}));
  ASSERT_TRUE(found.ok()) << found.error().message();
  const std::string text = RenderVerification(*found);
  EXPECT_NE(text.find("intact: entries 1 to 5"), std::string::npos) << text;
  EXPECT_NE(text.find("signed: up to entry 3, by 1 head"), std::string::npos) << text;
  EXPECT_NE(text.find("not signed yet: entries 4 to 5"), std::string::npos) << text;
  EXPECT_NE(text.find("not sealed yet when it was exported: 4 records"), std::string::npos) << text;
}

TEST_F(VerifyAudit, CallsNothingIntactThatNobodySigned) {
  std::string text = Entries(3);
  const std::string bare = Write("bare", text);
  EXPECT_NE(RenderVerification(*VerifyAuditFiles(Arguments({bare}))).find("NOT PROVEN"),
            std::string::npos);
  EXPECT_EQ(cli::VerifyAudit(Arguments({bare})), 1);
  AppendLine(Head(), text);
  EXPECT_EQ(cli::VerifyAudit(Arguments({Write("signed", text)})), 0);
}

TEST_F(VerifyAudit, DoesNotPassWhereThereIsNoEntry) {
  std::string unsealed;
  audit::AppendUnsealed(4, unsealed);
  const std::vector<std::vector<std::string>> nothings{
      {}, {Write("empty", ""), Write("also", "")}, {Write("unsealed", unsealed)}};
  for (const auto& files : nothings) {
    const auto found = VerifyAuditFiles(Arguments(files));
    ASSERT_TRUE(found.ok()) << found.error().message();
    EXPECT_EQ(RenderVerification(*found),
              "NOT PROVEN: there is no entry in what was given, so nothing was verified\n");
    EXPECT_NE(RenderVerificationJson(found).find(R"("intact":false)"), std::string::npos);
    EXPECT_EQ(cli::VerifyAudit(Arguments(files)), 1);
  }
  // Where a head was kept elsewhere, more can be said.
  Entries(2);
  const auto cut = VerifyAuditFiles(
      Arguments({Write("empty", "")}, Write("heads", json::Serialize(audit::ToJson(Head())))));
  ASSERT_FALSE(cut.ok());
  EXPECT_NE(cut.error().message().find("the tail was cut off"), std::string::npos);
}

TEST_F(VerifyAudit, FindsThatAFileIsMissing) {
  const std::string one = Write("one", Entries(3));
  Write("two", Entries(3));
  const std::string three = Write("three", Entries(3));
  const auto found = VerifyAuditFiles(Arguments({one, three}));
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code(), ErrorCode::kDataCorrupt);
  EXPECT_NE(found.error().message().find("audit entry 7: expected sequence 4"), std::string::npos)
      << found.error().message();
}

TEST_F(VerifyAudit, FindsACutTailByAHeadInAnyForm) {
  const std::string begin = Entries(3);
  const std::string file = Write("file", begin);
  Entries(2);
  const std::string head = json::Serialize(audit::ToJson(Head()));
  for (const std::string& text :
       {head, "{\"heads\":[" + head + "]}", "{\"head\":" + head + "}\n{\"head\":" + head + "}\n"}) {
    const auto found = VerifyAuditFiles(Arguments({file}, Write("heads", text)));
    ASSERT_FALSE(found.ok()) << text;
    EXPECT_NE(found.error().message().find("the tail was cut off"), std::string::npos);
  }
}

TEST_F(VerifyAudit, WhatCannotBeReadIsNoTampering) {
  const auto found = VerifyAuditFiles(Arguments({(directory_.path() / "none").string()}));
  ASSERT_FALSE(found.ok());
  EXPECT_NE(found.error().code(), ErrorCode::kDataCorrupt);
}

}  // namespace
}  // namespace breakwater::cli
