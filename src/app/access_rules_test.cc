// Rules about who may do what, in a whole installation: who must go can go, whatever is violated.
#include <gtest/gtest.h>

#include "app/testing.h"

namespace breakwater::app {
namespace {

class AccessRules : public ::testing::Test {
 protected:
  Installation::Parts& parts() { return place_.parts(); }

  // A service ID that may administer everything.
  iam::ServiceId NewAdministrator(const std::string& name) {
    const auto made =
        parts().service_ids.Create(place_.caller, place_.account, {.name = name, .api_key = {}});
    BW_CHECK(made.ok());
    granted_ = Grant(made->service_id.iam_id);
    return made->service_id;
  }

  Status Grant(const IamId& iam_id) {
    iam::PolicyContent content;
    content.subject = {iam::SubjectKind::kIdentity, iam_id.value()};
    content.roles = {iam::Role::kAdministrator};
    content.attributes = {{"serviceType", "service"}, {"accountId", place_.account.value()}};
    const auto made = parts().policies.Create(place_.caller, place_.account, content);
    return made.ok() ? Ok() : Status(made.error());
  }

  void AtMostOneAdministrator() {
    governance::RuleDraft draft;
    draft.account = place_.account;
    draft.name = "few administrators";
    draft.description = "at most one service ID administers";
    draft.target =
        json::Object{{"service_name", "container-registry"}, {"resource_kind", "access"}};
    draft.required_config = json::Object{{"property", "administrator_service_ids"},
                                         {"operator", "num_less_than_equals"},
                                         {"value", 1}};
    draft.actions = {governance::Action::kDisallow};
    const auto rule = parts().governance.CreateRule(place_.caller, draft);
    BW_CHECK(rule.ok());
    BW_CHECK(
        parts()
            .governance.attachments()
            .Attach(place_.caller, place_.account, rule->id,
                    {{.account = place_.account,
                      .included = {governance::ScopeType::kAccount, place_.account.value(), ""},
                      .excluded = {}}})
            .ok());
  }

  testing::Place place_;
  Status granted_ = Ok();
};

TEST_F(AccessRules, AViolatedRuleKeepsNobodyFromBeingRemoved) {
  std::vector<iam::ServiceId> all;
  for (const char* name : {"a", "b", "c", "d"}) all.push_back(NewAdministrator(name));
  ASSERT_TRUE(granted_.ok()) << granted_.error().message();
  const auto another =
      parts().service_ids.Create(place_.caller, place_.account, {.name = "e", .api_key = {}});
  ASSERT_TRUE(another.ok());
  AtMostOneAdministrator();
  EXPECT_EQ(Grant(another->service_id.iam_id).error().reason(), "config_rule_denied");
  for (const auto& one : {all[0], all[1], all[2]}) {
    const Status removed = parts().service_ids.Delete(place_.caller, place_.account, one.id);
    EXPECT_TRUE(removed.ok()) << removed.error().message();
  }
}

TEST_F(AccessRules, WhoMayOnlyEditCannotTakeARuleOutOfForce) {
  NewAdministrator("a");
  AtMostOneAdministrator();
  const auto editor =
      parts().service_ids.Create(place_.caller, place_.account, {.name = "editor", .api_key = {}});
  ASSERT_TRUE(editor.ok());
  iam::PolicyContent content;
  content.subject = {iam::SubjectKind::kIdentity, editor->service_id.iam_id.value()};
  content.roles = {iam::Role::kEditor};
  content.attributes = {{"serviceName", "compliance"}, {"accountId", place_.account.value()}};
  const auto policy = parts().policies.Create(place_.caller, place_.account, content);
  ASSERT_TRUE(policy.ok()) << policy.error().message();
  control::Caller caller = place_.caller;
  caller.actor.kind = control::IdentityKind::kServiceId;
  caller.actor.iam_id = editor->service_id.iam_id;
  const auto rules = parts().governance.ListRules(place_.account, {});
  ASSERT_TRUE(rules.ok());
  const governance::Rule& rule = rules->rules.front();
  EXPECT_EQ(parts().governance.DeleteRule(caller, place_.account, rule.id).error().code(),
            ErrorCode::kDenied);
  governance::RuleDraft weaker = rule.definition;
  weaker.actions = {};
  EXPECT_EQ(parts().governance.ReplaceRule(caller, rule.id, {}, weaker).error().code(),
            ErrorCode::kDenied);
  weaker.name = "another";
  const auto made = parts().governance.CreateRule(caller, weaker);
  ASSERT_TRUE(made.ok()) << "rules that are in force nowhere are theirs: "
                         << made.error().message();
  EXPECT_TRUE(parts().governance.DeleteRule(caller, place_.account, made->id).ok());
}

}  // namespace
}  // namespace breakwater::app
