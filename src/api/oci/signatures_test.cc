// Signatures beside images, as the clients of containers/image read and write them.
#include "registry/signatures.h"

#include <utility>

#include <gtest/gtest.h>

#include "api/oci/oci.h"
#include "api/oci/testing.h"

namespace breakwater::api {
namespace {

using registry::testing::ImageManifest;
using testing::Answer;
using testing::kRepo;

class SignaturesTest : public ::testing::Test {
 protected:
  SignaturesTest() {
    service_.world.Repository(kRepo);
    service_.world.Repository("team-b/app");
    service_.world.authorizer.rule = testing::ByName;
    EXPECT_EQ(service_.PushBlob(kRepo, "config").status, 201);
    EXPECT_EQ(service_.PutManifest(kRepo, "v1", image_).status, 201);
  }
  Answer Get(const std::string& repository = kRepo) {
    return service_.Get("/extensions/v2/" + repository + "/signatures/" + digest_);
  }
  Answer Put(const std::string& body, const std::string& credential = "Basic owner") {
    return service_.Do({.method = "PUT",
                        .target = "/extensions/v2/" + kRepo + "/signatures/" + digest_,
                        .body = body,
                        .authorization = credential});
  }
  std::string Signature(const std::string& id, const std::string& content = "c2lnbmVk") const {
    return R"({"schemaVersion":2,"name":")" + digest_ + "@" + id +
           R"(","type":"atomic","content":")" + content + "\"}";
  }
  std::vector<audit::Record> Records(const std::string& action) {
    EXPECT_TRUE(service_.world.recorder.Flush().ok());
    std::vector<audit::Record> records;
    const auto found = *service_.world.log.Query({.action = action});
    for (const audit::Found& one : found) records.push_back(one.record);
    return records;
  }

  testing::Service service_;
  const std::string image_ = ImageManifest("config", {});
  const std::string digest_ = testing::DigestOf(image_);
};

TEST_F(SignaturesTest, TheLoginProbeSaysThatTheyAreKept) {
  EXPECT_EQ(service_.Get("/v2/").Header("X-Registry-Supports-Signatures"), "1");
  const Answer refused = service_.Do({.method = "GET", .target = "/v2/", .authorization = ""});
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.Header("X-Registry-Supports-Signatures"), "1");
}

TEST_F(SignaturesTest, AreReadAsTheyWereWritten) {
  EXPECT_EQ(Get().body, R"({"signatures":[]})");
  EXPECT_EQ(Put(Signature("0a")).status, 201);
  EXPECT_EQ(Put(Signature("0a")).status, 201) << "the same once more";
  EXPECT_EQ(Get().body, R"({"signatures":[)" + Signature("0a") + "]}");
  const Answer other = Put(Signature("0a", "b3RoZXI="));
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(other.Code(), "SIGNATURE_EXISTS");
  EXPECT_EQ(Get("team-b/app").status, 404);
}

TEST_F(SignaturesTest, BadOnesAreRefused) {
  for (const std::string& body : std::vector<std::string>{
           "{}", "[]",
           R"({"schemaVersion":1,"name":")" + digest_ + R"(@0a","type":"atomic","content":"YQ=="})",
           R"({"schemaVersion":2,"name":")" + digest_ + R"(@0a","type":"other","content":"YQ=="})",
           R"({"schemaVersion":2,"name":"sha256:0@0a","type":"atomic","content":"YQ=="})",
           Signature("no hex"), Signature(""), Signature("0a", ""), Signature("0a", "!")}) {
    const Answer refused = Put(body);
    EXPECT_EQ(refused.status, 400) << body;
    EXPECT_EQ(refused.Code(), "SIGNATURE_INVALID") << body;
  }
  EXPECT_EQ(Put(Signature("0a"), "Basic reader").status, 403);
  EXPECT_EQ(Put(Signature("0a"), "").status, 401);
}

// The second comes after the first has looked whether there is another of its name.
TEST_F(SignaturesTest, OfOneNameThatComeAtOnceAreNotBothTaken) {
  bool second = true;
  service_.world.authorizer.rule = [&](const auto& caller, std::string_view action,
                                       const auto& resource) {
    if (action == registry::action::kSignatureWrite && std::exchange(second, false)) {
      EXPECT_EQ(Put(Signature("0a", "b3RoZXI=")).status, 201);
    }
    return testing::ByName(caller, action, resource);
  };
  const Answer first = Put(Signature("0a"));
  EXPECT_EQ(first.status, 409);
  EXPECT_EQ(first.Code(), "SIGNATURE_EXISTS");
  EXPECT_EQ(Get().body, R"({"signatures":[)" + Signature("0a", "b3RoZXI=") + "]}");
}

// Who may push can make manifests of their type by hand.
TEST_F(SignaturesTest, AreNotReadWhereTheyAreNamedAfterAnotherImageOrAreNoBase64) {
  const std::string other = testing::DigestOf("another image");
  for (const auto& [name, content] :
       std::vector<std::pair<std::string, std::string>>{{other + "@0a", "c2lnbmVk"},
                                                        {digest_ + "@no hex", "c2lnbmVk"},
                                                        {digest_ + "@0a", "!"}}) {
    const std::string manifest =
        ImageManifest("config", {},
                      R"(,"artifactType":")" + std::string(registry::kSignatureType) +
                          R"(","subject":{"mediaType":"a/b","size":1,"digest":")" + digest_ +
                          R"("},"annotations":{"com.breakwater.signature.name":")" + name +
                          R"(","com.breakwater.signature.content":")" + content + R"("})");
    ASSERT_EQ(service_.PutManifest(kRepo, testing::DigestOf(manifest), manifest).status, 201);
  }
  EXPECT_EQ(Get().body, R"({"signatures":[]})");
  EXPECT_EQ(Put(Signature("0a")).status, 201);
  EXPECT_EQ(Get().body, R"({"signatures":[)" + Signature("0a") + "]}");
}

TEST_F(SignaturesTest, AreCopiedDeletedAndRestoredWithTheirImage) {
  ASSERT_EQ(Put(Signature("0a")).status, 201);
  EXPECT_EQ(
      service_
          .Do({.method = "POST",
               .target = "/api/v1/images/tags?fromimage=" + kRepo + ":v1&toimage=team-b/app:v1"})
          .status,
      201);
  EXPECT_EQ(Get("team-b/app").body, R"({"signatures":[)" + Signature("0a") + "]}");
  EXPECT_EQ(
      service_.Do({.method = "DELETE", .target = "/v2/" + kRepo + "/manifests/" + digest_}).status,
      202);
  EXPECT_EQ(Get().status, 404);
  EXPECT_EQ(service_
                .Do({.method = "POST",
                     .target = "/api/v1/trash/" + kRepo + "@" + digest_ + "/restoretags"})
                .status,
            200);
  EXPECT_EQ(Get().body, R"({"signatures":[)" + Signature("0a") + "]}");
}

// ibm-registry 3.14.
TEST_F(SignaturesTest, AreInTheAuditTrailUnderTheReferencesNames) {
  ASSERT_EQ(Put(Signature("0a")).status, 201);
  ASSERT_EQ(Get().status, 200);
  EXPECT_EQ(
      service_.Do({.method = "DELETE", .target = "/v2/" + kRepo + "/manifests/" + digest_}).status,
      202);
  for (const char* what : {"read", "write", "delete"}) {
    const auto records = Records(std::string("container-registry.signature.") + what);
    ASSERT_EQ(records.size(), 1U) << what;
    EXPECT_TRUE(records[0].data_event);
    EXPECT_EQ(records[0].target.name, kRepo + "@" + digest_);
  }
  EXPECT_EQ(Records("container-registry.image.push").size(), 1U) << "a signature is no push";
  EXPECT_EQ(Records("container-registry.image.delete").size(), 1U);
}

TEST_F(SignaturesTest, DeletedByTheirOwnDigestAreInTheAuditTrailAsSignatures) {
  ASSERT_EQ(Put(Signature("0a")).status, 201);
  const json::Value referrers =
      *json::Parse(service_.Get("/v2/" + kRepo + "/referrers/" + digest_).body);
  const std::string signature(
      json::FindText(json::Find(referrers, "manifests")->get_array().at(0), "digest"));
  EXPECT_EQ(service_.Do({.method = "DELETE", .target = "/v2/" + kRepo + "/manifests/" + signature})
                .status,
            202);
  const auto records = Records("container-registry.signature.delete");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].target.name, kRepo + "@" + digest_);
}

}  // namespace
}  // namespace breakwater::api
