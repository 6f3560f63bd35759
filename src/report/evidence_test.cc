#include "report/evidence.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "posture/content.h"
#include "posture/evaluate.h"
#include "report/signature.h"

namespace breakwater::report {
namespace {

using posture::AssessedGoal;
using posture::Assessment;
using posture::ResultStatus;

// Whoever holds the key can sign anything: what does not follow from the facts is found all the
// same.
class EvidenceTest : public ::testing::Test {
 protected:
  EvidenceTest() {
    const posture::Goal& goal = *profile_->FindGoal("3000625");
    json::Value facts = json::Object{
        {"private_only",
         {{"state", "present"}, {"type", "boolean"}, {"value", true}, {"source", "settings"}}}};
    const std::string digest = posture::DigestOfFacts(json::Canonical(facts));
    posture::ResourceResult result;
    result.name = "us.icr.io";
    result.crn = "crn";
    result.status = ResultStatus::kPass;
    result.facts_digest = digest;
    AssessedGoal assessed;
    assessed.id = goal.id;
    assessed.digest = goal.digest;
    assessed.document = goal.document;
    assessed.result.status = ResultStatus::kPass;
    assessed.result.parameters = json::Object();
    assessed.result.resources = {result};
    assessed.resources.Add(ResultStatus::kPass);
    assessment_.goals = {assessed};
    assessment_.facts.emplace(digest, std::move(facts));
    assessment_.profile_digest = posture::DigestOf(*profile_);
    assessment_.parameters = json::Object();
    assessment_.score = {.points = 1000, .evaluated = 1, .total = 1};
  }

  std::string Verified() {
    const json::Value statement = StatementOf(assessment_, *profile_, {});
    const std::string bundle = json::Serialize(
        EnvelopeOf(statement, key_.kid(), [&](ByteView message) { return key_.Sign(message); }));
    const auto found = VerifyEnvelope(bundle, key_.public_key());
    return found.ok() ? "good" : found.error().message();
  }

  posture::ResourceResult& Only() { return assessment_.goals[0].result.resources[0]; }

  crypto::SigningKey key_ = crypto::SigningKey::Generate();
  std::shared_ptr<const posture::Profile> profile_ = [] {
    posture::Profile one = *posture::Content::BuiltIn().FindProfile("48");
    std::erase_if(one.goals, [](const auto& goal) { return goal->id != "3000625"; });
    one.controls = {{.id = "1",
                     .external_control_id = "1",
                     .description = "only",
                     .parent = {},
                     .tags = {},
                     .goals = {"3000625"}}};
    return std::make_shared<const posture::Profile>(std::move(one));
  }();
  Assessment assessment_;
};

TEST_F(EvidenceTest, WhatFollowsFromItsFactsIsGood) {
  EXPECT_EQ(Verified(), "good");
}

TEST_F(EvidenceTest, AResultThatDoesNotFollowFromItsFactsIsNamed) {
  Only().status = ResultStatus::kFail;
  assessment_.goals[0].result.status = ResultStatus::kFail;
  EXPECT_EQ(Verified(), "the result of goal 3000625 on us.icr.io does not follow from its facts");
}

TEST_F(EvidenceTest, AGoalThatDoesNotFollowFromItsResultsIsNamed) {
  assessment_.goals[0].result.status = ResultStatus::kFail;
  EXPECT_EQ(Verified(), "the status of goal 3000625 does not follow from its results");
}

TEST_F(EvidenceTest, ScoreAndGoalsAreThoseOfTheProfile) {
  assessment_.score.points = 999;
  EXPECT_EQ(Verified(), "the score does not follow from the goals");
  assessment_.goals.push_back(assessment_.goals[0]);
  EXPECT_EQ(Verified(), "the goals are not those of the profile, each once");
  assessment_.goals.clear();
  EXPECT_EQ(Verified(), "the goals are not those of the profile, each once");
}

TEST_F(EvidenceTest, APassWithoutFactsIsNone) {
  Only().facts_digest.clear();
  EXPECT_EQ(Verified(), "a result of goal 3000625 is told without facts");
}

TEST_F(EvidenceTest, FactsAndGoalsAreWhatTheirDigestsSay) {
  const std::string digest = Only().facts_digest;
  assessment_.facts.at(digest).as_object()["more"] = 1;
  EXPECT_EQ(Verified(), "the facts " + digest + " have another digest");
  assessment_.facts.clear();
  EXPECT_EQ(Verified(), "the facts " + digest + " are not in the bundle");
  assessment_.goals[0].digest = "sha256:0";
  EXPECT_EQ(Verified(), "goal 3000625 has another digest than the profile's");
  assessment_.profile_digest = "sha256:0";
  EXPECT_EQ(Verified(), "the profile has another digest than the assessment names");
}

TEST_F(EvidenceTest, AnAcceptedFailureIsToldWithTheExceptionThatCoveredIt) {
  json::Value facts = assessment_.facts.begin()->second;
  facts.at("private_only").as_object()["value"] = false;
  Only().facts_digest = posture::DigestOfFacts(json::Canonical(facts));
  assessment_.facts = {{Only().facts_digest, facts}};
  Only().status = ResultStatus::kNotApplicable;
  Only().exception = "exception-1";
  auto& goal = assessment_.goals[0];
  goal.result.status = ResultStatus::kNotApplicable;
  goal.resources = {};
  goal.resources.Add(ResultStatus::kNotApplicable);
  assessment_.score = {.points = 0, .evaluated = 0, .total = 1};
  constexpr auto kUncovered = "no exception exception-1 covered what it is said to";
  EXPECT_EQ(Verified(), kUncovered);
  posture::ExceptionShown exception;
  exception.id = "exception-1";
  exception.owner = "Ada";
  exception.requested_by = "IBMid-1";
  exception.approver = "IBMid-2";
  exception.approved = assessment_.at;
  exception.expires = assessment_.at + std::chrono::hours{1};
  goal.exceptions = {exception};
  EXPECT_EQ(Verified(), "good");
  goal.exceptions[0].crn = "another";
  EXPECT_EQ(Verified(), kUncovered);
  goal.exceptions[0].crn = "crn";
  EXPECT_EQ(Verified(), "good");
  goal.exceptions[0].expires = assessment_.at;
  EXPECT_EQ(Verified(), kUncovered) << "it ended in that second";
  goal.exceptions[0] = exception;
  goal.exceptions[0].approver = "IBMid-1";
  EXPECT_EQ(Verified(), kUncovered) << "nobody else approved it";
  goal.exceptions[0] = exception;
  goal.exceptions[0].approved = assessment_.at + std::chrono::seconds{1};
  EXPECT_EQ(Verified(), kUncovered) << "it was approved later";
}

TEST(EvidenceOfAttestations, APassIsToldWithWhoAnswersForIt) {
  posture::Profile one = *posture::Content::BuiltIn().FindProfile("60");
  std::erase_if(one.goals, [](const auto& goal) { return goal->id != "3900402"; });
  one.controls = {{.id = "1",
                   .external_control_id = "1",
                   .description = "only",
                   .parent = {},
                   .tags = {},
                   .goals = {"3900402"}}};
  json::Value facts = json::Object{
      {"attested",
       {{"state", "present"}, {"type", "boolean"}, {"value", true}, {"source", "people"}}}};
  const std::string digest = posture::DigestOfFacts(json::Canonical(facts));
  posture::ResourceResult result;
  result.name = "3900402";
  result.status = ResultStatus::kPass;
  result.facts_digest = digest;
  AssessedGoal goal;
  goal.id = "3900402";
  goal.digest = one.goals.front()->digest;
  goal.result.status = ResultStatus::kPass;
  goal.result.parameters = json::Object();
  goal.result.resources = {result};
  goal.resources.Add(ResultStatus::kPass);
  Assessment assessment;
  assessment.at = FromMicros(1'000'000);
  assessment.goals = {goal};
  assessment.facts.emplace(digest, std::move(facts));
  assessment.profile_digest = posture::DigestOf(one);
  assessment.score = {.points = 1000, .evaluated = 1, .total = 1};
  const crypto::SigningKey key = crypto::SigningKey::Generate();
  const auto verified = [&] {
    const auto found = VerifyEnvelope(
        json::Serialize(EnvelopeOf(StatementOf(assessment, one, {}), key.kid(),
                                   [&](ByteView message) { return key.Sign(message); })),
        key.public_key());
    return found.ok() ? "good" : found.error().message();
  };
  EXPECT_EQ(verified(), "nobody answers for goal 3900402");
  auto& attestation = assessment.goals[0].attestation;
  attestation = {.owner = "Ada",
                 .statement = "Restored to staging",
                 .given = FromMicros(0),
                 .expires = FromMicros(2'000'000)};
  EXPECT_EQ(verified(), "good");
  attestation->expires = assessment.at;
  EXPECT_EQ(verified(), "the attestation of goal 3900402 did not count then");
}

TEST(SignedReports, OneByteThatWasChangedIsFound) {
  const crypto::SigningKey key = crypto::SigningKey::Generate();
  const Report report{.media_type = "text/csv", .file_name = "p.csv", .bytes = "goal,pass\r\n"};
  const std::string signature =
      json::Serialize(EnvelopeOf(StatementOfReport(Assessment(), report), key.kid(),
                                 [&](ByteView message) { return key.Sign(message); }));
  const auto found = VerifyReport(signature, report.bytes, key.public_key());
  ASSERT_TRUE(found.ok()) << found.error().message();
  EXPECT_EQ(found->name, "p.csv");
  for (std::size_t i = 0; i < report.bytes.size(); ++i) {
    std::string changed = report.bytes;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(VerifyReport(signature, changed, key.public_key()).ok()) << i;
  }
  for (std::size_t i = 0; i < signature.size(); ++i) {
    std::string changed = signature;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(VerifyReport(changed, report.bytes, key.public_key()).ok()) << i;
  }
  EXPECT_FALSE(
      VerifyReport(signature, report.bytes, crypto::SigningKey::Generate().public_key()).ok());
  EXPECT_FALSE(VerifyEnvelope(signature, key.public_key()).ok()) << "it is no bundle";
}

TEST_F(EvidenceTest, WhatIsLeftOutIsCountedAndMakesNothingBetter) {
  auto& goal = assessment_.goals[0];
  goal.resources.Add(ResultStatus::kPass);
  EXPECT_EQ(Verified(), "good");
  goal.result.status = ResultStatus::kFail;
  assessment_.score = {.points = 0, .evaluated = 1, .total = 1};
  EXPECT_EQ(Verified(), "good") << "one that is left out may fail";
  goal.result.status = ResultStatus::kNotApplicable;
  EXPECT_EQ(Verified(), "the status of goal 3000625 does not follow from its results");
  goal.result.status = ResultStatus::kPass;
  goal.result.resources.push_back(Only());
  EXPECT_EQ(Verified(), "goal 3000625 has two results of one resource");
  goal.result.resources.back().crn = "another";
  goal.resources = {};
  goal.resources.Add(ResultStatus::kPass);
  EXPECT_EQ(Verified(), "goal 3000625 has more results than it says");
}

TEST_F(EvidenceTest, AnErrorHidesNoFailure) {
  assessment_.goals[0].result.error = "the resources could not be listed";
  EXPECT_EQ(Verified(), "the status of goal 3000625 does not follow from its results");
  assessment_.goals[0].result.status = ResultStatus::kUnableToPerform;
  assessment_.score = {.points = 0, .evaluated = 0, .total = 1};
  EXPECT_EQ(Verified(), "good");
}

TEST_F(EvidenceTest, WhatIsSaidOfTheScoreFollowsToo) {
  assessment_.score.evaluated = 0;
  EXPECT_EQ(Verified(), "the score does not follow from the goals");
}

std::string ReadText(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// testdata/README.md
TEST(EvidenceOfEarlierPrograms, IsStillVerifiedAndEachOfItsBytesCounts) {
  const std::string folder = BW_REPORT_TESTDATA;
  std::string bundle = ReadText(folder + "/bundle-0.1.json");
  const auto key = *crypto::VerifyingKey::FromPem(ReadText(folder + "/bundle-0.1.pem"));
  const auto found = VerifyEnvelope(bundle, key);
  ASSERT_TRUE(found.ok()) << found.error().message();
  EXPECT_EQ(found->results, 4);
  EXPECT_EQ(found->scope, "registry: Everything the account has in this installation");
  for (char& byte : bundle) {
    const char before = byte;
    byte = static_cast<char>(byte ^ 1);
    EXPECT_FALSE(VerifyEnvelope(bundle, key).ok()) << &byte - bundle.data();
    byte = before;
  }
}

// DSSE v1 protocol: its own example.
TEST(PreAuthentication, IsAsTheProtocolHasIt) {
  EXPECT_EQ(PreAuthenticationEncoding("http://example.com/HelloWorld", "hello world"),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

}  // namespace
}  // namespace breakwater::report
