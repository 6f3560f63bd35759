// Rules about repositories, in a whole installation: what alters a repository is judged by what the
// repository then holds, whatever door it comes by, and the gate, scans and simulation agree.
#include <algorithm>
#include <functional>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "app/content_rules_testing.h"

namespace breakwater::app {
namespace {

using governance::Action;
using testing::kDenied;

class RepositoryRules : public testing::ContentRulesTest {
 protected:
  std::string Require(std::string_view condition,
                      std::vector<Action> actions = {Action::kDisallow}) {
    return Attach(Draft("repository", condition, std::move(actions)));
  }

  // An image that its name makes another one; under the tag, or by its digest.
  static std::string Manifest(const std::string& name) {
    return registry::testing::ImageManifest(R"({"os":"linux","name":")" + name + R"("})", {});
  }
  static oci::Digest DigestOf(const std::string& name) {
    return oci::Digest::Of(AsBytes(Manifest(name)));
  }
  std::string Push(std::string_view repository, const std::string& name,
                   const std::string& tag = "") {
    PushBlob(Path(repository), R"({"os":"linux","name":")" + name + R"("})");
    return ReasonOf(PushManifest(repository, Manifest(name), oci::kOciManifest,
                                 tag.empty() ? DigestOf(name).text() : tag));
  }
  std::string Restore(std::string_view repository, const std::string& name) {
    return ReasonOf(parts().trash.RestoreTags(place_.caller, Path(repository), DigestOf(name)));
  }
  std::string Protect(std::vector<std::string> patterns) {
    return ReasonOf(parts().tag_immutability.Set(place_.caller, place_.account, registry(), "team",
                                                 {.immutable = std::move(patterns), .except = {}}));
  }
  audit::Record LastRecord() {
    const auto found = parts().audit.Query({.limit = 100'000});
    BW_CHECK(found.ok() && !found->empty());
    return found->back().record;
  }
};

constexpr std::string_view kTwoTags =
    R"({"property":"tags","operator":"num_less_than_equals","value":2})";
constexpr std::string_view kAllTagged =
    R"({"property":"untagged_manifests","operator":"num_equals","value":0})";

TEST_F(RepositoryRules, APushThatLeavesTooManyTagsIsRefusedAndOthersAreNot) {
  const std::string rule = Require(kTwoTags);
  EXPECT_EQ(Push("team/app", "a", "1"), "");
  EXPECT_EQ(Push("team/app", "b", "2"), "");
  EXPECT_EQ(Push("team/app", "c", "3"), kDenied);
  EXPECT_FALSE(IsThere("team/app", "3"));
  EXPECT_FALSE(IsThere("team/app", DigestOf("c").text())) << "nothing of it is there";
  EXPECT_EQ(Push("team/app", "c", "2"), "") << "a tag that is there moves";
  EXPECT_EQ(Push("team/app", "d"), "") << "no tag comes with it";
  EXPECT_EQ(Push("team/other", "a", "1"), "") << "each repository has its own";
  ASSERT_TRUE(parts().governance.DeleteRule(place_.caller, place_.account, rule).ok());
  EXPECT_EQ(Push("team/app", "c", "3"), "");
}

TEST_F(RepositoryRules, ARepositoryIsJudgedByWhateverDoorAChangeComes) {
  ASSERT_EQ(Push("other/app", "a", "1"), "");
  ASSERT_EQ(Push("team/app", "x", "1"), "");
  ASSERT_EQ(Push("team/app", "y", "2"), "");
  ASSERT_EQ(Push("team/app", "z", "3"), "");
  ASSERT_EQ(Delete("team/app", DigestOf("z").text()), "");
  Require(kTwoTags);
  EXPECT_EQ(Copy("team/app", "team/app", "1", "3"), kDenied) << "a tag";
  EXPECT_EQ(Copy("other/app", "team/app", "1", "3"), kDenied) << "a copy";
  EXPECT_EQ(Restore("team/app", "z"), kDenied) << "out of the trash";
  EXPECT_EQ(ReasonOf(parts().trash.RestoreTag(place_.caller, Path("team/app"), "3")), kDenied);
  EXPECT_FALSE(IsThere("team/app", "3"));
  EXPECT_EQ(Delete("team/app", "2"), "");
  EXPECT_EQ(Restore("team/app", "z"), "") << "there is room for it now";
  EXPECT_TRUE(IsThere("team/app", "3"));
}

TEST_F(RepositoryRules, WhatATagNoLongerNamesIsUntagged) {
  Require(kAllTagged);
  EXPECT_EQ(Push("team/app", "a"), kDenied) << "by its digest alone";
  EXPECT_EQ(Push("team/app", "a", "1"), "");
  EXPECT_EQ(Push("team/app", "b", "1"), kDenied) << "what it named is left";
  EXPECT_EQ(Copy("team/app", "team/app", "1", "2"), "");
  EXPECT_EQ(Delete("team/app", "1"), "");
  EXPECT_EQ(Delete("team/app", "2"), kDenied) << "the last tag";
  EXPECT_TRUE(IsThere("team/app", "2"));
  EXPECT_EQ(Delete("team/app", DigestOf("a").text()), "") << "a repository may end";
}

TEST_F(RepositoryRules, TagsThatANamespaceProtectsCountAtOnce) {
  ASSERT_EQ(Push("team/app", "a", "v1"), "");
  ASSERT_EQ(Push("team/app", "b", "latest"), "");
  ASSERT_EQ(Push("other/app", "b", "latest"), "");
  const std::string rule =
      Require(R"({"property":"immutable_tags","operator":"num_greater_than_equals","value":1})");
  EXPECT_EQ(Protect({"w*"}), "") << "violated before, and as it was";
  EXPECT_EQ(Protect({"v*"}), "");
  EXPECT_EQ(Protect({"w*"}), kDenied);
  EXPECT_EQ(Protect({}), kDenied);
  EXPECT_EQ(Push("team/new", "a", "latest"), kDenied);
  EXPECT_EQ(Push("team/new", "a", "v1"), "");
}

TEST_F(RepositoryRules, WhatViolatedARuleBeforeMayChangeInOtherWays) {
  for (const char* tag : {"1", "2", "3"}) ASSERT_EQ(Push("team/app", tag, tag), "");
  ASSERT_EQ(Delete("team/app", DigestOf("3").text()), "");
  ASSERT_EQ(Push("team/app", "3", "4"), "");
  Require(R"({"property":"tags","operator":"num_less_than","value":2})");
  EXPECT_EQ(Push("team/app", "new", "1"), "") << "as many tags as before";
  EXPECT_EQ(Push("team/app", "untagged"), "");
  EXPECT_EQ(Push("team/app", "new", "5"), kDenied);
  EXPECT_EQ(Restore("team/app", "3"), kDenied);
  EXPECT_EQ(Delete("team/app", "1"), "") << "still too many, and fewer";
}

TEST_F(RepositoryRules, RetentionLeavesWhatARuleNeeds) {
  for (const char* name : {"a", "b", "c"}) ASSERT_EQ(Push("team/app", name, name), "");
  Require(R"({"property":"manifests","operator":"num_greater_than_equals","value":2})");
  ASSERT_TRUE(parts()
                  .retention
                  .Set(place_.caller, place_.account, registry(), "team",
                       {.images_per_repo = 1,
                        .retain_untagged = false,
                        .order = registry::RetentionOrder::kPushed})
                  .ok());
  const auto deleted = parts().retention.Apply(registry().name, "team");
  ASSERT_TRUE(deleted.ok()) << deleted.error().message();
  EXPECT_EQ(*deleted, 1);
}

TEST_F(RepositoryRules, ARuleThatDoesNotDisallowRecordsOrWarns) {
  Require(kTwoTags, {Action::kAuditLog, Action::kWarn});
  ASSERT_EQ(Push("team/app", "a", "1"), "");
  ASSERT_EQ(Push("team/app", "b", "2"), "");
  place_.caller.warnings = std::make_shared<std::vector<std::string>>();
  EXPECT_EQ(Push("team/app", "c", "3"), "");
  EXPECT_EQ(place_.caller.warnings->size(), 1U);
  const audit::Record record = LastRecord();
  EXPECT_EQ(record.action, "container-registry.image.push");
  const json::Value& judged = record.judgement.at(0);
  EXPECT_EQ(json::FindText(judged.at("target"), "name"), "team/app");
  EXPECT_FALSE(judged.at("is_compliant").as_bool());
  EXPECT_TRUE(judged.at("is_allowed").as_bool());
}

TEST_F(RepositoryRules, WhereNoRuleAsksNothingIsReadOrRecorded) {
  ASSERT_EQ(Push("team/app", "a", "1"), "");
  EXPECT_TRUE(LastRecord().judgement.is_null());
  governance::RuleDraft narrow = Draft("repository", kTwoTags);
  narrow.target.as_object()["additional_target_attributes"] = json::Array{
      json::Object{{"name", "namespace"}, {"operator", "string_equals"}, {"value", "team"}}};
  Attach(narrow);
  ASSERT_EQ(Push("other/app", "a", "1"), "");
  EXPECT_TRUE(LastRecord().judgement.is_null());
  ASSERT_EQ(Push("team/app", "b", "2"), "");
  EXPECT_FALSE(LastRecord().judgement.is_null());
}

TEST_F(RepositoryRules, OneRepositoryThatMustBeThereGoesWithNothing) {
  const std::string any =
      R"({"any":{"target":{"service_name":"container-registry","resource_kind":"repository"},)"
      R"("required_config":{"property":"tags","operator":"num_greater_than","value":0}}})";
  ASSERT_EQ(Push("team/app", "a", "1"), "");
  Attach(Draft("service", any));
  EXPECT_EQ(Delete("team/app", "1"), kDenied);
  EXPECT_EQ(Delete("team/app", DigestOf("a").text()), kDenied);
  EXPECT_EQ(ReasonOf(parts().namespaces.Delete(place_.caller, place_.account, registry(), "team")),
            kDenied);
  ASSERT_EQ(Push("other/app", "a", "1"), "");
  EXPECT_EQ(ReasonOf(parts().namespaces.Delete(place_.caller, place_.account, registry(), "team")),
            "");
}

TEST_F(RepositoryRules, WhatAPushLeftIsTheScansResultAtOnce) {
  const std::string rule = Require(kTwoTags, {});
  const auto outcomes = [&] {
    while (*parts().jobs->RunDue() > 0) {
    }
    const auto found = parts().rule_results.Find(place_.account, {.rule_id = rule});
    BW_CHECK(found.ok());
    std::vector<std::string> all;
    for (const auto& one : found->results) {
      all.emplace_back(one.outcome == condition::Outcome::kCompliant ? "compliant" : "violated");
    }
    return all;
  };
  ASSERT_EQ(Push("team/app", "a", "1"), "");
  EXPECT_EQ(outcomes(), std::vector<std::string>{"compliant"});
  ASSERT_EQ(Copy("team/app", "team/app", "1", "2"), "");
  ASSERT_EQ(Copy("team/app", "team/app", "1", "3"), "");
  EXPECT_EQ(outcomes(), std::vector<std::string>{"violated"});
  ASSERT_EQ(Delete("team/app", DigestOf("a").text()), "");
  EXPECT_TRUE(outcomes().empty()) << "it holds nothing any more";
}

// Random histories of a namespace that is made anew for each.
class RandomHistory : public RepositoryRules {
 public:
  void TestBody() override {}

  void Run() {
    Begin();
    const governance::RuleDraft draft = AnyRule();
    rule_ = Attach(draft);
    const Timestamp since = parts().clock.Now();
    const int steps = *rc::gen::inRange(1, 8);
    std::int64_t refused = 0;
    for (int i = 0; i < steps && refused == 0; ++i) {
      const auto step = AnyStep();
      if (step() == kDenied) ++refused;
      RC_ASSERT(Violated() == 0);
      if (refused > 0) Force(step);
    }
    const auto simulation = parts().simulator.Run(
        {.rule = draft, .attachments = {}, .since = since, .until = parts().clock.Now()});
    RC_ASSERT(simulation.ok());
    // Of what was forced, the simulation knows that the glass was broken.
    RC_ASSERT(simulation->refused == refused);
    RC_ASSERT(simulation->not_recorded == 0);
    RC_ASSERT((simulation->failing > 0) == (refused > 0));
  }

 private:
  // Also after a case that failed.
  void Begin() {
    if (!rule_.empty()) {
      RC_ASSERT(parts().governance.DeleteRule(place_.caller, place_.account, rule_).ok());
      RC_ASSERT(ProtectAll({}).empty());
      RC_ASSERT(
          parts().namespaces.Delete(place_.caller, place_.account, registry(), kNameSpace).ok());
    }
    rule_.clear();
    RC_ASSERT(
        parts().namespaces.Create(place_.caller, place_.account, registry(), kNameSpace, "").ok());
  }

  governance::RuleDraft AnyRule() {
    const std::string property =
        *rc::gen::element<std::string>("tags", "immutable_tags", "manifests", "untagged_manifests");
    const std::string comparison =
        *rc::gen::element<std::string>("num_less_than_equals", "num_greater_than_equals");
    governance::RuleDraft draft =
        Draft("repository", R"({"property":")" + property + R"(","operator":")" + comparison +
                                R"(","value":)" + std::to_string(*rc::gen::inRange(0, 4)) + "}");
    draft.target.as_object()["additional_target_attributes"] = json::Array{json::Object{
        {"name", "namespace"}, {"operator", "string_equals"}, {"value", json::Text(kNameSpace)}}};
    return draft;
  }

  std::function<std::string()> AnyStep() {
    const std::string repository = kNameSpace + *rc::gen::element<std::string>("/a", "/b");
    const std::string other = kNameSpace + *rc::gen::element<std::string>("/a", "/b");
    const std::string name = *rc::gen::element<std::string>("x", "y", "z");
    const std::string tag = *rc::gen::element<std::string>("v1", "v2", "w");
    const std::string last = *rc::gen::element<std::string>("v1", "v2", "w");
    switch (*rc::gen::inRange(0, 8)) {
      case 0: return [=, this] { return Push(repository, name); };
      case 1: return [=, this] { return Delete(repository, DigestOf(name).text()); };
      case 2: return [=, this] { return Delete(repository, tag); };
      case 3: return [=, this] { return Copy(repository, other, last, tag); };
      case 4: return [=, this] { return Restore(repository, name); };
      case 5: return [=, this] { return ProtectAll({tag}); };
      default: return [=, this] { return Push(repository, name, tag); };
    }
  }

  std::string ProtectAll(std::vector<std::string> patterns) {
    return ReasonOf(parts().tag_immutability.Set(place_.caller, place_.account, registry(),
                                                 kNameSpace,
                                                 {.immutable = std::move(patterns), .except = {}}));
  }

  // What was refused would have been a violation: the same with broken glass is one.
  void Force(const std::function<std::string()>& step) {
    const auto glass = parts().break_glasses.Open(
        place_.caller, place_.account,
        {.reason = "to see what it would be", .duration = std::chrono::minutes(5)});
    RC_ASSERT(glass.ok());
    RC_ASSERT(step().empty());
    RC_ASSERT(parts().break_glasses.Close(place_.caller, place_.account, glass->id).ok());
    RC_ASSERT(Violated() > 0);
  }

  // Repositories of which a scan says that a rule is violated.
  std::size_t Violated() {
    RC_ASSERT(parts().rule_results.EvaluateType(place_.account, registry::RepositoryType()).ok());
    const auto found = parts().rule_results.Find(place_.account, {.rule_id = rule_, .limit = 1000});
    RC_ASSERT(found.ok());
    return static_cast<std::size_t>(
        std::ranges::count_if(found->results, [](const governance::RuleResult& one) {
          return one.outcome != condition::Outcome::kCompliant;
        }));
  }

  static inline const std::string kNameSpace = "history";
  std::string rule_;
};

TEST(RepositoryHistory, GateScanAndSimulationGiveOneVerdict) {
  RandomHistory history;
  EXPECT_TRUE(rc::check("what is refused is what scans and simulation find violated",
                        [&] { history.Run(); }));
}

}  // namespace
}  // namespace breakwater::app
