// What requests to the management API leave in the audit trail.
#include "api/registry/testing.h"

namespace breakwater::api {
namespace {

class RecordedApiTest : public testing::RegistryApiTest {
 protected:
  RecordedApiTest() { service_.world.Repository("team-a/app"); }
  std::vector<audit::Found> Records(const std::string& action) {
    EXPECT_TRUE(service_.world.recorder.Flush().ok());
    return *service_.world.log.Query({.action = action});
  }
};

TEST_F(RecordedApiTest, DryRunsAreRecordedAsReadsOfTheImage) {
  PushImage("team-a/app", "v1");
  const std::string image = "us.icr.example/team-a/app:v1";
  Do("DELETE", "/api/v1/images/" + image + "?dry_run=true");
  Do("DELETE", "/api/v1/tags/" + image + "?dry_run=true");
  Do("DELETE", "/api/v1/namespaces/team-a?dry_run=true");
  std::string many = "[\"" + image + "\"";
  for (int i = 0; i < 100; ++i) many += ",\"!\"";
  Do("POST", "/api/v1/images/bulkdelete?dry_run=true", many + "]");
  const auto recorded = [&](const std::string& action) {
    const auto found = Records("container-registry." + action);
    EXPECT_EQ(found.size(), 1U) << action;
    return found.empty() ? audit::Record{} : found.front().record;
  };
  for (const char* action : {"image.delete.dry-run", "image.untag.dry-run"}) {
    EXPECT_EQ(recorded(action).target.name, "team-a/app:v1");
    EXPECT_EQ(recorded(action).target.digest, digest_);
    EXPECT_TRUE(recorded(action).changes.empty());
  }
  EXPECT_EQ(recorded("namespace.delete.dry-run").target.name, "team-a");
  const json::Value bulk = recorded("image.bulkdelete.dry-run").request;
  EXPECT_EQ(json::Find(bulk, "images")->as_array().size(), 100U);
  EXPECT_EQ(json::Find(bulk, "images")->as_array()[0], json::Value(json::Text(image)));
  EXPECT_EQ(*json::Find(bulk, "more_images"), json::Value(1));
}

// The right that was lacking often has another name than what was wanted, and is asked for on more.
TEST_F(RecordedApiTest, RefusedChangesAreRecordedAsWhatTheyAreOfWhatTheyAreAbout) {
  PushImage("team-a/app", "v1");
  service_.world.authorizer.rule = [](const control::Caller&, std::string_view,
                                      const control::Resource&) -> Status {
    return Denied("you may not").Reason("not_authorized");
  };
  const std::string image = "us.icr.example/team-a/app:v1";
  struct Case {
    const char* method;
    std::string path;
    std::string action;
    std::string target;
  };
  const Case cases[] = {
      {"DELETE", "/api/v1/images/" + image, "image.delete", "team-a/app:v1"},
      {"DELETE", "/api/v1/tags/" + image, "image.untag", "team-a/app:v1"},
      {"DELETE", "/api/v1/tags/" + image + "?dry_run=true", "image.untag.dry-run", "team-a/app:v1"},
      {"POST", "/api/v1/images/tags?fromimage=" + image + "&toimage=us.icr.example/team-a/app:v2",
       "image.tag", "team-a/app:v2"},
      {"POST", "/api/v1/trash/us.icr.example/team-a/app:v1/restore", "trash.restore",
       "team-a/app:v1"},
      {"PATCH", "/api/v1/namespaces/team-a", "namespace.update", "team-a"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(Do(one.method, one.path).status, 403) << one.path;
    const auto records = Records("container-registry." + one.action);
    ASSERT_EQ(records.size(), 1U) << one.path;
    EXPECT_EQ(records[0].record.target.name, one.target) << one.path;
    EXPECT_NE(records[0].record.outcome, audit::Outcome::kSuccess) << one.path;
  }
}

TEST_F(RecordedApiTest, InspectionIsRecordedWithTheImagesNameAndDigest) {
  PushImage("team-a/app", "v1");
  for (const char* part : {"json", "manifest"}) {
    const std::string image = "/api/v1/images/us.icr.example/team-a/app";
    EXPECT_EQ(Do("GET", image + ":v1/" + part).status, 200);
    EXPECT_EQ(Do("GET", image + ":none/" + part).status, 404);
  }
  for (const char* action :
       {"container-registry.image.inspect", "container-registry.manifest.inspect"}) {
    const auto records = Records(action);
    ASSERT_EQ(records.size(), 2U) << action;
    EXPECT_EQ(records[0].record.target.name, "team-a/app:v1");
    EXPECT_EQ(records[0].record.target.digest, digest_);
    EXPECT_EQ(records[1].record.target.name, "team-a/app:none");
    EXPECT_EQ(records[1].record.target.digest, "");
  }
}

TEST_F(RecordedApiTest, ListsAreRecordedWithTheFilterThatWasAskedFor) {
  Do("GET", "/api/v1/images?repository=us.icr.example/team-a/app&includeIBM=false");
  Do("GET", "/api/v1/images?namespace=team-a&namespace=team-b");
  Do("GET", "/api/v1/images");
  std::string many = R"({"exclude_tagged":true,"repositories":["team-a/app")";
  for (int i = 0; i < 100; ++i) many += ",\"team-a/app" + std::to_string(i) + "\"";
  EXPECT_EQ(Do("POST", "/api/v1/images/digests", many + "]}").status, 200);
  Do("GET", "/api/v1/trash?namespace=team-a");
  const auto images = Records("container-registry.image.list");
  ASSERT_EQ(images.size(), 4U);
  EXPECT_EQ(json::Serialize(images[0].record.request),
            R"({"includeIBM":"false","repository":"us.icr.example/team-a/app"})");
  EXPECT_EQ(json::Serialize(images[1].record.request), R"({"namespace":["team-a","team-b"]})");
  EXPECT_TRUE(images[2].record.request.is_null());
  const json::Value& digests = images[3].record.request;
  EXPECT_EQ(*json::Find(digests, "exclude_tagged"), json::Value(true));
  EXPECT_EQ(json::Find(digests, "repositories")->as_array().size(), 100U);
  EXPECT_EQ(*json::Find(digests, "more_repositories"), json::Value(1));
  const auto trash = Records("container-registry.trash.list");
  ASSERT_EQ(trash.size(), 1U);
  EXPECT_EQ(json::FindText(trash[0].record.request, "namespace"), "team-a");
}

}  // namespace
}  // namespace breakwater::api
