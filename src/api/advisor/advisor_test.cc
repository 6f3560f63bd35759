#include <set>

#include "api/advisor/testing.h"

namespace breakwater::api {
namespace {

using advisor::testing::PushImage;
using testing::AdvisorApiTest;
using testing::kStatus;

std::set<std::string> Ids(const json::Value& report) {
  std::set<std::string> ids;
  for (const json::Value& cve : json::Find(report, "vulnerabilities")->as_array()) {
    ids.emplace(json::FindText(cve, "cve_id"));
  }
  return ids;
}

const json::Value* FindCve(const json::Value& report, std::string_view id) {
  for (const json::Value& cve : json::Find(report, "vulnerabilities")->as_array()) {
    if (json::FindText(cve, "cve_id") == id) return &cve;
  }
  return nullptr;
}

TEST_F(AdvisorApiTest, AnImageThatWaitsHasItsOwnErrorCode) {
  for (const char* path : {"/va/api/v3/report/image/status/", "/va/api/v4/report/image/"}) {
    const Answer answer = Get(path + Name());
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(json::FindText(answer.body, "code"), "BXNVA0009E");
    EXPECT_EQ(json::FindText(answer.body, "request-id"), "req-7");
    EXPECT_EQ(answer.headers.Get("Retry-After"), "5");
  }
}

TEST_F(AdvisorApiTest, ReportsHaveEveryFieldOfTheReferenceSystem) {
  Scan();
  const Answer answer = Get("/va/api/v4/report/image/" + Name());
  ASSERT_EQ(answer.status, 200);
  EXPECT_FALSE(json::FindText(answer.body, "id").empty());
  EXPECT_EQ(json::FindText(answer.body, "status"), "FAIL");
  EXPECT_GT(json::Find(answer.body, "scan_time")->as_int64(), 0);
  EXPECT_TRUE(json::Find(answer.body, "configuration_issues")->as_array().empty());
  EXPECT_EQ(json::Serialize(*json::Find(answer.body, "os_distribution")),
            R"({"distribution_id":"debian","version_id":"12","version_code_name":"bookworm"})");

  const json::Value* looney = FindCve(answer.body, "CVE-2023-4911");
  ASSERT_NE(looney, nullptr);
  EXPECT_FALSE(json::FindText(*looney, "summary").empty());
  EXPECT_FALSE(json::Find(*looney, "cve_exempt")->as_bool());
  EXPECT_EQ(json::FindText(*looney, "exempt_status"), "active");
  EXPECT_EQ(json::Find(*looney, "security_notice_count")->as_int64(), 1);
  EXPECT_EQ(json::Find(*looney, "exempt_security_notice_count")->as_int64(), 0);
  EXPECT_EQ(json::Find(*looney, "total_security_notice_count")->as_int64(), 1);
  EXPECT_EQ(json::FindText(*looney, "severity"), "high");
  EXPECT_DOUBLE_EQ(json::Find(*looney, "score")->as_double(), 7.8);

  const json::Value& notice = json::Find(*looney, "security_notices")->as_array().at(0);
  EXPECT_EQ(json::FindText(notice, "notice_id"), "DSA-5514-1");
  EXPECT_EQ(json::FindText(notice, "notice"),
            "https://security-tracker.debian.org/tracker/DSA-5514-1");
  EXPECT_FALSE(json::Find(notice, "notice_exempt")->as_bool());
  const json::Array& packages = json::Find(notice, "vulnerable_packages")->as_array();
  ASSERT_EQ(packages.size(), 2U);
  EXPECT_EQ(json::FindText(packages[0], "package_name"), "libc-bin");
  EXPECT_EQ(json::FindText(packages[0], "installed_version"), "2.36-9");
  EXPECT_EQ(json::FindText(packages[0], "fix_version"), "2.36-9+deb12u3");
  EXPECT_FALSE(json::FindText(packages[0], "corrective_action").empty());
  EXPECT_EQ(json::FindText(packages[0], "source_package"), "glibc");
  EXPECT_EQ(json::FindText(packages[0], "purl"),
            "pkg:deb/debian/libc-bin@2.36-9?arch=amd64&distro=debian-12");
}

TEST_F(AdvisorApiTest, UnfixedVulnerabilitiesAreListedOnRequest) {
  Scan();
  const std::string path = "/va/api/v4/report/image/" + Name();
  const auto usual = Ids(Get(path).body);
  const Answer all = Get(path, "includeUnfixed=true");
  EXPECT_FALSE(usual.contains("CVE-2019-1010022"));
  const json::Value* open = FindCve(all.body, "CVE-2019-1010022");
  ASSERT_NE(open, nullptr);
  EXPECT_EQ(json::FindText(*open, "severity"), "negligible");
  const json::Value& notice = json::Find(*open, "security_notices")->as_array().at(0);
  EXPECT_EQ(json::FindText(notice, "notice_id"), "CVE-2019-1010022");
  EXPECT_EQ(
      json::FindText(json::Find(notice, "vulnerable_packages")->as_array().at(0), "fix_version"),
      "");
  EXPECT_GT(Ids(all.body).size(), usual.size());
  EXPECT_EQ(Get(path, "includeUnfixed=maybe").status, 400);
}

TEST_F(AdvisorApiTest, NamesMayBeEncodedOrNotTaggedOrByDigest) {
  Scan();
  const std::string encoded = std::string(registry::testing::kRegistry) + "%2Ftests%2Fapp%3A1";
  EXPECT_EQ(Get("/va/api/v3/report/image/status/" + encoded).status, 200);
  EXPECT_EQ(Get("/va/api/v3/report/image/status/" + Name()).status, 200);
  EXPECT_EQ(Get("/va/api/v4/report/image/" + Name("@" + digest_)).status, 200);
  EXPECT_EQ(Get("/va/api/v4/report/image/127.0.0.1:5000/tests/app:1").status, 200);
  EXPECT_EQ(Get("/va/api/v4/report/image/tests/app:1").status, 200);
  EXPECT_EQ(Get("/va/api/v4/report/image/" + Name(":2")).status, 404);
  EXPECT_EQ(Get("/va/api/v4/report/image/other.example/tests/app:1").status, 400);
}

TEST_F(AdvisorApiTest, SummariesCountEveryKindOfIssue) {
  Scan();
  const Answer answer = Get("/va/api/v3/report/image/status/" + Name());
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(json::FindText(answer.body, "status"), "FAIL");
  const auto count = [&](std::string_view name) {
    const json::Value* value = json::Find(answer.body, name);
    return value == nullptr ? -1 : value->as_int64();
  };
  const auto listed =
      static_cast<std::int64_t>(Ids(Get("/va/api/v3/report/image/" + Name()).body).size());
  EXPECT_GT(listed, 0);
  EXPECT_EQ(count("issue_count"), listed);
  EXPECT_EQ(count("vulnerability_count"), listed);
  for (const char* zero : {"exempt_issue_count", "exempt_vulnerability_count",
                           "configuration_issue_count", "exempt_configuration_issue_count"}) {
    EXPECT_EQ(count(zero), 0) << zero;
  }
}

TEST_F(AdvisorApiTest, TheThirdGenerationTellsTheTimeOfTheScan) {
  Scan();
  const std::int64_t scanned = ToUnixSeconds(world_.clock.Now());
  const Answer v3 = Get("/va/api/v3/report/image/" + Name());
  EXPECT_EQ(json::Find(v3.body, "scan_time")->as_int64(), scanned);
  EXPECT_EQ(json::Find(v3.body, "os_distribution"), nullptr);
  const Answer v4 = Get("/va/api/v4/report/image/" + Name());
  EXPECT_EQ(json::Find(v4.body, "scan_time")->as_int64(), scanned - 3600);
}

TEST_F(AdvisorApiTest, AccountListsHoldEveryTaggedImage) {
  Scan();
  PushImage(world_, "tests/late", "2", {Layer("")});
  const Answer status = Get("/va/api/v4/report/account/status");
  ASSERT_EQ(status.status, 200);
  const json::Array& images = json::Find(status.body, "images")->as_array();
  ASSERT_EQ(images.size(), 2U);
  EXPECT_EQ(json::FindText(images[0], "name"), Name());
  EXPECT_EQ(json::FindText(images[0], "status"), "FAIL");
  EXPECT_GT(json::Find(images[0], "issue_count")->as_int64(), 0);
  EXPECT_GT(json::Find(images[0], "created_time")->as_int64(), 0);
  EXPECT_EQ(json::FindText(images[1], "status"), "UNSCANNED");

  const Answer report = Get("/va/api/v4/report/account");
  const json::Object& assessments = json::Find(report.body, "assessments")->as_object();
  ASSERT_EQ(assessments.size(), 1U);
  EXPECT_TRUE(assessments.contains(Name()));
  EXPECT_EQ(
      json::Find(Get("/va/api/v4/report/account/status",
                     "repository=" + std::string(registry::testing::kRegistry) + "/tests/late")
                     .body,
                 "images")
          ->as_array()
          .size(),
      1U);
  EXPECT_TRUE(
      json::Find(Get("/va/api/v4/report/account/status", "includePrivate=false").body, "images")
          ->as_array()
          .empty());
}

TEST_F(AdvisorApiTest, AccountListsNameImagesByThePublicHostThatWasAsked) {
  Scan();
  world_.registries =
      control::Registries({{.name = RegistryName(registry::testing::kRegistry),
                            .region = "us-south",
                            .public_hosts = {registry::testing::kRegistry, "images.example.org"},
                            .private_hosts = {}}});
  host_ = "images.example.org:5000";
  const std::string name = host_ + "/tests/app:1";
  EXPECT_EQ(
      json::FindText(
          json::Find(Get("/va/api/v4/report/account/status").body, "images")->as_array().at(0),
          "name"),
      name);
  EXPECT_TRUE(
      json::Find(Get("/va/api/v4/report/account").body, "assessments")->as_object().contains(name));
  EXPECT_EQ(Get("/va/api/v4/report/image/" + name).status, 200);
}

// More than an answer would hold in memory, in parts that have nothing in them at times.
TEST_F(AdvisorApiTest, AccountListsAreReadInParts) {
  const int images = static_cast<int>(registry::kImagesPerPage) + 10;
  for (int i = 0; i < images; ++i) {
    PushImage(world_, "tests/many", "t" + std::to_string(i), {Layer(std::to_string(i))});
  }
  const Answer status = Get("/va/api/v4/report/account/status");
  std::set<std::string> names;
  for (const json::Value& image : json::Find(status.body, "images")->as_array()) {
    names.emplace(json::FindText(image, "name"));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(images) + 1);
  Scan();
  const Answer report = Get("/va/api/v4/report/account");
  EXPECT_EQ(json::Find(report.body, "assessments")->as_object().size(), names.size());
}

// As the reference's SDKs test themselves: a filter need not be a name that any repository can
// have.
TEST_F(AdvisorApiTest, AFilterThatNamesNoRepositoryFindsNothing) {
  Scan();
  const Answer report = Get("/va/api/v4/report/account", "repository=myRepository");
  EXPECT_EQ(report.status, 200);
  EXPECT_TRUE(json::Find(report.body, "assessments")->as_object().empty());
  EXPECT_EQ(Get("/va/api/v4/report/account/status", "repository=myRepository").status, 200);
}

TEST_F(AdvisorApiTest, ExemptionsAreMadeReadAndDeletedInBothGenerations) {
  for (const std::string base : {"/va/api/v3", "/va/api/v4"}) {
    const std::string encoded = std::string(registry::testing::kRegistry) + "%2Ftests%2Fapp%3A1";
    const std::string one = base + "/exempt/image/" + encoded + "/issue/cve/CVE-2020-0001";
    const Answer made = Send("POST", one);
    EXPECT_EQ(made.status, 201);
    EXPECT_EQ(json::Serialize(made.body),
              R"({"account_id":"acc","issue_type":"cve","issue_id":"CVE-2020-0001","scope":)"
              R"({"scope_type":"image","namespace":"tests","repository":"app","tag":"1"}})");
    EXPECT_EQ(Send("POST", one).status, 201);
    EXPECT_EQ(json::Serialize(Get(one).body), json::Serialize(made.body));
    EXPECT_EQ(Send("POST", base + "/exempt/image/issue/sn/DSA-1").status, 201);
    EXPECT_EQ(Get(base + "/exempt/image/issue/sn/DSA-1").status, 200);
    EXPECT_EQ(Get(base + "/exempt/image").body.as_array().size(), 1U);
    EXPECT_EQ(Get(base + "/exempt/image/tests/app:1").body.as_array().size(), 1U);
    EXPECT_EQ(Get(base + "/exempt/image/tests/app").body.as_array().size(), 0U);
    EXPECT_EQ(Get(base + "/exemptions/account").body.as_array().size(), 2U);
    const json::Array apply = Get(base + "/exemptions/image/" + encoded).body.as_array();
    ASSERT_EQ(apply.size(), 2U);
    EXPECT_EQ(json::Find(apply[0], "scope"), nullptr);
    EXPECT_NE(
        json::Find(
            Get(base + "/exemptions/image/" + encoded, "includeScope=true").body.as_array().at(0),
            "scope"),
        nullptr);
    const Answer many =
        Send("POST", base + "/exemptions/images", "", R"(["us.icr.example/tests/app:1","tests"])");
    EXPECT_EQ(json::Find(many.body, "us.icr.example/tests/app:1")->as_array().size(), 2U);
    EXPECT_EQ(json::Find(many.body, "tests")->as_array().size(), 1U);
    EXPECT_EQ(Send("DELETE", one).status, 200);
    EXPECT_EQ(Send("DELETE", one).status, 404);
    EXPECT_EQ(json::Serialize(Send("POST", base + "/exemptions/deleteAll").body),
              R"({"number_of_exemptions_deleted":1})");
    EXPECT_EQ(Get(base + "/exempt/types").body.as_array().size(), 3U);
    EXPECT_EQ(Send("POST", base + "/exempt/image/issue/cve/2020").status, 400);
    EXPECT_EQ(Send("POST", base + "/exempt/image/nobodys/issue/cve/CVE-2020-0001").status, 404);
  }
}

TEST_F(AdvisorApiTest, ReportsAreRecordedWithTheImagesNameAndDigest) {
  Scan();
  for (const char* path : {"/va/api/v4/report/image/", "/va/api/v3/report/image/status/"}) {
    EXPECT_EQ(Get(path + Name()).status, 200);
    EXPECT_EQ(Get(path + Name(":none")).status, 404);
  }
  ASSERT_TRUE(world_.recorder.Flush().ok());
  for (const char* action : {"container-registry.image-vulnerability-report.read",
                             "container-registry.image-vulnerability-status.read"}) {
    const auto records = *world_.log.Query({.action = action});
    ASSERT_EQ(records.size(), 2U) << action;
    EXPECT_EQ(records[0].record.target.name, "tests/app:1");
    EXPECT_EQ(records[0].record.target.digest, digest_);
    EXPECT_EQ(records[1].record.target.name, "tests/app:none");
    EXPECT_EQ(records[1].record.target.digest, "");
  }
}

TEST_F(AdvisorApiTest, ARepeatedExemptionIsRecordedAsWhatWasAskedFor) {
  const std::string path = "/va/api/v4/exempt/image/tests/app:1/issue/cve/CVE-2020-0001";
  EXPECT_EQ(Send("POST", path).status, 201);
  EXPECT_EQ(Send("POST", path).status, 201);
  ASSERT_TRUE(world_.recorder.Flush().ok());
  const auto records = *world_.log.Query({.action = "container-registry.exemption.create"});
  ASSERT_EQ(records.size(), 2U);
  for (const auto& one : records) {
    EXPECT_EQ(one.record.target.kind, "image");
    EXPECT_EQ(one.record.target.name, "tests/app:1");
    EXPECT_EQ(one.record.target.digest, digest_);
  }
  EXPECT_EQ(records[0].record.changes.size(), 3U);
  EXPECT_TRUE(records[1].record.changes.empty());
  EXPECT_EQ(json::FindText(records[1].record.request, "issue_type"), "cve");
  EXPECT_EQ(json::FindText(records[1].record.request, "issue_id"), "CVE-2020-0001");
}

TEST_F(AdvisorApiTest, ExemptIssuesAreToldOfAndDoNotCount) {
  Scan();
  const std::string path = "/va/api/v4/report/image/" + Name();
  const auto ids = Ids(Get(path).body);
  const auto count = [&](std::string_view name) {
    return json::Find(Get("/va/api/v4/report/image/status/" + Name()).body, name)->as_int64();
  };
  const auto all = static_cast<std::int64_t>(ids.size());
  ASSERT_GT(all, 1);
  ASSERT_EQ(Send("POST", "/va/api/v4/exempt/image/tests/issue/sn/DSA-5514-1").status, 201);
  const Answer report = Get(path);
  EXPECT_EQ(Ids(report.body), ids);
  EXPECT_EQ(json::FindText(report.body, "status"), "FAIL");
  const json::Value* looney = FindCve(report.body, "CVE-2023-4911");
  EXPECT_EQ(json::FindText(*looney, "exempt_status"), "exempt");
  EXPECT_FALSE(json::Find(*looney, "cve_exempt")->as_bool());
  EXPECT_EQ(json::Find(*looney, "security_notice_count")->as_int64(), 0);
  EXPECT_EQ(json::Find(*looney, "exempt_security_notice_count")->as_int64(), 1);
  EXPECT_EQ(count("issue_count") + count("exempt_issue_count"), all);
  EXPECT_GT(count("exempt_vulnerability_count"), 0);

  for (const std::string& id : ids) {
    EXPECT_EQ(Send("POST", "/va/api/v4/exempt/image/tests/app:1/issue/cve/" + id).status, 201);
  }
  EXPECT_EQ(json::FindText(Get(path).body, "status"), "WARN");
  EXPECT_EQ(count("issue_count"), 0);
  const json::Value status = Get("/va/api/v4/report/account/status").body;
  const json::Value& listed = json::Find(status, "images")->as_array().at(0);
  EXPECT_EQ(json::FindText(listed, "status"), "WARN");
  EXPECT_EQ(json::Find(listed, "exempt_issue_count")->as_int64(), all);
  const json::Value reports = Get("/va/api/v4/report/account").body;
  EXPECT_EQ(json::FindText(json::Find(reports, "assessments")->as_object().at(Name()), "status"),
            "WARN");
}

// ibm-registry 2.5: that tag, and no other. By its digest, an image is what all of its tags are.
TEST_F(AdvisorApiTest, ExemptionsOfATagAreForTheDigestWhereEveryTagHasThem) {
  const auto layer = Layer(kStatus);
  ASSERT_EQ(PushImage(world_, "tests/app", "2", {layer}).text(), digest_);
  Scan();
  const auto ids = Ids(Get("/va/api/v4/report/image/" + Name()).body);
  const auto exempt = [&](const std::string& reference) {
    for (const std::string& id : ids) {
      const std::string path = "/va/api/v4/exempt/image/tests/app" + reference + "/issue/cve/" + id;
      ASSERT_EQ(Send("POST", path).status, 201);
    }
  };
  const auto status = [&](const std::string& reference) {
    return std::string(
        json::FindText(Get("/va/api/v3/report/image/status/" + Name(reference)).body, "status"));
  };
  const auto listed = [&](const std::string& reference) {
    return Get("/va/api/v4/exemptions/image/tests/app" + reference).body.as_array().size();
  };
  exempt(":1");
  EXPECT_EQ(status(":1"), "WARN");
  EXPECT_EQ(status(":2"), "FAIL");
  EXPECT_EQ(status("@" + digest_), "FAIL") << "it is what the other tag leads to, too";
  EXPECT_EQ(listed(":1"), ids.size());
  EXPECT_EQ(listed(":2"), 0U);
  EXPECT_EQ(listed("@" + digest_), 0U);
  exempt(":2");
  EXPECT_EQ(status("@" + digest_), "WARN");
  EXPECT_EQ(listed("@" + digest_), 2 * ids.size());
  EXPECT_EQ(listed(""), 0U) << "those of narrower scopes are not told of";
}

TEST_F(AdvisorApiTest, ExemptionsOfADigestAreListedForEachOfItsTags) {
  Scan();
  const std::string path = "/va/api/v4/exempt/image/tests/app@" + digest_ + "/issue/sn/DSA-5514-1";
  ASSERT_EQ(Send("POST", path).status, 201);
  for (const std::string& reference : {std::string(":1"), "@" + digest_}) {
    const Answer applying =
        Get("/va/api/v4/exemptions/image/tests/app" + reference, "includeScope=true");
    ASSERT_EQ(applying.body.as_array().size(), 1U) << reference;
    EXPECT_EQ(json::FindText(*json::Find(applying.body.as_array().at(0), "scope"), "tag"), digest_);
    EXPECT_GT(json::Find(Get("/va/api/v4/report/image/status/" + Name(reference)).body,
                         "exempt_issue_count")
                  ->as_int64(),
              0);
  }
  const Answer many = Send("POST", "/va/api/v3/exemptions/images", "",
                           R"(["tests/app:1","tests/app:none","tests/app"])");
  EXPECT_EQ(json::Find(many.body, "tests/app:1")->as_array().size(), 1U);
  EXPECT_EQ(json::Find(many.body, "tests/app:none")->as_array().size(), 0U);
  EXPECT_EQ(json::Find(many.body, "tests/app")->as_array().size(), 0U);
}

TEST_F(AdvisorApiTest, ImagesOfOtherRegistriesHaveNoExemptionsAmongMany) {
  ASSERT_EQ(Send("POST", "/va/api/v4/exempt/image/issue/cve/CVE-2023-4911").status, 201);
  const std::string own = Name();
  const Answer many = Send("POST", "/va/api/v4/exemptions/images", "",
                           "[\"other.example/tests/app:1\",\"" + own + "\"]");
  ASSERT_EQ(many.status, 200);
  EXPECT_EQ(json::Find(many.body, own)->as_array().size(), 1U);
  EXPECT_EQ(json::Find(many.body, "other.example/tests/app:1")->as_array().size(), 0U);
  EXPECT_EQ(Send("POST", "/va/api/v4/exemptions/images", "", R"(["tests/app:1","!"])").status, 400);
}

TEST_F(AdvisorApiTest, TheRightToReadVulnerabilitiesIsAskedForOnTheNamespace) {
  Scan();
  std::string asked;
  world_.authorizer.rule = [&](const control::Caller&, std::string_view action,
                               const control::Resource& resource) -> Status {
    asked = std::string(action) + " " + resource.name_space;
    return Denied("you may not").Reason("not_granted");
  };
  const Answer refused = Get("/va/api/v4/report/image/" + Name());
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(json::FindText(refused.body, "code"), "CRG0020E");
  EXPECT_EQ(asked, "container-registry.image.vulnerabilities tests");
  EXPECT_TRUE(
      json::Find(Get("/va/api/v4/report/account/status").body, "images")->as_array().empty());
}

TEST_F(AdvisorApiTest, TheRightToReadVulnerabilitiesMayBeLimitedToAResourceGroup) {
  ASSERT_TRUE(world_.services->namespaces
                  .Create(world_.Caller(), AccountId("acc"), world_.registry(), "team-g", "group-1")
                  .ok());
  PushImage(world_, "team-g/app", "1", {Layer(kStatus)});
  Scan();
  world_.authorizer.rule = [](const control::Caller&, std::string_view,
                              const control::Resource& resource) -> Status {
    if (resource.resource_group == "group-1") return Ok();
    return Denied("you may not").Reason("not_granted");
  };
  EXPECT_EQ(Get("/va/api/v4/report/image/team-g/app:1").status, 200);
  EXPECT_EQ(Get("/va/api/v4/report/image/" + Name()).status, 403);
  const Answer status = Get("/va/api/v4/report/account/status");
  const json::Array& images = json::Find(status.body, "images")->as_array();
  ASSERT_EQ(images.size(), 1U);
  EXPECT_EQ(json::FindText(images[0], "name"),
            std::string(registry::testing::kRegistry) + "/team-g/app:1");
}

}  // namespace
}  // namespace breakwater::api
