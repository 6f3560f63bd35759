// end-1 to end-14 of the distribution specification: what each answers, and what it must say
// beside.
#include "api/oci/checklist.h"

namespace breakwater::api::testing {
namespace {

using registry::testing::ImageManifest;

TEST_F(OciChecklist, End1IsTheCapabilityAndLoginProbe) {
  for (const char* target : {"/v2/", "/v2"}) {
    const Answer in = Get(target);
    EXPECT_EQ(in.status, 200);
    EXPECT_EQ(in.body, "{}");
    EXPECT_EQ(in.Header("Content-Type"), "application/json");
    const Answer head = Head(target);
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.Header("Content-Type"), "application/json");
    EXPECT_EQ(head.length, in.body.size()) << "a HEAD tells the length of what a GET brings";
    const Answer out = Do({.method = "GET", .target = target, .authorization = ""});
    EXPECT_EQ(out.status, 401);
    EXPECT_FALSE(out.Header("WWW-Authenticate").empty());
  }
}

TEST_F(OciChecklist, End2BlobIsReadAndProbedWithItsDigestAndLength) {
  const std::string large(200'000, 'b');
  ASSERT_EQ(service_.PushBlob(kRepo, large).status, 201);
  for (const std::string& content : {std::string("config"), large}) {
    const Answer got = Blob(DigestOf(content));
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, content);
    EXPECT_EQ(got.length, content.size());
    EXPECT_EQ(got.Header("Docker-Content-Digest"), DigestOf(content));
    const Answer head = Head(kBlobs + DigestOf(content));
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.body, "");
    EXPECT_EQ(head.length, content.size());
    EXPECT_EQ(head.Header("Docker-Content-Digest"), DigestOf(content));
    const auto ranged = [&](const char* range) {
      return Do(
          {.method = "GET", .target = kBlobs + DigestOf(content), .headers = {{"Range", range}}});
    };
    const Answer part = ranged("bytes=1-3");
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.length, 3U);
    EXPECT_EQ(part.body, content.substr(1, 3));
    EXPECT_EQ(part.Header("Content-Range"), "bytes 1-3/" + std::to_string(content.size()));
    const Answer outside = ranged("bytes=999999-");
    EXPECT_EQ(outside.status, 416);
    EXPECT_EQ(outside.Header("Content-Range"), "bytes */" + std::to_string(content.size()));
    EXPECT_EQ(ranged("bytes=3-0").status, 416);
  }
  EXPECT_EQ(Blob(DigestOf("absent")).Code(), "BLOB_UNKNOWN");
  EXPECT_EQ(Head(kBlobs + DigestOf("absent")).status, 404);
  EXPECT_EQ(Blob("sha256:bad").Code(), "DIGEST_INVALID");
  EXPECT_EQ(Get("/v2/team-a/never/blobs/" + DigestOf("config")).status, 404);
}

TEST_F(OciChecklist, End3ManifestIsReadAndProbedByTagAndDigest) {
  ASSERT_EQ(Put("v1", image_).status, 201);
  for (const std::string& reference : {std::string("v1"), DigestOf(image_)}) {
    const Answer got = Manifest(reference);
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, image_);
    const Answer head = Head(kManifests + reference);
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.body, "");
    for (const Answer& answer : {got, head}) {
      EXPECT_EQ(answer.length, image_.size());
      EXPECT_EQ(answer.Header("Content-Type"), oci::kOciManifest);
      EXPECT_EQ(answer.Header("Docker-Content-Digest"), DigestOf(image_));
    }
  }
  EXPECT_EQ(Manifest("absent").Code(), "MANIFEST_UNKNOWN");
  EXPECT_EQ(Get("/v2/team-a/never/manifests/v1").status, 404);
  EXPECT_EQ(Get("/v2/absent/never/manifests/v1").status, 404);
}

TEST_F(OciChecklist, End4aUploadsHaveLocationsOfTheirOwn) {
  const std::string one = Start();
  EXPECT_NE(one, Start());
  EXPECT_TRUE(one.starts_with(kUploads));
  const Answer unknown = Do({.method = "POST", .target = "/v2/absent/app/blobs/uploads/"});
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.Code(), "NAME_UNKNOWN");
}

TEST_F(OciChecklist, End4bWholeBlobIsPushedByPost) {
  for (const std::string& digest : {DigestOf("blob"), Sha512Of("blob")}) {
    const Answer pushed = Post("?digest=" + digest, "blob");
    EXPECT_EQ(pushed.status, 201);
    EXPECT_EQ(pushed.Header("Docker-Content-Digest"), digest);
    EXPECT_EQ(Get(pushed.Header("Location")).body, "blob");
  }
  EXPECT_EQ(Post("?digest=" + DigestOf("other"), "blob").Code(), "DIGEST_INVALID");
  EXPECT_EQ(Post("?digest=sha256:x", "blob").status, 400);
  // Without the bytes it is declined: an upload is opened.
  EXPECT_EQ(Post("?digest=" + DigestOf("later")).status, 202);
  EXPECT_EQ(Post("?digest=" + DigestOf("")).status, 201);
  EXPECT_EQ(Do({.method = "POST",
                .target = "/v2/absent/app/blobs/uploads/?digest=" + DigestOf("blob"),
                .body = "blob"})
                .status,
            404);
}

TEST_F(OciChecklist, End4cDigestAlgorithmIsAnnouncedWithOrWithoutOtherParameters) {
  for (const char* query : {"?digest-algorithm=sha512", "?x=y&digest-algorithm=sha512&z"}) {
    const std::string location = Start(query);
    EXPECT_EQ(Patch(location, "blob").status, 202);
    EXPECT_EQ(Finish(location, Sha512Of("blob")).status, 201);
    EXPECT_EQ(Blob(Sha512Of("blob")).body, "blob");
  }
  // What was announced binds nobody.
  EXPECT_EQ(Finish(Start("?digest-algorithm=sha512"), DigestOf("blob"), "blob").status, 201);
  EXPECT_EQ(Finish(Start("?digest-algorithm=sha256"), Sha512Of("more"), "more").status, 201);
  const Answer unknown = Post("?digest-algorithm=md5");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(unknown.Code(), "DIGEST_INVALID");
  EXPECT_EQ(
      Do({.method = "POST", .target = "/v2/absent/app/blobs/uploads/?digest-algorithm=sha512"})
          .status,
      404);
}

TEST_F(OciChecklist, End5ChunkIsAnsweredWithTheRangeOfTheWholeUpload) {
  const std::string location = Start();
  EXPECT_EQ(Patch(location, "01234", "0-4").Header("Range"), "0-4");
  const Answer second = Patch(location, "56789", "5-9");
  EXPECT_EQ(second.status, 202);
  EXPECT_EQ(second.Header("Range"), "0-9");
  EXPECT_EQ(Patch(second.Header("Location"), "x", "3-3").status, 416);
  EXPECT_EQ(Patch(kUploads + "absent?state=x", "x").Code(), "BLOB_UPLOAD_UNKNOWN");
}

TEST_F(OciChecklist, End6UploadIsClosedWithOrWithoutABody) {
  const std::string with = Start();
  ASSERT_EQ(Patch(with, "abc").status, 202);
  const Answer closed = Finish(with, DigestOf("abcdef"), "def", "3-5");
  EXPECT_EQ(closed.status, 201);
  EXPECT_EQ(Get(closed.Header("Location")).body, "abcdef");
  const std::string without = Start();
  ASSERT_EQ(Patch(without, "abc").status, 202);
  EXPECT_EQ(Finish(without, DigestOf("abc"), "x", "9-9").status, 416);
  EXPECT_EQ(Finish(without, DigestOf("abc")).status, 201);
  EXPECT_EQ(Finish(Start(), DigestOf("other"), "abc").status, 400);
  EXPECT_EQ(Finish(kUploads + "absent?state=x", DigestOf("abc")).status, 404);
}

TEST_F(OciChecklist, End7aManifestIsAnsweredWithItsLocationDigestAndSubject) {
  const Answer put = Put("v1", image_);
  EXPECT_EQ(put.status, 201);
  EXPECT_EQ(put.Header("Location"), kManifests + DigestOf(image_));
  EXPECT_EQ(put.Header("Docker-Content-Digest"), DigestOf(image_));
  EXPECT_EQ(put.Header("OCI-Subject"), "");
  EXPECT_EQ(Put("v2", Referrer(DigestOf(image_), "t/a")).Header("OCI-Subject"), DigestOf(image_));
  EXPECT_EQ(Put("v3", "{").Code(), "MANIFEST_INVALID");
  EXPECT_EQ(service_.PutManifest("absent/app", "v1", image_).status, 404);
  EXPECT_EQ(Put("v4", std::string(oci::kMaxManifestBytes + 1, ' ')).status, 413);
}

TEST_F(OciChecklist, End7bTagParametersAreAllAnsweredInOciTag) {
  for (const std::string& digest : {DigestOf(image_), Sha512Of(image_)}) {
    std::vector<std::string> tags;
    std::string query = "?";
    for (int i = 0; i < 12; ++i) {
      tags.push_back(digest.substr(0, 6) + "-" + std::to_string(i));
      query += (i > 0 ? "&tag=" : "tag=") + tags.back();
    }
    const Answer put = Put(digest + query, image_);
    EXPECT_EQ(put.status, 201);
    const auto answered = put.headers.GetAll("OCI-Tag");
    EXPECT_EQ(std::vector<std::string>(answered.begin(), answered.end()), tags);
    for (const std::string& tag : tags) {
      EXPECT_EQ(Manifest(tag).Header("Docker-Content-Digest"), digest) << tag;
    }
  }
  EXPECT_EQ(Put(DigestOf(image_) + "?tag=.bad", image_).Code(), "TAG_INVALID");
  std::string many = "?";
  for (int i = 0; i < 65; ++i) many += "tag=t" + std::to_string(i) + "&";
  EXPECT_EQ(Put(DigestOf(image_) + many, image_).status, 414);
  EXPECT_EQ(Manifest("t0").status, 404);
  EXPECT_EQ(Put(DigestOf("other") + "?tag=a", image_).Code(), "DIGEST_INVALID");
  EXPECT_EQ(Manifest("a").status, 404);
}

TEST_F(OciChecklist, End8TagsAreListedAndPaged) {
  for (const char* tag : {"b", "a", "c"}) ASSERT_EQ(Put(tag, image_).status, 201);
  EXPECT_EQ(Tags().body, R"({"name":"team-a/app","tags":["a","b","c"]})");
  EXPECT_EQ(Tags("?n=1&last=a").body, R"({"name":"team-a/app","tags":["b"]})");
  EXPECT_EQ(Get("/v2/team-a/never/tags/list").Code(), "NAME_UNKNOWN");
}

TEST_F(OciChecklist, End9TagsAndManifestsAreDeleted) {
  ASSERT_EQ(Put("v1", image_).status, 201);
  EXPECT_EQ(Delete(kManifests + "v1").status, 202);
  EXPECT_EQ(Delete(kManifests + "v1").status, 404);
  EXPECT_EQ(Manifest(DigestOf(image_)).status, 200);
  EXPECT_EQ(Delete(kManifests + DigestOf(image_)).status, 202);
  EXPECT_EQ(Delete(kManifests + DigestOf(image_)).Code(), "MANIFEST_UNKNOWN");
}

TEST_F(OciChecklist, End10BlobsAreDeleted) {
  EXPECT_EQ(Delete(kBlobs + DigestOf("layer")).status, 202);
  EXPECT_EQ(Blob(DigestOf("layer")).status, 404);
  EXPECT_EQ(Delete(kBlobs + DigestOf("layer")).Code(), "BLOB_UNKNOWN");
  // One that a manifest needs: 405 is what the protocol has for it.
  ASSERT_EQ(Put("v1", ImageManifest("config", {})).status, 201);
  EXPECT_EQ(Delete(kBlobs + DigestOf("config")).Code(), "UNSUPPORTED");
}

TEST_F(OciChecklist, End11MountIs201OrOpensAnUpload) {
  ASSERT_EQ(service_.PushBlob("team-b/app", "theirs").status, 201);
  for (const std::string& from : {std::string("&from=team-b/app"), std::string()}) {
    const Answer mounted = Post("?mount=" + DigestOf("theirs") + from);
    EXPECT_EQ(mounted.status, 201);
    EXPECT_EQ(mounted.Header("Docker-Content-Digest"), DigestOf("theirs"));
    EXPECT_EQ(Get(mounted.Header("Location")).body, "theirs");
    ASSERT_EQ(Delete(kBlobs + DigestOf("theirs")).status, 202);
  }
  for (const char* from :
       {"&from=team-b/app", "&from=absent/app", "&from=team-b/never", "&from=BAD", ""}) {
    const Answer opened = Post("?mount=" + DigestOf("absent") + from);
    EXPECT_EQ(opened.status, 202) << from;
    EXPECT_EQ(Finish(opened.Header("Location"), DigestOf("own"), "own").status, 201) << from;
  }
  EXPECT_EQ(
      Do({.method = "POST", .target = "/v2/absent/app/blobs/uploads/?mount=" + DigestOf("theirs")})
          .status,
      404);
}

TEST_F(OciChecklist, End12ReferrersAreAnIndexNever404) {
  for (const std::string repository : {"team-a/app", "team-a/never", "absent/never"}) {
    const Answer none = Get("/v2/" + repository + "/referrers/" + DigestOf("x"));
    EXPECT_EQ(none.status, 200) << repository;
    EXPECT_EQ(none.Header("Content-Type"), oci::kOciIndex);
    EXPECT_TRUE(Entries(none).empty());
  }
  ASSERT_EQ(Put("v1", Referrer(DigestOf("x"), "t/a")).status, 201);
  EXPECT_EQ(Entries(Referrers(DigestOf("x"))).size(), 1U);
  EXPECT_EQ(Entries(Referrers(DigestOf("x"), "?artifactType=t/a")).size(), 1U);
  EXPECT_EQ(Entries(Referrers(DigestOf("x"), "?artifactType=t/b")).size(), 0U);
  EXPECT_EQ(Referrers("sha256:bad").Code(), "DIGEST_INVALID");
}

TEST_F(OciChecklist, End13UploadTellsWhatItHas) {
  const std::string location = Start();
  ASSERT_EQ(Patch(location, "abc").status, 202);
  const Answer status = Get(location);
  EXPECT_EQ(status.status, 204);
  EXPECT_EQ(status.Header("Range"), "0-2");
  EXPECT_EQ(Patch(status.Header("Location"), "d", "3-3").status, 202);
  EXPECT_EQ(Get(kUploads + "absent?state=x").Code(), "BLOB_UPLOAD_UNKNOWN");
}

TEST_F(OciChecklist, End14UploadIsCancelledOrExpires) {
  const std::string cancelled = Start();
  EXPECT_EQ(Delete(cancelled).status, 204);
  EXPECT_EQ(Delete(cancelled).status, 404);
  EXPECT_EQ(Get(cancelled).status, 404);
  const std::string forgotten = Start();
  ASSERT_EQ(Patch(forgotten, std::string(200'000, 'x')).status, 202);
  service_.world.clock.Advance(std::chrono::hours{48});
  ASSERT_TRUE(service_.world.services->uploads.Sweep(false).ok());
  EXPECT_EQ(Get(forgotten).status, 404);
  EXPECT_EQ(service_.world.StagedCount(), 0U);
}

}  // namespace
}  // namespace breakwater::api::testing
