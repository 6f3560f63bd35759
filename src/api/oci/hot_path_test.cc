// What is asked for again and again is answered from memory, and is never older than the database.
#include <gtest/gtest.h>

#include "api/oci/pull_world.h"
#include "base/wait.h"

namespace breakwater::api {
namespace {

using testing::PullWorld;

class HotPathTest : public ::testing::Test {
 protected:
  // Where others may write too, every request asks the database.
  bool keeps() { return world_.iam.database->database().epoch().has_value(); }

  // The status of an answer given without waiting; 0 if it takes waiting.
  int StatusWithoutWaiting(const std::string& method, const std::string& target) {
    net::Request request = world_.NewRequest(method, target, world_.token_authorization);
    const NoWaitScope scope;
    const net::Response response = world_.Handle(request);
    return scope.refused() ? 0 : response.status;
  }
  PullWorld::Reply Get(const std::string& target) {
    return world_.Do("GET", target, world_.token_authorization);
  }
  // From here on the manifest of v1 is in memory, wherever it can be.
  void Warm() {
    ASSERT_EQ(Get(v1_).status, 200);
    ASSERT_EQ(StatusWithoutWaiting("GET", v1_), keeps() ? 200 : 0);
  }

  PullWorld world_;
  const std::string v1_ = PullWorld::ManifestPath("v1");
};

TEST_F(HotPathTest, WarmReadsAreAnsweredWithoutWaiting) {
  if (!keeps()) GTEST_SKIP() << "every request asks this database";
  const std::string blob = PullWorld::BlobPath(world_.layer_digest);
  const std::pair<const char*, std::string> reads[] = {
      {"GET", v1_},
      {"HEAD", v1_},
      {"GET", PullWorld::ManifestPath(PullWorld::DigestOf(world_.manifest))},
      {"GET", blob},
      {"HEAD", blob},
      {"GET", "/v2/"}};
  for (const auto& [method, target] : reads) {
    const auto waited = world_.Do(method, target, world_.token_authorization);
    EXPECT_EQ(waited.status, 200) << target;
    net::Request request = world_.NewRequest(method, target, world_.token_authorization);
    const NoWaitScope scope;
    const net::Response response = world_.Handle(request);
    EXPECT_FALSE(scope.refused()) << method << " " << target;
    EXPECT_EQ(response.status, 200) << method << " " << target;
    EXPECT_EQ(response.text(), waited.text) << method << " " << target;
    EXPECT_EQ(response.headers.all(), waited.headers.all()) << method << " " << target;
  }
  EXPECT_EQ(Get(v1_).text, world_.manifest);
  EXPECT_EQ(Get(blob).text, std::string(4096, 'a'));
}

TEST_F(HotPathTest, ColdReadsAndLargeBlobsTakeWaiting) {
  EXPECT_EQ(StatusWithoutWaiting("GET", v1_), 0);
  const std::string large(200'000, 'l');
  world_.PushBlob(large);
  const std::string blob = PullWorld::BlobPath(PullWorld::DigestOf(large));
  EXPECT_EQ(Get(blob).status, 200);
  EXPECT_EQ(StatusWithoutWaiting("GET", blob), 0);
  EXPECT_EQ(world_.Do("HEAD", blob, world_.token_authorization).status, 200);
  EXPECT_EQ(StatusWithoutWaiting("HEAD", blob), keeps() ? 200 : 0);
}

TEST_F(HotPathTest, AMovedTagCountsAtOnce) {
  Warm();
  const std::string before = world_.manifest;
  ASSERT_EQ(world_.PushImage("v1", 'b'), 201);
  ASSERT_NE(world_.manifest, before);
  EXPECT_EQ(StatusWithoutWaiting("GET", v1_), 0);
  EXPECT_EQ(Get(v1_).text, world_.manifest);
}

TEST_F(HotPathTest, ADeletedTagCountsAtOnce) {
  Warm();
  ASSERT_EQ(world_.Do("DELETE", v1_, world_.admin_authorization()).status, 202);
  EXPECT_EQ(Get(v1_).status, 404);
}

TEST_F(HotPathTest, ADeletedBlobCountsAtOnce) {
  const std::string bytes = "needed by no manifest";
  world_.PushBlob(bytes);
  const std::string blob = PullWorld::BlobPath(PullWorld::DigestOf(bytes));
  for (const char* method : {"GET", "HEAD"}) {
    ASSERT_EQ(world_.Do(method, blob, world_.token_authorization).status, 200);
  }
  ASSERT_EQ(world_.Do("DELETE", blob, world_.admin_authorization()).status, 202);
  for (const char* method : {"GET", "HEAD"}) {
    EXPECT_EQ(world_.Do(method, blob, world_.token_authorization).status, 404);
  }
}

TEST_F(HotPathTest, ARemovedPolicyCountsAtOnce) {
  Warm();
  ASSERT_TRUE(
      world_.iam.policies.Delete(world_.admin(), world_.iam.account, world_.reader_policy).ok());
  EXPECT_EQ(Get(v1_).status, 403);
}

TEST_F(HotPathTest, ADeletedApiKeyCountsAtOnceAndItsTokensEndWithIt) {
  Warm();
  ASSERT_EQ(world_.Do("GET", v1_, world_.reader_authorization).status, 200);
  ASSERT_TRUE(
      world_.iam.api_keys.Delete(world_.admin(), world_.iam.account, world_.reader_key).ok());
  EXPECT_EQ(Get(v1_).status, 401);
  EXPECT_EQ(world_.Do("GET", v1_, world_.reader_authorization).status, 401);
}

TEST_F(HotPathTest, AnExpiredTokenCountsAtOnce) {
  Warm();
  world_.iam.clock.Advance(std::chrono::hours{1});
  EXPECT_EQ(Get(v1_).status, 401);
}

TEST_F(HotPathTest, PrivateOnlyCountsAtOnce) {
  Warm();
  const control::Resource service = control::ServiceResource(
      world_.iam.account, world_.registry().name, world_.registry().region);
  ASSERT_TRUE(
      world_.services->settings.PatchAuth(world_.admin(), service, {.private_only = true}).ok());
  EXPECT_EQ(Get(v1_).status, 403);
}

TEST_F(HotPathTest, ADeletedNamespaceCountsAtOnce) {
  Warm();
  ASSERT_TRUE(world_.services->namespaces
                  .Delete(world_.admin(), world_.iam.account, world_.registry(), "team-a")
                  .ok());
  EXPECT_EQ(Get(v1_).status, 404);
}

}  // namespace
}  // namespace breakwater::api
