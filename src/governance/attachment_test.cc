// Where attachments reach: within an account, and over a tree of accounts.
#include "governance/attachment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/testing.h"
#include "governance/store.h"

namespace breakwater::governance {
namespace {

using ::testing::HasSubstr;

const AccountId kRoot("root");
const AccountId kChild("child");
const AccountId kAlone("alone");

class AttachmentScope : public ::testing::Test {
 protected:
  AttachmentScope() {
    trees_.Put({.account = kRoot, .enterprise = "e", .root = kRoot, .account_groups = {}});
    trees_.Put({.account = kChild,
                .enterprise = "e",
                .root = kRoot,
                .account_groups = {"upper", "lower"}});
  }

  static AttachmentDraft Draft(const AccountId& account, ScopeType type, const std::string& id) {
    return {.account = account, .included = {type, id, ""}, .excluded = {}};
  }

  ScopeTree TreeFor(const std::vector<AttachmentDraft>& drafts) {
    auto tree = control_.database.ReadValue([&](db::Transaction& tx) {
      return ScopeTree::Of(tx, trees_, drafts.front().account, ScopesOf(drafts));
    });
    BW_CHECK(tree.ok());
    return *std::move(tree);
  }
  Status Checked(const AttachmentDraft& draft) { return Check(draft, TreeFor({draft}), {}); }

  control::Place PlaceOf(const AccountId& account) {
    auto place = control_.database.ReadValue(
        [&](db::Transaction& tx) { return trees_.PlaceOf(tx, account); });
    BW_CHECK(place.ok());
    return *std::move(place);
  }
  bool Reaches(const AttachmentDraft& draft, const AccountId& account,
               const std::string& group = "") {
    control::Resource resource =
        control::ServiceResource(account, RegistryName("us.icr.io"), "us-south");
    resource.resource_group = group;
    return Covers(draft, resource, PlaceOf(account));
  }
  void ExpectRefused(const AttachmentDraft& draft, std::string_view says) {
    const Status status = Checked(draft);
    ASSERT_FALSE(status.ok()) << says;
    EXPECT_EQ(status.error().reason(), "attachment_error");
    EXPECT_THAT(status.error().message(), HasSubstr(says));
  }

  control::testing::ControlFixture control_;
  control::testing::Trees trees_;
};

TEST_F(AttachmentScope, OfAnAccountCoversItButForWhatIsExcluded) {
  AttachmentDraft draft = Draft(kAlone, ScopeType::kAccount, "alone");
  draft.excluded = {{ScopeType::kAccountResourceGroup, "sandbox", ""}};
  ASSERT_TRUE(Checked(draft).ok());
  EXPECT_TRUE(Reaches(draft, kAlone));
  EXPECT_TRUE(Reaches(draft, kAlone, "production"));
  EXPECT_FALSE(Reaches(draft, kAlone, "sandbox"));
  EXPECT_FALSE(Reaches(draft, kChild));
}

TEST_F(AttachmentScope, OfAResourceGroupCoversOnlyIt) {
  const AttachmentDraft draft = Draft(kAlone, ScopeType::kAccountResourceGroup, "production");
  ASSERT_TRUE(Checked(draft).ok());
  EXPECT_TRUE(Reaches(draft, kAlone, "production"));
  EXPECT_FALSE(Reaches(draft, kAlone));
}

TEST_F(AttachmentScope, OfAnEnterpriseIsInheritedByAllBelow) {
  const AttachmentDraft whole = Draft(kRoot, ScopeType::kEnterprise, "e");
  ASSERT_TRUE(Checked(whole).ok());
  EXPECT_TRUE(Reaches(whole, kRoot));
  EXPECT_TRUE(Reaches(whole, kChild));
  EXPECT_FALSE(Reaches(whole, kAlone));
  const AttachmentDraft group = Draft(kRoot, ScopeType::kEnterpriseAccountGroup, "upper");
  ASSERT_TRUE(Checked(group).ok());
  EXPECT_TRUE(Reaches(group, kChild)) << "groups below count";
  EXPECT_FALSE(Reaches(group, kRoot));
  AttachmentDraft without = whole;
  without.excluded = {{ScopeType::kEnterpriseAccountGroup, "lower", ""}};
  ASSERT_TRUE(Checked(without).ok());
  EXPECT_FALSE(Reaches(without, kChild));
  EXPECT_TRUE(Reaches(without, kRoot));
}

TEST_F(AttachmentScope, MustExistForTheAccountAndContainWhatItExcludes) {
  ExpectRefused(Draft(kAlone, ScopeType::kAccount, "child"),
                "is not the account of the attachment");
  ExpectRefused(Draft(kAlone, ScopeType::kEnterprise, "e"), "founded no enterprise");
  ExpectRefused(Draft(kChild, ScopeType::kEnterprise, "e"), "founded no enterprise");
  ExpectRefused(Draft(kRoot, ScopeType::kEnterpriseAccountGroup, "nowhere"),
                "founded no enterprise with the enterprise.account_group 'nowhere'");
  ExpectRefused(Draft(kAlone, ScopeType::kAccount, ""), "scope_id must have");
  AttachmentDraft draft = Draft(kAlone, ScopeType::kAccount, "alone");
  draft.excluded = {{ScopeType::kAccount, "alone", ""}};
  ExpectRefused(draft, "excluded_scopes[0]: does not lie within the included scope");
  draft.excluded.assign(9, {ScopeType::kAccountResourceGroup, "g", ""});
  ExpectRefused(draft, "must be at most 8");
  AttachmentDraft inside_out = Draft(kRoot, ScopeType::kEnterpriseAccountGroup, "lower");
  inside_out.excluded = {{ScopeType::kEnterprise, "e", ""}};
  ExpectRefused(inside_out, "does not lie within");
}

TEST_F(AttachmentScope, OverlapsWithWhatItContainsAndDoesNotExclude) {
  const AttachmentDraft child = Draft(kRoot, ScopeType::kEnterpriseAccount, "child");
  AttachmentDraft whole = Draft(kRoot, ScopeType::kEnterprise, "e");
  const AttachmentDraft root = Draft(kRoot, ScopeType::kAccount, "root");
  const ScopeTree tree = TreeFor({child, whole, root});
  EXPECT_TRUE(Overlap(child, child, tree));
  EXPECT_TRUE(Overlap(child, whole, tree));
  EXPECT_TRUE(Overlap(whole, child, tree));
  EXPECT_FALSE(Overlap(child, root, tree));
  whole.excluded = {{ScopeType::kAccount, "child", ""}};
  EXPECT_FALSE(Overlap(child, whole, tree));
}

}  // namespace
}  // namespace breakwater::governance
