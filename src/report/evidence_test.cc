#include "report/evidence.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "posture/content.h"
#include "posture/evaluate.h"

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
    const json::Value statement = StatementOf(assessment_, *profile_, nullptr);
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

// DSSE v1 protocol: its own example.
TEST(PreAuthentication, IsAsTheProtocolHasIt) {
  EXPECT_EQ(PreAuthenticationEncoding("http://example.com/HelloWorld", "hello world"),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

}  // namespace
}  // namespace breakwater::report
