// Signed heads, and what a verifier finds out with files, a public key and nothing else.
#include "audit/heads.h"

#include <gtest/gtest.h>

#include "audit/lines.h"
#include "audit/verify.h"
#include "base/testing.h"
#include "crypto/hash.h"
#include "crypto/sealing.h"
#include "db/testing.h"

namespace breakwater::audit {
namespace {

const Secret& SealingKey() {
  static const Secret key = crypto::NewSealingKey();
  return key;
}

class SignedTrail : public ::testing::Test {
 protected:
  void Append(int count) {
    for (int i = 0; i < count; ++i) {
      Record record;
      record.account = AccountId("acc");
      record.action = "a";
      record.request_id = "req-" + std::to_string(++made_);
      ASSERT_TRUE(log_.AppendAlone(record).ok());
    }
    ASSERT_TRUE(log_.Seal().ok());
  }
  Head Sign() {
    const auto head = heads_.Sign();
    EXPECT_TRUE(head.ok() && *head);
    return **head;
  }
  // Ten entries, a head after the fifth and one after the last.
  std::vector<std::string> Lines() {
    Append(5);
    const Head fifth = Sign();
    Append(5);
    const Head tenth = Sign();
    std::vector<std::string> lines;
    EXPECT_TRUE(log_.Export(1, 100,
                            [&](const Entry& entry) {
                              lines.emplace_back();
                              AppendLine(entry, lines.back());
                              for (const Head& head : {fifth, tenth}) {
                                if (head.sequence != entry.sequence) continue;
                                lines.emplace_back();
                                AppendLine(head, lines.back());
                              }
                              return Ok();
                            })
                    .ok());
    EXPECT_EQ(lines.size(), 12U);
    return lines;
  }
  Result<FileVerification> Verify(const std::vector<std::string>& lines,
                                  std::vector<Head> expected = {}) {
    std::string text;
    for (const std::string& line : lines) text += line;
    // Pieces that no line fits in.
    io::StringSource source(text, 100);
    FileVerifier verifier(heads_.public_key(), std::move(expected));
    BW_TRY_STATUS(verifier.Add(source, "file"));
    return verifier.Finish();
  }
  // Somebody who can write files recomputes every hash behind what they changed.
  static void Recompute(std::vector<std::string>& lines, std::size_t from, std::string previous) {
    for (std::size_t i = from; i < lines.size(); ++i) {
      const auto parsed = ParseLine(std::string_view(lines[i]).substr(0, lines[i].size() - 1));
      const auto* view = std::get_if<EntryView>(&*parsed);
      if (view == nullptr) continue;
      Entry entry{.sequence = view->sequence,
                  .previous_hash = previous,
                  .hash = {},
                  .record = std::string(view->record)};
      entry.hash =
          crypto::Sha256Hex(std::to_string(entry.sequence) + "\n" + previous + "\n" + entry.record);
      previous = entry.hash;
      lines[i].clear();
      AppendLine(entry, lines[i]);
    }
  }
  // An entry that anybody can make up: the trail was restored, and goes on behind the entry
  // `after`.
  static std::string MadeUpContinuation(std::int64_t after, const std::string& previous,
                                        std::int64_t sequence) {
    Record record;
    record.id = "00000000-0000-7000-8000-000000000001";
    record.action = std::string(kContinuedAction);
    record.request = {{"after", after}};
    Entry entry{.sequence = sequence,
                .previous_hash = previous,
                .hash = {},
                .record = json::Canonical(ToJson(record))};
    entry.hash =
        crypto::Sha256Hex(std::to_string(sequence) + "\n" + previous + "\n" + entry.record);
    std::string line;
    AppendLine(entry, line);
    return line;
  }
  static bool Says(const Result<FileVerification>& result, std::string_view text) {
    return !result.ok() && result.error().code() == ErrorCode::kDataCorrupt &&
           result.error().message().find(text) != std::string::npos;
  }

  testing::ManualClock clock_;
  std::unique_ptr<db::testing::TestDatabase> owner_ = db::testing::OpenTestDatabase();
  Log log_{owner_->database(), clock_};
  Heads heads_ = *Heads::Open(owner_->database(), log_, SealingKey(), clock_);
  int made_ = 0;
};

TEST_F(SignedTrail, AnEmptyChainHasNoHeadAndAStandingOneIsSignedOnce) {
  EXPECT_FALSE(*heads_.Sign());
  Append(2);
  const Head first = Sign();
  clock_.Advance(std::chrono::minutes{1});
  EXPECT_EQ(Sign(), first);
  EXPECT_EQ(first.sequence, 2);
  EXPECT_TRUE(IsSignedBy(first, heads_.public_key()));
  EXPECT_EQ(*HeadFromJson(ToJson(first)), first);
  EXPECT_EQ(**heads_.Latest(), first);
}

TEST_F(SignedTrail, EveryProcessSignsWithOneKeyAndAnotherMasterKeyOpensNone) {
  const auto again = Heads::Open(owner_->database(), log_, SealingKey(), clock_);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->public_key().kid(), heads_.public_key().kid());
  const auto foreign = Heads::Open(owner_->database(), log_, crypto::NewSealingKey(), clock_);
  ASSERT_FALSE(foreign.ok());
  EXPECT_EQ(foreign.error().reason(), "master_key_wrong");
}

TEST_F(SignedTrail, AHeadInAFileThatMeetsNoEntryIsNamed) {
  auto lines = Lines();
  // The head of the fifth entry stands behind the sixth, and the trail begins there.
  std::swap(lines[5], lines[6]);
  lines.erase(lines.begin(), lines.begin() + 5);
  const auto found = Verify(lines);
  ASSERT_TRUE(found.ok()) << found.error().message();
  EXPECT_EQ(found->first, 6);
  EXPECT_EQ(found->heads, 1);
  EXPECT_EQ(found->unreachable, std::vector<std::int64_t>{5});
}

TEST_F(SignedTrail, AnIntactFileVerifiesAndItsTailIsReported) {
  auto lines = Lines();
  const auto whole = Verify(lines);
  ASSERT_TRUE(whole.ok()) << whole.error().message();
  EXPECT_EQ(whole->first, 1);
  EXPECT_EQ(whole->last, 10);
  EXPECT_EQ(whole->heads, 2);
  EXPECT_EQ(whole->signed_to, 10);
  lines.pop_back();
  lines.emplace_back();
  AppendUnsealed(3, lines.back());
  const auto tail = Verify(lines);
  ASSERT_TRUE(tail.ok());
  EXPECT_EQ(tail->signed_to, 5);
  EXPECT_EQ(tail->unsealed, 3);
}

TEST_F(SignedTrail, AnEditIsFoundInItsLine) {
  auto lines = Lines();
  lines[2].replace(lines[2].find("req-3"), 5, "req-X");
  EXPECT_TRUE(Says(Verify(lines), "file, line 3: audit entry 3: its record is not the one"));
}

TEST_F(SignedTrail, AnEditWithEveryHashRecomputedIsFoundAtTheNextHead) {
  auto lines = Lines();
  lines[7].replace(lines[7].find("req-7"), 5, "req-X");
  const auto sixth = ParseLine(std::string_view(lines[6]).substr(0, lines[6].size() - 1));
  Recompute(lines, 7, std::string(std::get<EntryView>(*sixth).hash));
  EXPECT_TRUE(Says(Verify(lines), "behind entry 5"));
}

TEST_F(SignedTrail, AReorderAGapARepeatAndACutLineAreFound) {
  const auto good = Lines();
  auto reordered = good;
  std::swap(reordered[1], reordered[2]);
  EXPECT_TRUE(Says(Verify(reordered), "expected sequence 2"));
  auto gap = good;
  gap.erase(gap.begin() + 3);
  EXPECT_TRUE(Says(Verify(gap), "audit entry 5: expected sequence 4"));
  auto repeated = good;
  repeated.insert(repeated.begin() + 1, good[0]);
  EXPECT_EQ(Verify(repeated)->repeated, 1);
  repeated[1].replace(repeated[1].find("req-1"), 5, "req-X");
  EXPECT_TRUE(Says(Verify(repeated), "its record is not the one"));
  auto cut = good;
  cut.back().resize(cut.back().size() - 7);
  EXPECT_TRUE(Says(Verify(cut), "ends in the middle of a line"));
  auto moved_head = good;
  std::swap(moved_head[4], moved_head[5]);
  EXPECT_TRUE(Says(Verify(moved_head), "stands behind entry 4"));
}

TEST_F(SignedTrail, ACutTailIsFoundByAHeadThatWasKeptElsewhere) {
  auto lines = Lines();
  const Head kept = **heads_.Latest();
  ASSERT_TRUE(Verify(lines, {kept}).ok());
  lines.resize(6);  // up to the head of the fifth: a good trail, but for what is known elsewhere
  ASSERT_TRUE(Verify(lines).ok());
  EXPECT_TRUE(Says(Verify(lines, {kept}), "the tail was cut off"));
}

// Files and a public key are enough to find it: what says that it was restored must be signed too.
TEST_F(SignedTrail, ACutTailIsNotExcusedByARestoreThatSomebodyMadeUp) {
  auto lines = Lines();
  const Head kept = **heads_.Latest();
  lines.resize(6);
  const auto fifth = ParseLine(std::string_view(lines[4]).substr(0, lines[4].size() - 1));
  const std::string hash(std::get<EntryView>(*fifth).hash);
  lines.push_back(MadeUpContinuation(5, hash, 2'000'000));
  EXPECT_TRUE(Says(Verify(lines, {kept}), "the tail may have been cut off"));
}

TEST_F(SignedTrail, ATrailMadeUpAnewDoesNotMeetAHeadThatWasKeptElsewhere) {
  auto lines = Lines();
  const Head kept = **heads_.Latest();
  std::erase_if(lines, [](const std::string& line) { return line.starts_with("{\"head\""); });
  lines[0].replace(lines[0].find("req-1"), 5, "req-X");
  Recompute(lines, 0, kNoHash);
  ASSERT_TRUE(Verify(lines).ok());
  EXPECT_TRUE(Says(Verify(lines, {kept}), "vouches for another chain"));
}

TEST(LatestHashes, AreKeptInTheOrderInWhichTheyCameWhateverTheirNumbers) {
  constexpr std::int64_t kKept = LatestHashes::kKept;
  const auto hash_of = [](std::int64_t sequence) { return "hash " + std::to_string(sequence); };
  LatestHashes hashes;
  EXPECT_EQ(hashes.Find(1), nullptr);
  const auto add = [&](std::int64_t first, std::int64_t count) {
    for (std::int64_t i = first; i < first + count; ++i) hashes.Add(i, hash_of(i));
  };
  const auto has = [&](std::int64_t sequence) {
    const std::string* found = hashes.Find(sequence);
    return found != nullptr && *found == hash_of(sequence);
  };
  add(7, 10);
  // A restored trail leaps; the next one would have had its place by its number.
  const std::int64_t leap = 7 + 20 * kKept;
  add(leap, kKept - 10);
  EXPECT_TRUE(has(7));
  EXPECT_TRUE(has(16));
  EXPECT_EQ(hashes.Find(17), nullptr);
  EXPECT_EQ(hashes.Find(leap - 1), nullptr);
  EXPECT_TRUE(has(leap));
  add(leap + kKept - 10, 5);
  EXPECT_EQ(hashes.Find(11), nullptr);
  EXPECT_TRUE(has(12));
  add(leap + kKept - 5, 6);
  EXPECT_EQ(hashes.Find(16), nullptr);
  EXPECT_EQ(hashes.Find(leap), nullptr);
  EXPECT_TRUE(has(leap + 1));
  EXPECT_TRUE(has(leap + kKept));
  EXPECT_EQ(hashes.Find(leap + kKept + 1), nullptr);
}

// What is delivered at least once comes again also where the numbers have leapt.
TEST_F(SignedTrail, EntriesBeforeARestoreMayComeAgainBehindIt) {
  auto lines = Lines();
  const auto tenth = ParseLine(std::string_view(lines[10]).substr(0, lines[10].size() - 1));
  const std::string hash(std::get<EntryView>(*tenth).hash);
  lines.push_back(MadeUpContinuation(10, hash, 2'000'000));
  for (std::size_t i = 7; i < 12; ++i) lines.push_back(lines[i]);
  const auto found = Verify(lines);
  ASSERT_TRUE(found.ok()) << found.error().message();
  EXPECT_EQ(found->repeated, 4);
  EXPECT_EQ(found->heads, 3);
  EXPECT_TRUE(found->unreachable.empty());
}

TEST_F(SignedTrail, AHeadOfAnotherKeyOrWithAnotherTimeIsNone) {
  auto lines = Lines();
  Head head = **heads_.Latest();
  head.time += std::chrono::hours{1};
  EXPECT_TRUE(Says(Verify(lines, {head}), "its signature is wrong"));
  const crypto::SigningKey other = crypto::SigningKey::Generate();
  head.kid = other.kid();
  head.signature = Base64UrlEncode(other.Sign(AsBytes(SignedText(head))));
  EXPECT_TRUE(Says(Verify(lines, {head}), "is signed by another key"));
}

}  // namespace
}  // namespace breakwater::audit
