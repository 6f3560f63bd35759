#include "governance/rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace breakwater::governance {
namespace {

using ::testing::HasSubstr;

const AccountId kAccount("account-1");

RuleDraft Draft() {
  RuleDraft draft;
  draft.account = kAccount;
  draft.name = "private";
  draft.description = "private networks only";
  draft.target =
      json::Parse(R"({"service_name":"container-registry","resource_kind":"service"})").value();
  draft.required_config =
      json::Parse(R"({"and":[{"property":"private_only","operator":"is_true"}]})").value();
  draft.actions = {Action::kDisallow};
  return draft;
}

Status Compiled(const RuleDraft& draft, const Limits& limits = {}) {
  auto compiled = Compile(draft, condition::Catalogue::BuiltIn(), limits);
  return compiled.ok() ? Ok() : Status(std::move(compiled).error());
}

void ExpectRuleError(const RuleDraft& draft, std::string_view says) {
  const Status status = Compiled(draft);
  ASSERT_FALSE(status.ok()) << says;
  EXPECT_EQ(status.error().reason(), "rule_error");
  EXPECT_EQ(status.error().code(), ErrorCode::kInvalid);
  EXPECT_THAT(status.error().message(), HasSubstr(says));
}

TEST(RuleDraft, IsAcceptedUpToItsLimits) {
  RuleDraft draft = Draft();
  EXPECT_TRUE(Compiled(draft).ok());
  draft.name = std::string(32, 'n');
  draft.description.clear();
  for (int i = 0; i < 256; ++i) draft.description += "ä";  // characters, not bytes
  draft.labels.assign(32, std::string(64, 'l'));
  draft.actions = {Action::kDisallow, Action::kAuditLog};
  EXPECT_TRUE(Compiled(draft).ok());
  draft.actions.clear();
  EXPECT_TRUE(Compiled(draft).ok());
}

TEST(RuleDraft, IsRefusedBeyondThem) {
  RuleDraft draft = Draft();
  draft.name = std::string(33, 'n');
  ExpectRuleError(draft, "name: must have 1 to 32 characters");
  draft = Draft();
  draft.description = "";
  ExpectRuleError(draft, "description: must have 1 to 256 characters");
  draft = Draft();
  draft.labels.assign(33, "l");
  ExpectRuleError(draft, "labels: must be at most 32");
  draft = Draft();
  draft.labels = {"ok", "a,b"};
  ExpectRuleError(draft, "labels[1]: must have no comma and no slash");
  draft = Draft();
  draft.labels = {std::string(65, 'l')};
  ExpectRuleError(draft, "labels[0]: must have 1 to 64 characters");
  draft = Draft();
  draft.actions = {Action::kDisallow, Action::kDisallow};
  ExpectRuleError(draft, "names 'disallow' more than once");
  draft = Draft();
  draft.required_config.as_object()["description"] = std::string(4096, 'd');
  ExpectRuleError(draft, "at most 4096 characters");
}

TEST(RuleDraft, CannotDisallowWhatCanOnlyBeMonitored) {
  RuleDraft draft = Draft();
  draft.target.as_object()["resource_kind"] = "alerts";
  draft.required_config =
      json::Parse(R"({"property":"vulnerability_channels","operator":"is_not_empty"})").value();
  ExpectRuleError(draft, "can be monitored only");
  draft.actions = {Action::kAuditLog};
  EXPECT_TRUE(Compiled(draft).ok());
}

TEST(RuleDraft, OfAnAcceptedRuleOutlivesStricterLimits) {
  const RuleDraft draft = Draft();
  const Limits strict{.condition = {.max_conditions = 0}};
  EXPECT_FALSE(Compiled(draft, strict).ok());
  EXPECT_TRUE(
      CompileAccepted(draft.target, draft.required_config, condition::Catalogue::BuiltIn()).ok());
}

TEST(Words, AreThoseOfTheReferenceSystem) {
  for (const std::string_view word : {"disallow", "audit_log"}) {
    EXPECT_EQ(ToString(ParseAction(word).value()), word);
  }
  for (const std::string_view word : {"enterprise", "enterprise.account_group",
                                      "enterprise.account", "account", "account.resource_group"}) {
    EXPECT_EQ(ToString(ParseScopeType(word).value()), word);
  }
  EXPECT_THAT(ParseAction("deny").error().message(), HasSubstr("allowed: disallow, audit_log"));
  EXPECT_THAT(ParseScopeType("planet").error().message(), HasSubstr("allowed: enterprise"));
}

AttachmentDraft Attached(ScopeType type, const std::string& id) {
  return {.account = kAccount, .included = {type, id, ""}, .excluded = {}};
}

control::Resource ResourceIn(const std::string& group) {
  control::Resource resource =
      control::ServiceResource(kAccount, RegistryName("us.icr.io"), "us-south");
  resource.resource_group = group;
  return resource;
}

TEST(AttachmentScope, CoversItsAccountButForWhatIsExcluded) {
  AttachmentDraft draft = Attached(ScopeType::kAccount, "account-1");
  draft.excluded = {{ScopeType::kAccountResourceGroup, "sandbox", ""}};
  ASSERT_TRUE(Check(draft, {}).ok());
  EXPECT_TRUE(Covers(draft, ResourceIn("")));
  EXPECT_TRUE(Covers(draft, ResourceIn("production")));
  EXPECT_FALSE(Covers(draft, ResourceIn("sandbox")));
  control::Resource other = ResourceIn("");
  other.account = AccountId("account-2");
  EXPECT_FALSE(Covers(draft, other));
}

TEST(AttachmentScope, OfAResourceGroupCoversOnlyIt) {
  const AttachmentDraft draft = Attached(ScopeType::kAccountResourceGroup, "production");
  ASSERT_TRUE(Check(draft, {}).ok());
  EXPECT_TRUE(Covers(draft, ResourceIn("production")));
  EXPECT_FALSE(Covers(draft, ResourceIn("")));
  EXPECT_THAT(WarningOf(Draft(), draft), HasSubstr("matches none"));
  EXPECT_EQ(WarningOf(Draft(), Attached(ScopeType::kAccount, "account-1")), "");
}

TEST(AttachmentScope, MustExistForTheAccountAndContainWhatItExcludes) {
  const auto refused = [](const AttachmentDraft& draft, std::string_view says) {
    const Status status = Check(draft, {});
    ASSERT_FALSE(status.ok()) << says;
    EXPECT_EQ(status.error().reason(), "attachment_error");
    EXPECT_THAT(status.error().message(), HasSubstr(says));
  };
  refused(Attached(ScopeType::kAccount, "account-2"), "is not the account of the attachment");
  refused(Attached(ScopeType::kEnterprise, "e"), "is in no enterprise 'e'");
  refused(Attached(ScopeType::kAccount, ""), "scope_id must have");
  AttachmentDraft draft = Attached(ScopeType::kAccount, "account-1");
  draft.excluded = {{ScopeType::kAccount, "account-1", ""}};
  refused(draft, "excluded_scopes[0]: does not lie within the included scope");
  draft.excluded.assign(9, {ScopeType::kAccountResourceGroup, "g", ""});
  refused(draft, "must be at most 8");
}

}  // namespace
}  // namespace breakwater::governance
