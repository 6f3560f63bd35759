// What names of images begin with, in what the management API is asked and in what it answers.
#include "api/registry/testing.h"

namespace breakwater::api {
namespace {

using testing::Answer;

constexpr const char* kOther = "images.example.org";

// Of a registry that is reached under two public hosts and a private one.
class ImageNamesTest : public testing::RegistryApiTest {
 protected:
  ImageNamesTest() {
    service_.world.registries = control::Registries({{.name = RegistryName("us.icr.example"),
                                                      .region = "us-south",
                                                      .public_hosts = {"us.icr.example", kOther},
                                                      .private_hosts = {"private.example"}}});
    service_.world.Repository("team-a/app");
    PushImage("team-a/app", "v1");
  }
  Answer Under(const std::string& host, const std::string& method, const std::string& target,
               const std::string& body = "") {
    return Do(method, target, body, {{"Host", host}});
  }
  // The names that begin with `host`, against those that begin with anything else.
  static void ExpectNamed(const Answer& answer, const std::string& host) {
    EXPECT_TRUE(answer.status == 200) << answer.status << " " << answer.body;
    EXPECT_NE(answer.body.find("\"" + host + "/team-a/app"), std::string::npos) << answer.body;
    for (std::size_t at = answer.body.find("/team-a/app"); at != std::string::npos;
         at = answer.body.find("/team-a/app", at + 1)) {
      ASSERT_GE(at, host.size());
      EXPECT_EQ(answer.body.substr(at - host.size(), host.size()), host) << answer.body;
    }
  }
};

TEST_F(ImageNamesTest, AnswersNameImagesByThePublicHostThatWasAsked) {
  const std::string image = std::string(kOther) + ":5000/team-a/app:v1";
  const std::string host = std::string(kOther) + ":5000";
  ExpectNamed(Under(host, "GET", "/api/v1/images"), host);
  ExpectNamed(Under(host, "POST", "/api/v1/images/digests", "{}"), host);
  ExpectNamed(Under(host, "GET", "/breakwater/v1/namespaces/team-a/retention"), host);
  ExpectNamed(Under(host, "DELETE", "/api/v1/namespaces/team-a?dry_run=true"), host);
  ExpectNamed(Under(host, "DELETE", "/api/v1/images/" + image + "?dry_run=true"), host);
  ExpectNamed(Under(host, "POST", "/api/v1/images/bulkdelete?dry_run=true", "[\"" + image + "\"]"),
              host);
  ExpectNamed(Under(host, "DELETE", "/api/v1/tags/" + image), host);
  ASSERT_EQ(Under(host, "DELETE", "/api/v1/images/" + host + "/team-a/app@" + digest_).status, 200);
  ExpectNamed(Under(host, "GET", "/api/v1/trash"), host);
  ExpectNamed(Under(host, "DELETE", "/breakwater/v1/trash/" + host + "/team-a/app@" + digest_),
              host);
}

TEST_F(ImageNamesTest, AnAnalysisNamesImagesByThePublicHostThatWasAsked) {
  PushImage("team-a/app", "v2");
  ASSERT_EQ(service_.PushBlob("team-a/app", R"({"created":"2020-01-01T00:00:00Z"})").status, 201);
  ASSERT_EQ(service_
                .PutManifest(
                    "team-a/app", "old",
                    registry::testing::ImageManifest(R"({"created":"2020-01-01T00:00:00Z"})", {}))
                .status,
            201);
  ExpectNamed(Under(kOther, "POST", "/api/v1/retentions/analyze",
                    R"({"namespace":"team-a","images_per_repo":1})"),
              kOther);
}

TEST_F(ImageNamesTest, AnyOtherHostIsAnsweredWithTheRegistrysName) {
  for (const char* host :
       {"us.icr.example", "private.example", "unknown.example", "127.0.0.1:5000", "",
        "images.example.org:5\"/", "images.example.org.evil.example", "images.example.org:"}) {
    ExpectNamed(Under(host, "GET", "/api/v1/images"), "us.icr.example");
  }
  ExpectNamed(Under("IMAGES.example.org", "GET", "/api/v1/images"), kOther);
}

TEST_F(ImageNamesTest, AnImageMayBeNamedByAnyHostOfTheRegistry) {
  for (const char* asked : {"us.icr.example", "images.example.org:5000"}) {
    for (const char* named : {"us.icr.example", "images.example.org", "images.example.org:5000",
                              "private.example", "127.0.0.1:5000"}) {
      EXPECT_EQ(Under(asked, "GET", "/api/v1/images/" + std::string(named) + "/team-a/app:v1/json")
                    .status,
                200)
          << asked << " " << named;
    }
    EXPECT_EQ(Under(asked, "GET", "/api/v1/images/other.example/team-a/app:v1/json").status, 400);
  }
}

}  // namespace
}  // namespace breakwater::api
