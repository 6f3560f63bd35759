// Sub-rules (ibm-scc 5.3): conditions over the resources beside the one that is judged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "condition/cure.h"
#include "condition/evaluate.h"
#include "condition/testing.h"

namespace breakwater::condition {
namespace {

using ::testing::HasSubstr;

const Timestamp kNow = testing::TestNow();

class Things final : public Related {
 public:
  const std::vector<RelatedResource>* Of(const ResourceType& type) const override {
    return readable && type == testing::TestType() ? &things : nullptr;
  }
  Things& With(std::string region, bool flag) {
    RelatedResource thing;
    thing.name = "thing-" + std::to_string(things.size());
    thing.attributes = {{"region", std::move(region)}};
    thing.facts.Set("flag", Fact::Present(flag, "test", kNow));
    things.push_back(std::move(thing));
    return *this;
  }

  std::vector<RelatedResource> things;
  bool readable = true;
};

std::string Document(std::string_view quantifier) {
  return R"({")" + std::string(quantifier) +
         R"(":{"target":{"service_name":"test","resource_kind":"thing",)"
         R"("additional_target_attributes":[{"name":"region","operator":"string_equals",)"
         R"("value":"us-south"}]},"required_config":{"property":"flag","operator":"is_true"}}})";
}

Result<Condition> TryParse(std::string_view text) {
  return Condition::Parse(json::Parse(text).value(), testing::TestCatalogue(), testing::TestType());
}

Outcome OutcomeOf(std::string_view quantifier, const Related* related) {
  const auto condition = TryParse(Document(quantifier));
  BW_CHECK(condition.ok());
  const Outcome judged = Judge(*condition, {}, {}, related);
  EXPECT_EQ(Evaluate(*condition, {}, {}, related).outcome, judged);
  return judged;
}

TEST(SubRule, AnyNeedsOneAndAllNeedsEach) {
  const Things mixed = Things().With("us-south", true).With("us-south", false);
  EXPECT_EQ(OutcomeOf("any", &mixed), Outcome::kCompliant);
  EXPECT_EQ(OutcomeOf("all", &mixed), Outcome::kViolated);
  const Things good = Things().With("us-south", true).With("eu-de", false);
  EXPECT_EQ(OutcomeOf("all", &good), Outcome::kCompliant) << "only what the target selects counts";
}

TEST(SubRule, WithoutAnyResourceOnlyIfExistsComplies) {
  const Things none = Things().With("eu-de", true);
  EXPECT_EQ(OutcomeOf("any", &none), Outcome::kViolated);
  EXPECT_EQ(OutcomeOf("all", &none), Outcome::kViolated);
  EXPECT_EQ(OutcomeOf("any_ifexists", &none), Outcome::kCompliant);
  EXPECT_EQ(OutcomeOf("all_ifexists", &none), Outcome::kCompliant);
}

TEST(SubRule, IsUnableWhenTheResourcesCannotBeRead) {
  Things things;
  things.readable = false;
  EXPECT_EQ(OutcomeOf("all_ifexists", &things), Outcome::kUnable);
  EXPECT_EQ(OutcomeOf("any", nullptr), Outcome::kUnable);
}

TEST(SubRule, IsUnableWhenAFactThatDecidesIsMissing) {
  Things things = Things().With("us-south", true);
  things.things.push_back({"thing-x", {{"region", "us-south"}}, {}});
  EXPECT_EQ(OutcomeOf("any", &things), Outcome::kCompliant);
  EXPECT_EQ(OutcomeOf("all", &things), Outcome::kUnable);
}

TEST(SubRule, ReportsWhatItCountedAndWhoFails) {
  const Things things = Things().With("us-south", true).With("us-south", false);
  const auto condition = TryParse(Document("all"));
  ASSERT_TRUE(condition.ok());
  const Verdict verdict = Evaluate(*condition, {}, {}, &things);
  ASSERT_EQ(verdict.leaves.size(), 1U);
  const LeafReport& leaf = verdict.leaves.front();
  EXPECT_EQ(leaf.outcome, LeafOutcome::kFails);
  EXPECT_EQ(leaf.reason, "1 of 2 resources test/thing comply; required: all; not thing-1");
  EXPECT_EQ(json::FindText(leaf.ToJson(), "operator"), "all");
  EXPECT_EQ(Cure(*condition, {}, {}), std::nullopt);
}

TEST(SubRule, MistakesNameTheirPlace) {
  const auto refused = [](std::string_view text, std::string_view says) {
    const auto condition = TryParse(text);
    ASSERT_FALSE(condition.ok()) << text;
    EXPECT_EQ(condition.error().reason(), "rule_error");
    EXPECT_THAT(condition.error().message(), HasSubstr(says));
  };
  refused(R"({"any":{"target":{"service_name":"test","resource_kind":"thing"}}})",
          "required_config.any: must be an object with exactly these members");
  refused(R"({"any":7})", "required_config.any: must be an object");
  refused(R"({"any":{"target":{"service_name":"test","resource_kind":"planet"},)"
          R"("required_config":{"property":"flag","operator":"is_true"}}})",
          "required_config.any.target.resource_kind");
  refused(R"({"all":{"target":{"service_name":"test","resource_kind":"thing"},)"
          R"("required_config":{"property":"flog","operator":"is_true"}}})",
          "required_config.all.required_config.property: 'flog' is no property");
  refused(R"({"all":{"target":{"service_name":"test","resource_kind":"thing"},"required_config":)" +
              Document("any") + "}}",
          "sub-rules hold no sub-rules");
  refused(R"({"property":"flag","operator":"is_true","all":{}})", "must have exactly one form");
}

}  // namespace
}  // namespace breakwater::condition
