// Names, deletion, errors and headers, by the lines of the protocol's checklist.
#include <set>

#include "api/oci/checklist.h"

namespace breakwater::api::testing {
namespace {

using registry::testing::ImageManifest;

// --- Names ---

TEST_F(OciChecklist, RepositoryNamesAreLowerCaseRunsJoinedByTheProtocolsSeparators) {
  for (const char* name : {"team-a/a", "team-a/a.b", "team-a/a_b", "team-a/a__b", "team-a/a-b",
                           "team-a/a---b", "team-a/0/1/2", "team-a/a.b_c__d-e/f"}) {
    EXPECT_EQ(
        Do({.method = "POST", .target = "/v2/" + std::string(name) + "/blobs/uploads/"}).status,
        202)
        << name;
  }
  for (const char* name :
       {"team-a/A", "team-a/a..b", "team-a/a___b", "team-a/a._b", "team-a/-a", "team-a/a-",
        "team-a/.a", "team-a/a%20b", "team-a/%C3%A9", "team-a/a:b", "team-a/a@b", "team-a/a%09"}) {
    const Answer bad = Get("/v2/" + std::string(name) + "/tags/list");
    EXPECT_EQ(bad.status, 400) << name;
    EXPECT_EQ(bad.Code(), "NAME_INVALID") << name;
  }
  const auto named = [&](std::size_t length) {
    return Get("/v2/team-a/" + std::string(length - 7, 'a') + "/tags/list").Code();
  };
  EXPECT_EQ(named(255), "NAME_UNKNOWN");
  EXPECT_EQ(named(256), "NAME_INVALID");
}

TEST_F(OciChecklist, TagsAreUpTo128CharactersOfTheirAlphabet) {
  for (const std::string& tag :
       {std::string("a"), std::string("_x"), std::string("A.b-C_d"), std::string(128, 'x')}) {
    EXPECT_EQ(Put(tag, image_).status, 201) << tag;
  }
  for (const std::string& tag : {std::string(".x"), std::string("-x"), std::string(129, 'x'),
                                 std::string("a%20b"), std::string("a+b"), std::string("a!")}) {
    EXPECT_EQ(Put(tag, image_).Code(), "TAG_INVALID") << tag;
    EXPECT_EQ(Manifest(tag).status, 400) << tag;
  }
}

TEST_F(OciChecklist, DigestsAreSha256OrSha512InExactHexAndWhatHasAColonIsNoTag) {
  const std::string hex64(64, 'a');
  for (const std::string& bad :
       {"sha256:" + hex64.substr(1), "sha256:" + hex64 + "a", "sha512:" + hex64,
        "sha256:" + std::string(64, 'A'), "sha256:" + std::string(64, 'g'), "SHA256:" + hex64,
        "md5:" + std::string(32, 'a'), std::string("sha256:"), std::string(":"), std::string("a:b"),
        "sha384:" + std::string(96, 'a'), "sha256+b64:" + hex64}) {
    for (const Answer& answer :
         {Blob(bad), Manifest(bad), Put(bad, image_), Referrers(bad), Delete(kManifests + bad),
          Delete(kBlobs + bad), Post("?digest=" + bad, "x"), Post("?mount=" + bad)}) {
      EXPECT_EQ(answer.status, 400) << bad;
      EXPECT_EQ(answer.Code(), "DIGEST_INVALID") << bad;
    }
  }
}

TEST_F(OciChecklist, QueryDigestsArriveRawAndEscaped) {
  const std::string escaped = "sha256%3A" + DigestOf("blob").substr(7);
  for (const std::string& digest : {DigestOf("blob"), escaped, "sha256%3a" + escaped.substr(9)}) {
    EXPECT_EQ(Post("?digest=" + digest, "blob").status, 201) << digest;
    EXPECT_EQ(Finish(Start(), digest, "blob").status, 201) << digest;
    EXPECT_EQ(Post("?mount=" + digest + "&from=team-a%2Fapp").status, 201) << digest;
    EXPECT_EQ(Blob(digest).status, 200) << digest;
  }
}

// --- Deletion ---

TEST_F(OciChecklist, DeletedTagLeavesTheManifestAndDeletedDigestTakesEveryTag) {
  for (const char* tag : {"v1", "v2", "v3"}) ASSERT_EQ(Put(tag, image_).status, 201);
  EXPECT_EQ(Delete(kManifests + "v1").status, 202);
  EXPECT_EQ(Manifest("v1").status, 404);
  EXPECT_EQ(Head(kManifests + "v1").status, 404);
  EXPECT_EQ(Manifest("v2").status, 200);
  EXPECT_EQ(Manifest(DigestOf(image_)).status, 200);
  EXPECT_EQ(Delete(kManifests + DigestOf(image_)).status, 202);
  for (const std::string& gone : {std::string("v2"), std::string("v3"), DigestOf(image_)}) {
    EXPECT_EQ(Manifest(gone).status, 404) << gone;
    EXPECT_EQ(Head(kManifests + gone).status, 404) << gone;
  }
  EXPECT_EQ(Tags().body, R"({"name":"team-a/app","tags":[]})");
}

TEST_F(OciChecklist, DeletedBlobIsGoneFromThisRepositoryAlone) {
  ASSERT_EQ(service_.PushBlob("team-b/app", "layer").status, 201);
  EXPECT_EQ(Delete(kBlobs + DigestOf("layer")).status, 202);
  EXPECT_EQ(Blob(DigestOf("layer")).status, 404);
  EXPECT_EQ(Head(kBlobs + DigestOf("layer")).status, 404);
  EXPECT_EQ(Get("/v2/team-b/app/blobs/" + DigestOf("layer")).status, 200);
}

// --- Errors and the rest ---

TEST_F(OciChecklist, ErrorsAreJsonOfOneFormAndHeadHasNoBody) {
  const std::vector<std::string> targets = {"/v2/team-a/A/tags/list",
                                            "/v2/absent/app/tags/list",
                                            kBlobs + DigestOf("absent"),
                                            kBlobs + "sha256:x",
                                            kManifests + "absent",
                                            kUploads + "absent",
                                            "/v2/unknown",
                                            "/v2/a/b/c"};
  for (const std::string& target : targets) {
    const Answer answer = Get(target);
    EXPECT_GE(answer.status, 400) << target;
    EXPECT_EQ(answer.Header("Content-Type"), "application/json") << target;
    EXPECT_EQ(answer.length, answer.body.size()) << target;
    const auto document = json::Parse(answer.body);
    ASSERT_TRUE(document.ok()) << target;
    const json::Array& errors = json::Find(*document, "errors")->get_array();
    ASSERT_EQ(errors.size(), 1U) << target;
    const std::string code(json::FindText(errors[0], "code"));
    EXPECT_EQ(code.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), std::string::npos) << code;
    EXPECT_FALSE(json::FindText(errors[0], "message").empty()) << target;
    EXPECT_NE(json::Find(errors[0], "detail"), nullptr) << target;
    const Answer head = Head(target);
    EXPECT_EQ(head.body, "") << target;
    if (head.status == answer.status) {
      EXPECT_EQ(head.length, answer.length) << "RFC 9110 §8.6: " << target;
    }
  }
}

TEST_F(OciChecklist, CodesHaveTheProtocolsStatuses) {
  ASSERT_EQ(Put("v1", image_).status, 201);
  const auto expect = [](const Answer& answer, int status, const char* code) {
    EXPECT_EQ(answer.status, status) << code;
    EXPECT_EQ(answer.Code(), code);
  };
  expect(Blob(DigestOf("absent")), 404, "BLOB_UNKNOWN");
  expect(Patch(Start(), "x", "bad"), 400, "BLOB_UPLOAD_INVALID");
  expect(Patch(Start(), "x", "5-5"), 416, "BLOB_UPLOAD_INVALID");
  expect(Patch(kUploads + "absent", "x"), 404, "BLOB_UPLOAD_UNKNOWN");
  expect(Blob("sha256:x"), 400, "DIGEST_INVALID");
  expect(Put("v2", ImageManifest("absent", {})), 400, "MANIFEST_BLOB_UNKNOWN");
  expect(Put("v2", "{}"), 400, "MANIFEST_INVALID");
  expect(Manifest("absent"), 404, "MANIFEST_UNKNOWN");
  expect(Get("/v2/team-a/A/tags/list"), 400, "NAME_INVALID");
  expect(Get("/v2/absent/app/tags/list"), 404, "NAME_UNKNOWN");
  expect(Patch(Start(), "x", "0-1"), 400, "SIZE_INVALID");
  expect(Do({.method = "GET", .target = kManifests + "v1", .authorization = ""}), 401,
         "UNAUTHORIZED");
  expect(Do({.method = "DELETE", .target = kManifests + "v1", .authorization = "Basic reader"}),
         403, "DENIED");
  expect(Delete(kBlobs + DigestOf("layer")), 405, "UNSUPPORTED");
  expect(Do({.method = "POST", .target = kManifests + "v1"}), 405, "UNSUPPORTED");
  expect(Do({.method = "GET",
             .target = kBlobs + DigestOf("layer"),
             .headers = {{"Range", "bytes=9-"}}}),
         416, "RANGE_INVALID");
  expect(Manifest(".x"), 400, "TAG_INVALID");
  expect(Tags("?n=x"), 400, "PAGINATION_NUMBER_INVALID");
}

TEST_F(OciChecklist, WarningsHaveCode299NoDateAndAtMost4096Bytes) {
  std::vector<std::string> absent;
  for (int i = 0; i < 500; ++i) absent.push_back(DigestOf("absent" + std::to_string(i)));
  const Answer answer = Put("sparse", Index(absent), oci::kOciIndex);
  EXPECT_EQ(answer.status, 201);
  std::size_t bytes = 0;
  const auto warnings = answer.headers.GetAll("Warning");
  ASSERT_FALSE(warnings.empty());
  for (const std::string_view warning : warnings) {
    bytes += warning.size();
    EXPECT_TRUE(warning.starts_with("299 - \"")) << warning;
    EXPECT_TRUE(warning.ends_with('"')) << warning;
    EXPECT_EQ(warning.find('"', 7), warning.size() - 1) << warning;
  }
  EXPECT_LE(bytes, 4096U);
}

TEST_F(OciChecklist, TooManyRequestsCarryRetryAfterAndUploadsAreBoundedWhereTheyBegin) {
  service_.world.upload_options.max_sessions = 2;
  service_.Restart();
  const std::string one = Start();
  Start();
  const Answer refused = Post("");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.Code(), "TOOMANYREQUESTS");
  EXPECT_EQ(refused.Header("Retry-After"), "1");
  EXPECT_EQ(Finish(one, DigestOf("abc"), "abc").status, 201);  // never within an upload
  EXPECT_EQ(Post("").status, 202);
}

TEST_F(OciChecklist, NsParameterIsIgnoredOnPulls) {
  ASSERT_EQ(Put("v1", image_).status, 201);
  for (const std::string& target :
       {kManifests + "v1", kBlobs + DigestOf("config"), "/v2/" + kRepo + "/tags/list",
        "/v2/" + kRepo + "/referrers/" + DigestOf(image_)}) {
    const Answer answer = Get(target + "?ns=docker.io");
    EXPECT_EQ(answer.status, 200) << target;
    EXPECT_EQ(answer.Header("OCI-Namespace"), "") << target;
  }
}

TEST_F(OciChecklist, ExtensionDiscoveryIs404InTheProtocolsForm) {
  for (const char* target : {"/v2/_oci/ext/discover", "/v2/team-a/app/_oci/ext/discover"}) {
    EXPECT_EQ(Get(target).status, 404) << target;
    EXPECT_NE(Get(target).Code(), "(no JSON)") << target;
  }
}

// One request of each kind with its answer: what holds for all of them.
TEST_F(OciChecklist, EveryAnswerHasALengthTheVersionHeaderAndNoContentEncoding) {
  ASSERT_EQ(Put("v1", Referrer(DigestOf(image_), "t/a")).status, 201);
  const std::string large(200'000, 'l');
  ASSERT_EQ(service_.PushBlob(kRepo, large).status, 201);
  std::vector<Call> calls;
  for (const char* method : {"GET", "HEAD"}) {
    for (const std::string& target :
         {std::string("/v2/"), std::string("/v2/_catalog"), "/v2/" + kRepo + "/tags/list",
          kManifests + "v1", kManifests + "absent", kBlobs + DigestOf(large), kBlobs + "x",
          "/v2/" + kRepo + "/referrers/" + DigestOf(image_), std::string("/v2/unknown")}) {
      calls.push_back({.method = method, .target = target});
    }
  }
  for (const char* range : {"bytes=0-9", "bytes=0-9,20-29", "bytes=999999-"}) {
    calls.push_back(
        {.method = "GET", .target = kBlobs + DigestOf(large), .headers = {{"Range", range}}});
  }
  calls.push_back({.method = "POST", .target = kUploads});
  calls.push_back({.method = "DELETE", .target = kManifests + "v1"});
  calls.push_back({.method = "GET", .target = "/v2/", .authorization = ""});
  for (Call& call : calls) {
    call.headers.emplace_back("Accept-Encoding", "gzip, br, zstd");
    const Answer answer = Do(call);
    const std::string what = call.method + " " + call.target;
    ASSERT_TRUE(answer.length) << what;
    EXPECT_EQ(answer.body.size(), call.method == "HEAD" ? 0 : *answer.length) << what;
    EXPECT_EQ(answer.Header("Content-Encoding"), "") << what;
    EXPECT_EQ(answer.Header("Docker-Distribution-Api-Version"), "registry/2.0") << what;
  }
}

}  // namespace
}  // namespace breakwater::api::testing
