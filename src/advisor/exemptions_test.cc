#include "advisor/exemptions.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registry/testing.h"

namespace breakwater::advisor {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kDigest =
    "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

ExemptionScope Scope(std::string_view name) {
  const auto parsed = oci::ImageName::Parse(name);
  const auto scope = ExemptionScope::Of(*parsed);
  EXPECT_TRUE(scope.ok()) << name;
  return *scope;
}

std::vector<std::string> Texts(const std::vector<ExemptionScope>& scopes) {
  std::vector<std::string> texts;
  for (const ExemptionScope& scope : scopes) texts.push_back(scope.text());
  return texts;
}

Finding FindingOf(std::string vulnerability, std::vector<std::string> notices) {
  Finding finding;
  finding.vulnerability = std::move(vulnerability);
  finding.fixed_version = "2";
  finding.notices = std::move(notices);
  return finding;
}

Assessment Matched(std::vector<Finding> findings) {
  Assessment assessment;
  assessment.feed = FeedInfo{};
  assessment.findings = std::move(findings);
  assessment.status = StatusWithoutIssues(assessment);
  return assessment;
}

TEST(ExemptionScopeTest, NamesItsParts) {
  EXPECT_EQ(ExemptionScope().type(), "account");
  EXPECT_EQ(Scope("team").type(), "namespace");
  EXPECT_EQ(Scope("team").name_space(), "team");
  EXPECT_EQ(Scope("team/a/b").type(), "repository");
  EXPECT_EQ(Scope("team/a/b").repository(), "a/b");
  EXPECT_EQ(Scope("team/a:1.0").type(), "image");
  EXPECT_EQ(Scope("team/a:1.0").reference(), "1.0");
  EXPECT_EQ(Scope(std::string("team/a@") + kDigest).reference(), kDigest);
  EXPECT_EQ(Scope("us.icr.example/team/a:1").text(), "team/a:1");
  EXPECT_EQ(ExemptionScope::Of(*oci::ImageName::Parse("team:1")).error().reason(), "invalid_field");
}

TEST(ExemptionScopeTest, WidensToTheAccount) {
  EXPECT_THAT(Texts(Scope("team/a/b:1").Widening()),
              ElementsAre("team/a/b:1", "team/a/b", "team", ""));
  EXPECT_THAT(Texts(Scope("team").Widening()), ElementsAre("team", ""));
  EXPECT_THAT(Texts(ExemptionScope().Widening()), ElementsAre(""));
}

TEST(ExemptionTypeTest, IdsAreOfTheirType) {
  EXPECT_TRUE(Validate({"cve", "CVE-2020-0001"}).ok());
  EXPECT_TRUE(Validate({"sn", "DSA-5514-1"}).ok());
  EXPECT_TRUE(Validate({"configuration", "application_configuration:nginx.ssl_protocols"}).ok());
  for (const char* id : {"", "CVE-2020-1", "cve-2020-0001", "CVE-20-0001", "CVE-2020-00a1"}) {
    EXPECT_EQ(Validate({"cve", id}).error().reason(), "invalid_field") << id;
  }
  EXPECT_FALSE(Validate({"sn", "DSA 1"}).ok());
  EXPECT_FALSE(Validate({"sn", std::string(129, 'a')}).ok());
  EXPECT_FALSE(Validate({"secret", "CVE-2020-0001"}).ok());
}

TEST(ExemptIssuesTest, AVulnerabilityIsExemptWithAllOfItsNotices) {
  const std::set<std::string> notices{"DSA-1", "DSA-2"};
  ExemptIssues exempt;
  EXPECT_EQ(StateOf("CVE-1-1", notices, exempt), ExemptState::kActive);
  exempt.Add({"sn", "DSA-1"});
  EXPECT_EQ(StateOf("CVE-1-1", notices, exempt), ExemptState::kPartial);
  exempt.Add({"sn", "DSA-2"});
  EXPECT_EQ(StateOf("CVE-1-1", notices, exempt), ExemptState::kExempt);
  ExemptIssues itself;
  itself.Add({"cve", "CVE-1-1"});
  EXPECT_EQ(StateOf("CVE-1-1", notices, itself), ExemptState::kExempt);
}

TEST(ExemptIssuesTest, AnImageWithNothingButExemptIssuesWarns) {
  const Assessment assessment =
      Matched({FindingOf("CVE-1-1", {"DSA-1"}), FindingOf("CVE-1-2", {})});
  ExemptIssues exempt;
  EXPECT_EQ(StatusOf(assessment, IssueScope::kActionable, exempt), ImageStatus::kFail);
  exempt.Add({"sn", "DSA-1"});
  EXPECT_EQ(StatusOf(assessment, IssueScope::kActionable, exempt), ImageStatus::kFail);
  const IssueCounts counts = CountIssues(IssuesByName(assessment.findings), exempt);
  EXPECT_EQ(counts.active, 1);
  EXPECT_EQ(counts.exempt, 1);
  exempt.Add({"sn", "CVE-1-2"});  // no notice speaks of it: it is its own
  EXPECT_EQ(StatusOf(assessment, IssueScope::kActionable, exempt), ImageStatus::kWarn);
  EXPECT_EQ(StatusOf(Matched({}), IssueScope::kActionable, exempt), ImageStatus::kOk);
}

TEST(ExemptIssuesTest, ExemptionsNeverMakeAnUnfinishedAssessmentPass) {
  Assessment assessment = Matched({FindingOf("CVE-1-1", {})});
  assessment.problems = {"a layer could not be read"};
  ExemptIssues exempt;
  exempt.Add({"cve", "CVE-1-1"});
  EXPECT_EQ(StatusOf(assessment, IssueScope::kActionable, exempt), ImageStatus::kIncomplete);
}

std::string Listed(const ExemptionSet& set, const NamedImage& image) {
  std::string text;
  for (const Exemption& one : set.ListFor(image)) {
    text += std::string(text.empty() ? "" : " ") + one.issue.id;
    const ExemptIssues exempt = set.For(image);
    EXPECT_TRUE(exempt.HasVulnerability(one.issue.id) || exempt.HasNotice(one.issue.id)) << text;
  }
  return text;
}

TEST(ExemptionSetTest, AnImageHasThoseOfItsNamesAndOfAllAroundIt) {
  const std::string by_digest = std::string("team/a@") + kDigest;
  const ExemptionSet set({{ExemptionScope(), {"cve", "CVE-0-account"}},
                          {Scope("team"), {"cve", "CVE-0-namespace"}},
                          {Scope("team/a"), {"sn", "repository"}},
                          {Scope("team/a:1"), {"cve", "CVE-0-tag"}},
                          {Scope(by_digest), {"cve", "CVE-0-digest"}},
                          {Scope("team/a:2"), {"cve", "CVE-0-other"}},
                          {Scope("team/b"), {"cve", "CVE-0-other"}}});
  NamedImage image{.repository = "team/a", .tag = "1", .digests = {*oci::Digest::Parse(kDigest)}};
  EXPECT_EQ(Listed(set, image), "CVE-0-tag CVE-0-digest repository CVE-0-namespace CVE-0-account");
  EXPECT_TRUE(set.HasTag("team/a", "1"));
  EXPECT_FALSE(set.HasTag("team/b", "1"));
  EXPECT_FALSE(set.For(image).HasVulnerability("CVE-0-other"));
  image.tag.reset();
  EXPECT_EQ(Listed(set, image), "CVE-0-digest repository CVE-0-namespace CVE-0-account");
  EXPECT_TRUE(ExemptionSet({}).For(image).empty());
}

TEST(ExemptionSetTest, OfTagsADigestHasWhatAllOfThemHave) {
  const ExemptionSet set({{Scope("team/a:1"), {"cve", "CVE-1-1"}},
                          {Scope("team/a:1"), {"sn", "DSA-1"}},
                          {Scope("team/a:1"), {"sn", "DSA-2"}},
                          {Scope("team/a:2"), {"sn", "DSA-2"}},
                          {Scope("team/a:2"), {"cve", "CVE-1-1"}}});
  NamedImage image{.repository = "team/a", .tags = {"1"}};
  EXPECT_EQ(Listed(set, image), "CVE-1-1 DSA-1 DSA-2");
  image.tags = {"1", "2"};
  EXPECT_EQ(Listed(set, image), "CVE-1-1 DSA-2 CVE-1-1 DSA-2");
  EXPECT_FALSE(set.For(image).HasNotice("DSA-1"));
  image.tags = {"1", "2", "3"};
  EXPECT_EQ(Listed(set, image), "");
  image.tags = {};
  EXPECT_EQ(Listed(set, image), "");
}

class ExemptionsTest : public ::testing::Test {
 protected:
  ExemptionsTest() { world_.Repository("team-a/app"); }

  Status Create(const Exemption& exemption, const char* account = "acc") {
    return exemptions_.Create(world_.Caller(account), AccountId(account), world_.registry(),
                              exemption);
  }
  std::vector<std::string> All(const char* account = "acc") {
    std::vector<std::string> all;
    const auto list = exemptions_.List(AccountId(account), world_.registry().name);
    EXPECT_TRUE(list.ok());
    for (const Exemption& one : *list) all.push_back(one.scope.text() + " " + one.issue.id);
    return all;
  }

  registry::testing::World world_;
  Exemptions exemptions_{world_.database, world_.clock, world_.changes};
  const Exemption one_{Scope("team-a/app"), {"cve", "CVE-2020-0001"}};
};

TEST_F(ExemptionsTest, AreOfOneAccountAndStayWhatTheyAreWhenMadeAgain) {
  ASSERT_TRUE(Create(one_).ok());
  ASSERT_TRUE(Create(one_).ok());
  ASSERT_TRUE(Create({ExemptionScope(), {"sn", "DSA-1"}}).ok());
  EXPECT_THAT(All(), ElementsAre(" DSA-1", "team-a/app CVE-2020-0001"));
  EXPECT_THAT(All("other"), IsEmpty());
  EXPECT_TRUE(exemptions_.Get(AccountId("acc"), world_.registry().name, one_).ok());
  EXPECT_EQ(exemptions_.Get(AccountId("other"), world_.registry().name, one_).error().code(),
            ErrorCode::kNotFound);
}

TEST_F(ExemptionsTest, ASetHoldsWhatMayApplyToAnImage) {
  for (const char* scope : {"team-a", "team-a/app", "team-a/app:1", "team-a/app:2", "team-a/app2:1",
                            "team-a/app/x:1"}) {
    ASSERT_TRUE(Create({Scope(scope), {"sn", "DSA-1"}}).ok());
  }
  const auto listed = [&](const NamedImage& image) {
    std::string scopes;
    const auto set = exemptions_.SetFor(AccountId("acc"), world_.registry().name, image);
    EXPECT_TRUE(set.ok());
    for (const Exemption& one : set->ListFor(image)) scopes += one.scope.text() + " ";
    return scopes;
  };
  EXPECT_EQ(listed({.repository = "team-a/app", .tag = "2"}), "team-a/app:2 team-a/app team-a ");
  EXPECT_EQ(listed({.repository = "team-a/app", .tags = {"1", "2"}}),
            "team-a/app:1 team-a/app:2 team-a/app team-a ");
}

TEST_F(ExemptionsTest, AreForNamespacesOfTheAccountOnly) {
  EXPECT_EQ(Create(one_, "other").error().reason(), "name_unknown");
  EXPECT_EQ(Create({Scope("team-none"), {"cve", "CVE-2020-0001"}}).error().reason(),
            "name_unknown");
  EXPECT_EQ(Create({Scope("team-a"), {"cve", "2020"}}).error().reason(), "invalid_field");
}

TEST_F(ExemptionsTest, AreDeletedOneByOneOrAllAtOnce) {
  ASSERT_TRUE(Create(one_).ok());
  const auto remove = [&] {
    return exemptions_.Delete(world_.Caller(), AccountId("acc"), world_.registry(), one_);
  };
  EXPECT_TRUE(remove().ok());
  EXPECT_EQ(remove().error().reason(), "exemption_unknown");
  ASSERT_TRUE(Create(one_).ok());
  ASSERT_TRUE(Create({ExemptionScope(), {"sn", "DSA-1"}}).ok());
  const auto deleted = exemptions_.DeleteAll(world_.Caller(), AccountId("acc"), world_.registry());
  ASSERT_TRUE(deleted.ok());
  EXPECT_EQ(*deleted, 2);
  EXPECT_THAT(All(), IsEmpty());
}

TEST_F(ExemptionsTest, ARecordOfTheDeletionOfAllSaysWhichTheyWere) {
  ASSERT_TRUE(Create(one_).ok());
  ASSERT_TRUE(Create({one_.scope, {"cve", "CVE-2020-0002"}}).ok());
  ASSERT_TRUE(Create({ExemptionScope(), {"sn", "DSA-1"}}).ok());
  ASSERT_TRUE(exemptions_.DeleteAll(world_.Caller(), AccountId("acc"), world_.registry()).ok());
  const auto records = *world_.log.Query({.action = "container-registry.exemption.delete"});
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].record.target.kind, "service");
  std::map<std::string, std::string> before;
  for (const audit::FieldChange& change : records[0].record.changes) {
    before[change.field] = json::Serialize(change.before);
    EXPECT_TRUE(change.after.is_null()) << change.field;
  }
  EXPECT_EQ(before, (std::map<std::string, std::string>{
                        {"number", "3"},
                        {"exemptions.*.sn", R"(["DSA-1"])"},
                        {"exemptions.team-a/app.cve", R"(["CVE-2020-0001","CVE-2020-0002"])"}}));
}

TEST_F(ExemptionsTest, RecordsNameWhatIsExempt) {
  const auto path = world_.Repository("team-a/app");
  ASSERT_TRUE(world_.PushBlob(path, "config").ok());
  const std::string image = registry::testing::ImageManifest("config", {});
  ASSERT_TRUE(world_.PushManifest(path, image, "1").ok());
  const std::string digest = oci::Digest::Of(AsBytes(image)).text();
  for (const char* scope : {"team-a", "team-a/app", "team-a/app:1", "team-a/app:2"}) {
    const Exemption exemption{Scope(scope), {"sn", "DSA-1"}};
    ASSERT_TRUE(Create(exemption).ok());
    ASSERT_TRUE(
        exemptions_.Delete(world_.Caller(), AccountId("acc"), world_.registry(), exemption).ok());
    for (const char* action :
         {"container-registry.exemption.create", "container-registry.exemption.delete"}) {
      const auto records = *world_.log.Query({.action = action, .target = scope});
      ASSERT_EQ(records.size(), 1U) << scope << " " << action;
      const audit::Target& target = records[0].record.target;
      EXPECT_EQ(target.kind, exemption.scope.type());
      EXPECT_EQ(target.digest, std::string_view(scope) == "team-a/app:1" ? digest : "");
    }
  }
  const auto of_image = world_.log.Query({.target = "team-a/app:1"})->front().record.target;
  EXPECT_EQ(of_image.crn,
            "crn:v1:bluemix:public:container-registry:us-south:a/acc::image:team-a/app:1");
}

TEST_F(ExemptionsTest, GoWithTheirNamespace) {
  ASSERT_TRUE(Create(one_).ok());
  ASSERT_TRUE(Create({ExemptionScope(), {"sn", "DSA-1"}}).ok());
  ASSERT_TRUE(world_.services->namespaces
                  .Delete(world_.Caller(), AccountId("acc"), world_.registry(), "team-a")
                  .ok());
  EXPECT_THAT(All(), ElementsAre(" DSA-1"));
}

}  // namespace
}  // namespace breakwater::advisor
