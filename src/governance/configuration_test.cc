// Rules as documents: what an import changes, and what it leaves alone.
#include "governance/configuration.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "governance/rule_testing.h"

namespace breakwater::governance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RulesSectionTest : public testing::RuleTest {
 protected:
  static json::Value Attached(const std::string& scope, const std::string& note = {}) {
    json::Object included{{"scope_type", "account"}, {"scope_id", json::Text(scope)}};
    if (!note.empty()) included["note"] = json::Text(note);
    return json::Object{{"included_scope", std::move(included)}};
  }
  json::Value Document(json::Array attachments) const {
    return json::Object{{"name", "rule"},
                        {"description", "a rule"},
                        {"target", Draft("{}").target},
                        {"required_config", json::Parse(Leaf("private_only", "is_true")).value()},
                        {"attachments", std::move(attachments)}};
  }
  // Imports the document for the rule that is there, if any.
  Status Put(json::Array attachments) {
    control::ConfigurationItem item{
        .key = "rule", .document = Document(std::move(attachments)), .id = {}};
    const auto there = section_.Export(world.account);
    if (!there->empty()) item.id = there->front().id;
    return section_.Put(world.caller, world.account, item);
  }
  // The ends of the actions on record since it was asked last.
  std::vector<std::string> Done() {
    std::vector<std::string> actions;
    const auto records = world.log.Query({.after = last_});
    for (const audit::Found& one : *records) {
      last_ = one.position;
      actions.push_back(one.record.action.substr(one.record.action.rfind('.') + 1));
    }
    return actions;
  }

  RulesSection section_{world.governance, condition::Catalogue::BuiltIn()};

 private:
  std::optional<audit::Position> last_;
};

TEST_F(RulesSectionTest, WhatStaysAttachedIsNotTouched) {
  const std::string account = world.account.value();
  ASSERT_TRUE(Put({Attached(account)}).ok());
  EXPECT_THAT(Done(), ElementsAre("rules-create", "attachments-create"));
  ASSERT_TRUE(Put({Attached(account)}).ok());
  EXPECT_THAT(Done(), IsEmpty());
  ASSERT_TRUE(Put({Attached(account, "until the audit")}).ok());
  EXPECT_THAT(Done(), ElementsAre("attachments-update")) << "never detached in between";
  ASSERT_TRUE(Put({}).ok());
  EXPECT_THAT(Done(), ElementsAre("attachments-delete"));
}

TEST_F(RulesSectionTest, ARuleThatCannotBeAttachedIsRemovedAgainOnRecord) {
  EXPECT_EQ(Put({Attached("somebody-elses")}).error().reason(), "attachment_error");
  EXPECT_TRUE(section_.Export(world.account)->empty());
  EXPECT_THAT(Done(), ElementsAre("rules-create", "attachments-create", "rules-delete"));
}

}  // namespace
}  // namespace breakwater::governance
