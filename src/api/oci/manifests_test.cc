// Manifests, tags, lists and referrers through the dispatcher. Names follow the protocol's
// checklist.
#include <gtest/gtest.h>

#include "api/oci/testing.h"
#include "oci/referrers.h"

namespace breakwater::api {
namespace {

using registry::testing::ImageManifest;
using testing::Answer;
using testing::ByName;
using testing::DigestOf;
using testing::kRepo;
using testing::Service;

class OciManifestTest : public ::testing::Test {
 protected:
  OciManifestTest() {
    service_.world.Repository(kRepo);
    service_.world.authorizer.rule = ByName;
    EXPECT_EQ(service_.PushBlob(kRepo, "config").status, 201);
    EXPECT_EQ(service_.PushBlob(kRepo, "layer").status, 201);
  }
  Answer Get(const std::string& target) { return service_.Get(target); }
  Answer Do(const testing::Call& call) { return service_.Do(call); }
  Answer Put(const std::string& reference, const std::string& content) {
    return service_.PutManifest(kRepo, reference, content);
  }
  Answer Manifest(const std::string& reference) {
    return Get("/v2/" + kRepo + "/manifests/" + reference);
  }

  Service service_;
  std::string image_ = ImageManifest("config", {"layer"});
};

TEST_F(OciManifestTest, IsStoredAndReturnedAsItIs) {
  const Answer put = Put("v1", image_);
  EXPECT_EQ(put.status, 201);
  EXPECT_EQ(put.Header("Docker-Content-Digest"), DigestOf(image_));
  EXPECT_EQ(put.Header("OCI-Tag"), "");
  EXPECT_EQ(put.Header("OCI-Subject"), "");
  EXPECT_EQ(Get(put.Header("Location")).body, image_);
  const Answer got = Manifest("v1");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, image_);
  EXPECT_EQ(got.Header("Content-Type"), oci::kOciManifest);
  EXPECT_EQ(got.Header("ETag"), "\"" + DigestOf(image_) + "\"");
  const Answer head = Do({.method = "HEAD", .target = "/v2/" + kRepo + "/manifests/v1"});
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.length, image_.size());
  EXPECT_EQ(head.Header("Docker-Content-Digest"), DigestOf(image_));
  EXPECT_EQ(head.body, "");
}

TEST_F(OciManifestTest, IsReturnedWhateverAcceptSays) {
  ASSERT_EQ(Put("v1", image_).status, 201);
  for (const char* accept : {"*/*", "application/json", "text/html;q=0.3, application/x"}) {
    EXPECT_EQ(Do({.method = "GET",
                  .target = "/v2/" + kRepo + "/manifests/v1",
                  .headers = {{"Accept", accept}, {"Accept", "x/y"}}})
                  .status,
              200);
  }
}

TEST_F(OciManifestTest, UnchangedIs304) {
  ASSERT_EQ(Put("v1", image_).status, 201);
  const auto ask = [&](const std::string& tag) {
    return Do({.method = "GET",
               .target = "/v2/" + kRepo + "/manifests/v1",
               .headers = {{"If-None-Match", tag}}})
        .status;
  };
  EXPECT_EQ(ask("\"" + DigestOf(image_) + "\""), 304);
  EXPECT_EQ(ask("\"" + DigestOf("other") + "\""), 200);
}

TEST_F(OciManifestTest, AbsentIs404AlsoInAnUnknownRepository) {
  EXPECT_EQ(Manifest("v1").Code(), "MANIFEST_UNKNOWN");
  EXPECT_EQ(Manifest(DigestOf("x")).status, 404);
  EXPECT_EQ(Get("/v2/team-a/never/manifests/v1").status, 404);
  EXPECT_EQ(Get("/v2/absent/never/manifests/v1").Code(), "NAME_UNKNOWN");
  EXPECT_EQ(Do({.method = "HEAD", .target = "/v2/" + kRepo + "/manifests/v1"}).status, 404);
}

TEST_F(OciManifestTest, WhoseBytesDoNotMatchTheDigestIs400) {
  const Answer answer = Put(DigestOf(image_), image_ + "  ");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.Code(), "DIGEST_INVALID");
}

TEST_F(OciManifestTest, OverFourMebibytesIs413) {
  const std::string frame = ImageManifest("config", {}, R"(,"annotations":{"x":""})");
  const std::string full = ImageManifest(
      "config", {},
      R"(,"annotations":{"x":")" + std::string(oci::kMaxManifestBytes - frame.size(), 'a') + "\"}");
  EXPECT_EQ(Put("v1", full).status, 201);
  EXPECT_EQ(Manifest("v1").body.size(), oci::kMaxManifestBytes);
  for (const bool chunked : {false, true}) {
    const Answer answer = Do({.method = "PUT",
                              .target = "/v2/" + kRepo + "/manifests/v2",
                              .body = full + " ",
                              .headers = {{"Content-Type", std::string(oci::kOciManifest)}},
                              .chunked = chunked});
    EXPECT_EQ(answer.status, 413);
    EXPECT_EQ(answer.Code(), "MANIFEST_INVALID");
  }
}

TEST_F(OciManifestTest, MissingBlobsAreOneErrorEach) {
  const Answer answer = Put("v1", ImageManifest("config", {"x", "y"}));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.Code(), "MANIFEST_BLOB_UNKNOWN");
  const auto document = json::Parse(answer.body);
  EXPECT_EQ(json::Find(*document, "errors")->get_array().size(), 2U);
  EXPECT_NE(answer.body.find(DigestOf("y")), std::string::npos);
}

TEST_F(OciManifestTest, OfSchema1IsRefusedWithWords) {
  const Answer answer = service_.PutManifest(kRepo, "v1", R"({"schemaVersion":1,"fsLayers":[]})",
                                             std::string(oci::kDockerSchema1Signed));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.Code(), "MANIFEST_INVALID");
  EXPECT_NE(answer.body.find("schema"), std::string::npos);
}

TEST_F(OciManifestTest, MalformedIs400) {
  for (const char* content : {"", "{", "[]", "null"}) {
    EXPECT_EQ(Put("v1", content).Code(), "MANIFEST_INVALID") << content;
  }
}

TEST_F(OciManifestTest, TagParametersComeBackInOciTag) {
  const Answer answer =
      Do({.method = "PUT",
          .target = "/v2/" + kRepo + "/manifests/" + DigestOf(image_) + "?tag=a&tag=b&tag=c",
          .body = image_,
          .headers = {{"Content-Type", std::string(oci::kOciManifest)}}});
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.headers.GetAll("OCI-Tag").size(), 3U);
  EXPECT_EQ(Manifest("c").body, image_);
}

TEST_F(OciManifestTest, DeletedTagLeavesTheDigestAndDeletedDigestTakesTheTags) {
  ASSERT_EQ(Put("v1", image_).status, 201);
  ASSERT_EQ(Put("v2", image_).status, 201);
  const auto remove = [&](const std::string& reference) {
    return Do({.method = "DELETE", .target = "/v2/" + kRepo + "/manifests/" + reference}).status;
  };
  EXPECT_EQ(remove("v1"), 202);
  EXPECT_EQ(Manifest("v1").status, 404);
  EXPECT_EQ(Manifest("v2").status, 200);
  EXPECT_EQ(remove(DigestOf(image_)), 202);
  EXPECT_EQ(Manifest("v2").status, 404);
  EXPECT_EQ(Manifest(DigestOf(image_)).status, 404);
  EXPECT_EQ(remove(DigestOf(image_)), 404);
}

TEST_F(OciManifestTest, BlobThatItNeedsCannotBeDeleted) {
  ASSERT_EQ(Put("v1", image_).status, 201);
  const Answer answer =
      Do({.method = "DELETE", .target = "/v2/" + kRepo + "/blobs/" + DigestOf("layer")});
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.Code(), "UNSUPPORTED");
  EXPECT_EQ(Get("/v2/" + kRepo + "/blobs/" + DigestOf("layer")).status, 200);
}

TEST_F(OciManifestTest, TagListIsPagedByLinkInBytewiseOrder) {
  for (const char* tag : {"c", "B", "a", "a.b", "b"}) ASSERT_EQ(Put(tag, image_).status, 201);
  const std::string list = "/v2/" + kRepo + "/tags/list";
  EXPECT_EQ(Get(list).body, R"({"name":"team-a/app","tags":["B","a","a.b","b","c"]})");
  const Answer first = Get(list + "?n=2");
  EXPECT_EQ(first.body, R"({"name":"team-a/app","tags":["B","a"]})");
  EXPECT_EQ(first.Header("Link"), "</v2/team-a/app/tags/list?n=2&last=a>; rel=\"next\"");
  const Answer last = Get(list + "?n=2&last=b");
  EXPECT_EQ(last.body, R"({"name":"team-a/app","tags":["c"]})");
  EXPECT_EQ(last.Header("Link"), "");
  EXPECT_EQ(Get(list + "?last=aaa").body, R"({"name":"team-a/app","tags":["b","c"]})");
  const Answer none = Get(list + "?n=0");
  EXPECT_EQ(none.body, R"({"name":"team-a/app","tags":[]})");
  EXPECT_EQ(none.Header("Link"), "");
  EXPECT_EQ(Get(list + "?n=99999999999").status, 200);
  EXPECT_EQ(Get(list + "?n=99999999999999999999999").status, 200);
  for (const char* n : {"-1", "abc", "1.5", ""}) {
    const Answer bad = Get(list + "?n=" + n);
    EXPECT_EQ(bad.status, 400) << n;
    EXPECT_EQ(bad.Code(), "PAGINATION_NUMBER_INVALID") << n;
  }
}

TEST_F(OciManifestTest, TagListOfNothingIsAnEmptyArrayAndOfAnUnknownRepository404) {
  EXPECT_EQ(Get("/v2/" + kRepo + "/tags/list").body, R"({"name":"team-a/app","tags":[]})");
  EXPECT_EQ(Get("/v2/team-a/never/tags/list").Code(), "NAME_UNKNOWN");
}

TEST_F(OciManifestTest, CatalogueIsLimitedToWhatTheCallerMaySee) {
  ASSERT_EQ(Put("v1", image_).status, 201);
  EXPECT_EQ(Get("/v2/_catalog").body, R"({"repositories":["team-a/app"]})");
  const auto as = [&](const std::string& authorization) {
    return Do({.method = "GET", .target = "/v2/_catalog", .authorization = authorization});
  };
  EXPECT_EQ(as("Basic nobody").body, R"({"repositories":[]})");
  EXPECT_EQ(as("Basic stranger").body, R"({"repositories":[]})");
  EXPECT_EQ(as("").status, 401);
  EXPECT_EQ(as("Bearer owner team-a/app=pull").status, 401);
  EXPECT_EQ(as("Bearer owner registry:catalog=*").body, R"({"repositories":["team-a/app"]})");
  EXPECT_EQ(Get("/v2/_catalog?n=-1").status, 400);
}

class OciReferrersTest : public OciManifestTest {
 protected:
  std::string With(const std::string& type) {
    return ImageManifest(
        "config", {},
        R"(,"artifactType":")" + type +
            R"(","annotations":{"k":"v"},"subject":{"mediaType":"x/y","digest":")" +
            DigestOf(image_) + R"(","size":1})");
  }
  json::Array List(const std::string& query = "") {
    const Answer answer = Get("/v2/" + kRepo + "/referrers/" + DigestOf(image_) + query);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.Header("Content-Type"), oci::kOciIndex);
    return json::Find(*json::Parse(answer.body), "manifests")->get_array();
  }
};

TEST_F(OciReferrersTest, OfNothingAreAnEmptyIndexEverywhere) {
  EXPECT_TRUE(List().empty());
  EXPECT_EQ(Get("/v2/team-a/never/referrers/" + DigestOf("x")).status, 200);
  EXPECT_EQ(Get("/v2/absent/never/referrers/" + DigestOf("x")).status, 200);
  EXPECT_EQ(Get("/v2/" + kRepo + "/referrers/sha256:" + std::string(64, '0')).status, 200);
}

TEST_F(OciReferrersTest, ComeFromTheSubjectAndAreAnsweredWithOciSubject) {
  const Answer put = Put("v1", With("t/a"));
  EXPECT_EQ(put.Header("OCI-Subject"), DigestOf(image_));
  const json::Array entries = List();
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(json::FindText(entries[0], "artifactType"), "t/a");
  EXPECT_EQ(json::FindText(entries[0], "digest"), DigestOf(With("t/a")));
  EXPECT_EQ(json::FindText(*json::Find(entries[0], "annotations"), "k"), "v");
}

TEST_F(OciReferrersTest, AreFilteredAndSaySo) {
  ASSERT_EQ(Put("v1", With("t/a")).status, 201);
  ASSERT_EQ(Put("v2", With("t/b")).status, 201);
  EXPECT_EQ(List().size(), 2U);
  EXPECT_EQ(List("?artifactType=t/a").size(), 1U);
  const std::string target = "/v2/" + kRepo + "/referrers/" + DigestOf(image_);
  EXPECT_EQ(Get(target + "?artifactType=t%2Fa").Header("OCI-Filters-Applied"), "artifactType");
  EXPECT_EQ(Get(target).Header("OCI-Filters-Applied"), "");
}

TEST_F(OciReferrersTest, SurviveTheFallbackTag) {
  ASSERT_EQ(Put("v1", With("t/a")).status, 201);
  std::string tag = DigestOf(image_);
  tag[tag.find(':')] = '-';
  const std::string fallback = oci::ReferrersIndex({});
  ASSERT_EQ(service_.PutManifest(kRepo, tag, fallback, std::string(oci::kOciIndex)).status, 201);
  EXPECT_EQ(List().size(), 1U);
  EXPECT_EQ(Manifest(tag).body, fallback);
}

}  // namespace
}  // namespace breakwater::api
