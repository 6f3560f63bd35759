// What lists of images say of them, beside what the advisor says of each.
#include <map>
#include <set>

#include "advisor/job_kinds.h"
#include "api/advisor/testing.h"
#include "base/strings.h"

namespace breakwater::api {
namespace {

using advisor::testing::MakeLayer;
using advisor::testing::PushImage;
using testing::kStatus;

class ImageListsTest : public testing::AdvisorApiTest {
 protected:
  struct Said {
    std::string vulnerable;
    std::int64_t active = 0;
    std::int64_t exempt = 0;
    friend bool operator==(const Said&, const Said&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Said& said) {
      return out << said.vulnerable << " " << said.active << " " << said.exempt;
    }
  };

  static std::int64_t Count(const json::Value& value, std::string_view name) {
    const json::Value* count = json::Find(value, name);
    return count == nullptr ? -1 : count->to_number<std::int64_t>();
  }
  // By its own end point, which says the same in both generations.
  Said SaidOf(const std::string& name) {
    const Answer answer = Get("/va/api/v4/report/image/status/" + name);
    if (answer.status == 404) return {"unscanned", 0, 0};
    const std::string status(json::FindText(answer.body, "status"));
    EXPECT_EQ(json::FindText(Get("/va/api/v3/report/image/status/" + name).body, "status"), status);
    const Said said{status == "FAIL"                     ? "true"
                    : status == "OK" || status == "WARN" ? "false"
                                                         : LowerAscii(status),
                    Count(answer.body, "issue_count"), Count(answer.body, "exempt_issue_count")};
    EXPECT_EQ(status == "WARN", said.vulnerable == "false" && said.exempt > 0) << name;
    return said;
  }
  static Said InRow(const json::Value& row) {
    EXPECT_EQ(Count(row, "VulnerabilityCount"), Count(row, "IssueCount"));
    EXPECT_EQ(Count(row, "ConfigurationIssueCount"), 0);
    return {std::string(json::FindText(row, "Vulnerable")), Count(row, "IssueCount"),
            Count(row, "ExemptIssueCount")};
  }
  static Said InReport(const json::Value& report) {
    EXPECT_EQ(Count(report, "vulnerabilityCount"), Count(report, "issueCount"));
    EXPECT_EQ(Count(report, "configurationIssueCount"), 0);
    return {std::string(json::FindText(report, "vulnerable")), Count(report, "issueCount"),
            Count(report, "exemptIssueCount")};
  }

  // How many images were told of, and with a tag.
  void ExpectAgreement(std::size_t images, std::size_t tags) {
    const Answer list = Get("/api/v1/images", "includeManifestLists=true");
    EXPECT_EQ(list.body.as_array().size(), images);
    for (const json::Value& row : list.body.as_array()) {
      const std::string name(json::View(json::Find(row, "RepoDigests")->as_array()[0].as_string()));
      EXPECT_EQ(InRow(row), SaidOf(name)) << name;
    }
    std::size_t named = 0;
    const Answer digests = Send("POST", "/api/v1/images/digests", "", "{}");
    for (const json::Value& row : digests.body.as_array()) {
      for (const auto& repository : json::Find(row, "repoTags")->as_object()) {
        for (const auto& tag : repository.value().as_object()) {
          const std::string name = std::string(repository.key()) + ":" + std::string(tag.key());
          EXPECT_EQ(InReport(tag.value()), SaidOf(name)) << name;
          ++named;
        }
      }
    }
    EXPECT_EQ(named, tags);
    const Answer account = Get("/va/api/v4/report/account/status");
    EXPECT_EQ(json::Find(account.body, "images")->as_array().size(), tags);
    for (const json::Value& one : json::Find(account.body, "images")->as_array()) {
      const std::string name(json::FindText(one, "name"));
      const Said said = SaidOf(name);
      EXPECT_EQ(Count(one, "issue_count"), said.active) << name;
      EXPECT_EQ(Count(one, "exempt_issue_count"), said.exempt) << name;
      EXPECT_EQ(json::FindText(one, "status") == "FAIL", said.vulnerable == "true") << name;
    }
  }

  void PushList(const std::string& repository, const std::string& tag,
                const std::vector<std::string>& children) {
    std::string text =
        R"({"schemaVersion":2,"mediaType":")" + std::string(oci::kOciIndex) + R"(","manifests":[)";
    for (const std::string& child : children) {
      text += std::string(text.back() == '[' ? "" : ",") + R"({"mediaType":")" +
              std::string(oci::kOciManifest) + R"(","digest":")" + child +
              R"(","size":1,"platform":{"os":"linux","architecture":")" +
              (child == children.back() ? "amd64" : "arm64") + R"("}})";
    }
    ASSERT_TRUE(world_.services->manifests
                    .Put(world_.Caller(), world_.Repository(repository),
                         {.content = text + "]}",
                          .content_type = std::string(oci::kOciIndex),
                          .reference = *oci::Reference::Parse(tag),
                          .tags = {}})
                    .ok());
  }
  std::set<std::string> IssuesOfTheImage() {
    std::set<std::string> ids;
    const Answer report = Get("/va/api/v4/report/image/" + Name());
    for (const json::Value& cve : json::Find(report.body, "vulnerabilities")->as_array()) {
      ids.emplace(json::FindText(cve, "cve_id"));
    }
    return ids;
  }
  void Exempt(const std::string& resource, const std::string& issue) {
    const std::string path = resource.empty() ? "" : resource + "/";
    ASSERT_EQ(Send("POST", "/va/api/v4/exempt/image/" + path + "issue/" + issue).status, 201);
  }
  void ExemptAll(const std::string& resource) {
    for (const std::string& id : IssuesOfTheImage()) Exempt(resource, "cve/" + id);
  }
  void Forget() { ASSERT_EQ(Send("POST", "/va/api/v4/exemptions/deleteAll").status, 200); }

  // The image under two tags and in two repositories, one without vulnerabilities, one that cannot
  // be judged, and a list of images.
  void PushMore() {
    const auto layer = Layer(kStatus);
    ASSERT_EQ(PushImage(world_, "tests/app", "2", {layer}).text(), digest_);
    ASSERT_EQ(PushImage(world_, "tests/other", "1", {layer}).text(), digest_);
    PushImage(world_, "tests/app", "clean", {Layer("")});
    PushImage(world_, "tests/odd", "1", {MakeLayer({{"etc/motd", "nothing"}})});
    const std::string clean = PushImage(world_, "tests/list", "arm", {Layer("")}).text();
    ASSERT_EQ(PushImage(world_, "tests/list", "intel", {layer}).text(), digest_);
    PushList("tests/list", "all", {clean, digest_});
    PushList("tests/list", "none", {});
    Scan();
  }
  static constexpr std::size_t kImages = 8;
  static constexpr std::size_t kTags = 9;
};

TEST_F(ImageListsTest, SayWhatTheStatusOfEachImageIs) {
  PushMore();
  ExpectAgreement(kImages, kTags);
  EXPECT_EQ(SaidOf(Name()).vulnerable, "true");
  for (const std::string scope :
       {"", "tests", "tests/app", "tests/app:1", "tests/list:all", "tests/list:intel"}) {
    SCOPED_TRACE(scope);
    Exempt(scope, "sn/DSA-5514-1");
    ExpectAgreement(kImages, kTags);
    ExemptAll(scope);
    ExpectAgreement(kImages, kTags);
    Forget();
  }
  ExpectAgreement(kImages, kTags);
}

TEST_F(ImageListsTest, CountWhatIsExemptForAllTagsOfAnImageOrForItsDigest) {
  PushMore();
  const auto all = static_cast<std::int64_t>(IssuesOfTheImage().size());
  const auto row = [&] {
    const Answer list = Get("/api/v1/images", "repository=tests/app");
    for (const json::Value& image : list.body.as_array()) {
      if (json::View(json::Find(image, "RepoDigests")->as_array()[0].as_string())
              .ends_with(digest_))
        return InRow(image);
    }
    return Said{};
  };
  ExemptAll("tests/app:1");
  EXPECT_EQ(row(), (Said{"true", all, 0}));
  ExpectAgreement(kImages, kTags);
  ExemptAll("tests/app:2");
  EXPECT_EQ(row(), (Said{"false", 0, all}));
  ExpectAgreement(kImages, kTags);
  Forget();
  ExemptAll("tests/app@" + digest_);
  EXPECT_EQ(row(), (Said{"false", 0, all}));
  ExpectAgreement(kImages, kTags);
  ASSERT_TRUE(Get("/api/v1/images", "vulnerabilities=false").body.as_array().size() > 0);
}

// Of images that an earlier version assessed, issues are looked for until they are kept.
TEST_F(ImageListsTest, SayTheSameOfImagesWhoseIssuesAreNotKeptYet) {
  PushMore();
  ExemptAll("tests/app");
  const auto kept = [&] {
    const auto count = world_.database.ReadValue([](db::Transaction& tx) {
      return tx.QueryOne("SELECT count(*) FROM advisor_image_issues", {},
                         [](const db::Row& row) { return row.Int(0); });
    });
    return count.ok() ? count->value_or(-1) : -1;
  };
  EXPECT_EQ(kept(), 1);
  ASSERT_TRUE(world_.database
                  .Write([](db::Transaction& tx) -> Status {
                    BW_TRY_STATUS(tx.Execute("DELETE FROM advisor_image_issues"));
                    return Ok();
                  })
                  .ok());
  ExpectAgreement(kImages, kTags);
  ASSERT_TRUE(world_.database
                  .Write([&](db::Transaction& tx) {
                    return world_.jobs->Enqueue(tx, {.kind = std::string(advisor::kRematchJob),
                                                     .payload = json::Object{},
                                                     .run_at = std::nullopt,
                                                     .deduplication_key = {}});
                  })
                  .ok());
  Scan();
  EXPECT_EQ(kept(), 1);
  ExpectAgreement(kImages, kTags);
}

// An image that was read where it lay before waits for nothing but its turn.
TEST_F(ImageListsTest, SayWhatIsKnownOfAnImageThatWaitsForItsTurn) {
  Scan();
  ASSERT_EQ(PushImage(world_, "tests/late", "1", {Layer(kStatus)}).text(), digest_);
  PushImage(world_, "tests/late", "2", {Layer("Package: new\n")});
  ExemptAll("tests/late:1");
  EXPECT_EQ(SaidOf(std::string(registry::testing::kRegistry) + "/tests/late:1").vulnerable,
            "false");
  ExpectAgreement(3, 3);
}

}  // namespace
}  // namespace breakwater::api
