// Lists of images that lack what was deleted, through the dispatcher.
#include "api/registry/testing.h"

namespace breakwater::api {
namespace {

using testing::Answer;
using testing::DigestOf;

class IncompleteListsTest : public testing::RegistryApiTest {
 protected:
  IncompleteListsTest() { service_.world.Repository("team-a/app"); }
  // By its digest, which it returns.
  std::string Push(const std::string& config) {
    EXPECT_EQ(service_.PushBlob("team-a/app", config).status, 201);
    const std::string manifest = registry::testing::ImageManifest(config, {});
    EXPECT_EQ(service_.PutManifest("team-a/app", DigestOf(manifest), manifest).status, 201);
    return DigestOf(manifest);
  }
  std::string PushIndex(const std::string& tag, const std::vector<std::string>& children) {
    json::Array list;
    for (const std::string& child : children) {
      list.push_back({{"mediaType", json::Text(oci::kOciManifest)},
                      {"digest", json::Text(child)},
                      {"size", 1}});
    }
    const std::string text = json::Serialize(json::Object{{"schemaVersion", 2},
                                                          {"mediaType", json::Text(oci::kOciIndex)},
                                                          {"manifests", std::move(list)}});
    EXPECT_EQ(service_.PutManifest("team-a/app", tag, text, std::string(oci::kOciIndex)).status,
              201);
    return DigestOf(text);
  }
  json::Value Json(const Answer& answer) {
    EXPECT_EQ(answer.status, 200) << answer.body;
    auto parsed = json::Parse(answer.body);
    EXPECT_TRUE(parsed.ok()) << answer.body;
    return parsed.ok() ? *std::move(parsed) : json::Value();
  }
};

TEST_F(IncompleteListsTest, AreNamedByTheDeletionAndMarkedByInspection) {
  const std::string child = Push("one");
  const std::string index = PushIndex("all", {child, Push("two")});
  const std::string name = "us.icr.example/team-a/app";
  const std::string url = "/api/v1/images/" + name + "@" + child;
  const std::string lists =
      R"([{"Image":")" + name + "@" + index + R"(","Tags":[")" + name + R"(:all"]}])";
  const std::string both = "[\"" + name + ":all\",\"" + name + "@" + child + "\"]";
  const json::Value bulk = Json(Do("POST", "/api/v1/images/bulkdelete?dry_run=true", both));
  EXPECT_EQ(json::Find(bulk, "incomplete_lists"), nullptr) << "it goes, too";
  for (const char* query : {"?dry_run=true", ""}) {
    const json::Value deleted = Json(Do("DELETE", url + query));
    EXPECT_EQ(json::Serialize(*json::Find(deleted, "IncompleteLists")), lists);
  }
  const json::Value left = Json(Do("GET", "/api/v1/images/" + name + ":all/json"));
  const json::Array& children = json::Find(left, "Manifests")->as_array();
  ASSERT_EQ(children.size(), 2U);
  EXPECT_EQ(*json::Find(children[0], "Missing"), json::Value(true));
  EXPECT_EQ(json::Find(children[1], "Missing"), nullptr);
}

// However many children go, and however many tags the list has.
TEST_F(IncompleteListsTest, AreNamedOnceByABulkDeletion) {
  std::vector<std::string> children;
  for (int i = 0; i < 20; ++i) children.push_back(Push(std::to_string(i)));
  std::string index;
  for (int i = 0; i < 20; ++i) index = PushIndex("all" + std::to_string(i), children);
  json::Array all;
  for (const std::string& child : children) {
    all.push_back(json::Text("us.icr.example/team-a/app@" + child));
  }
  for (const char* query : {"?dry_run=true", ""}) {
    const json::Value answer =
        Json(Do("POST", std::string("/api/v1/images/bulkdelete") + query, json::Serialize(all)));
    const json::Array& lists = json::Find(answer, "incomplete_lists")->as_array();
    ASSERT_EQ(lists.size(), 1U);
    EXPECT_EQ(json::FindText(lists[0], "Image"), "us.icr.example/team-a/app@" + index);
    EXPECT_EQ(json::Find(lists[0], "Tags")->as_array().size(), 10U);
    EXPECT_EQ(json::Find(answer, "success")->as_array().size(), 20U);
  }
}

}  // namespace
}  // namespace breakwater::api
