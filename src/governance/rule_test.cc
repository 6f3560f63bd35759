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

TEST(RuleDraft, MayOnlyImportSoMuch) {
  RuleDraft draft = Draft();
  const auto import = [](std::size_t characters) {
    json::Object parameter{{"name", "most"}, {"type", "numeric"}, {"default", 3}};
    parameter["description"] = json::Text(std::string(characters, 'd'));
    return json::Object{{"parameters", json::Array{std::move(parameter)}}};
  };
  draft.import = import(100);
  EXPECT_TRUE(Compiled(draft).ok());
  draft.import = import(4096);
  ExpectRuleError(draft, "import");
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
      CompileAccepted(draft.target, draft.required_config, nullptr, condition::Catalogue::BuiltIn())
          .ok());
}

TEST(Words, AreThoseOfTheReferenceSystem) {
  for (const std::string_view word : {"disallow", "audit_log", "warn"}) {
    EXPECT_EQ(ToString(ParseAction(word).value()), word);
  }
  for (const std::string_view word : {"enterprise", "enterprise.account_group",
                                      "enterprise.account", "account", "account.resource_group"}) {
    EXPECT_EQ(ToString(ParseScopeType(word).value()), word);
  }
  EXPECT_THAT(ParseAction("deny").error().message(), HasSubstr("allowed: disallow, audit_log"));
  EXPECT_THAT(ParseScopeType("planet").error().message(), HasSubstr("allowed: enterprise"));
}

TEST(AttachmentWarning, SaysThatAnAccountsThingsLieInNoResourceGroup) {
  AttachmentDraft draft{.account = kAccount,
                        .included = {ScopeType::kAccountResourceGroup, "production", ""},
                        .excluded = {}};
  EXPECT_THAT(WarningOf(Draft(), draft), HasSubstr("matches none"));
  draft.included = {ScopeType::kAccount, kAccount.value(), ""};
  EXPECT_EQ(WarningOf(Draft(), draft), "");
}

}  // namespace
}  // namespace breakwater::governance
