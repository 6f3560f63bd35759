// Blob uploads, by the lines of the protocol's checklist.
#include <thread>

#include "api/oci/checklist.h"

namespace breakwater::api::testing {
namespace {

TEST_F(OciChecklist, LocationIsRelativeAndItsParametersMayBeReorderedAndEscapedAnew) {
  const std::string location = Start();
  EXPECT_TRUE(location.starts_with("/v2/"));
  const auto mark = location.find('?');
  const std::string path = location.substr(0, mark);
  const std::string state = location.substr(mark + 1);
  EXPECT_EQ(path.find('/', kUploads.size()), std::string::npos);
  ASSERT_EQ(Patch(path + "?extra=1&" + state, "abc").status, 202);
  std::string escaped = state;  // some clients write every octet of a value as an escape
  const auto value = escaped.find('=') + 1;
  escaped.replace(value, 1, "%" + HexEncode(AsBytes(escaped.substr(value, 1))));
  const Answer closed =
      Do({.method = "PUT",
          .target = path + "?digest=sha256%3A" + DigestOf("abc").substr(7) + "&" + escaped});
  EXPECT_EQ(closed.status, 201);
}

TEST_F(OciChecklist, ContentRangeIsInclusiveWithoutAUnitAndTheHttpFormIsUnderstood) {
  const std::string location = Start();
  EXPECT_EQ(Patch(location, "01234", "0-4").status, 202);
  EXPECT_EQ(Patch(location, "56789", "bytes 5-9/10").status, 202);
  EXPECT_EQ(Patch(location, "abc", "bytes 10-12/*").status, 202);
  for (const char* bad : {"x", "13", "13-", "-13", "15-13", "13-15-17", "bytes=13-15", "a-b",
                          "99999999999999999999-99999999999999999999", " ", "0x0-0x2"}) {
    const Answer answer = Patch(location, "def", bad);
    EXPECT_TRUE(answer.status == 400 || answer.status == 416) << bad << answer.status;
    EXPECT_EQ(answer.Code(), "BLOB_UPLOAD_INVALID") << bad;
  }
  EXPECT_EQ(Patch(location, "def", "13-14").Code(), "SIZE_INVALID");
  EXPECT_EQ(Finish(location, DigestOf("0123456789abc")).status, 201);
}

TEST_F(OciChecklist, ChunkOutOfOrderIs416OnPatchAndPutAndChangesNothing) {
  for (const std::string& part : {std::string("0123456789"), std::string(100'000, 'p')}) {
    const std::string location = Start();
    const std::string last = std::to_string(part.size() - 1);
    const std::string ahead =
        std::to_string(part.size()) + "-" + std::to_string(2 * part.size() - 1);
    EXPECT_EQ(Patch(location, part, ahead).status, 416);
    EXPECT_EQ(Patch(location, part, "0-" + last).status, 202);
    const Answer again = Patch(location, part, "0-" + last);
    EXPECT_EQ(again.status, 416);
    EXPECT_EQ(again.Header("Range"), "0-" + last);
    EXPECT_EQ(Finish(location, DigestOf(part + part), part, "0-" + last).status, 416);
    const Answer status = Get(location);
    EXPECT_EQ(status.status, 204);
    EXPECT_EQ(status.Header("Range"), "0-" + last);
    EXPECT_EQ(Finish(status.Header("Location"), DigestOf(part + part), part, ahead).status, 201);
    EXPECT_EQ(Blob(DigestOf(part + part)).body, part + part);
  }
}

TEST_F(OciChecklist, PatchWithoutContentRangeAppendsWithOrWithoutALength) {
  const std::string location = Start();
  const std::string bytes(150'000, 's');
  EXPECT_EQ(
      Do({.method = "PATCH", .target = location, .body = bytes, .chunked = true}).Header("Range"),
      "0-149999");
  EXPECT_EQ(Patch(location, "end").Header("Range"), "0-150002");
  EXPECT_EQ(Finish(location, Sha512Of(bytes + "end")).status, 201);
  EXPECT_EQ(Blob(Sha512Of(bytes + "end")).body, bytes + "end");
}

TEST_F(OciChecklist, EmptyUploadHasTheRange0To0) {
  const Answer started = Post("");
  EXPECT_EQ(started.Header("Range"), "0-0");
  EXPECT_EQ(Get(started.Header("Location")).Header("Range"), "0-0");
  EXPECT_EQ(Patch(started.Header("Location"), "").Header("Range"), "0-0");
  EXPECT_EQ(Finish(started.Header("Location"), DigestOf("")).status, 201);
  EXPECT_EQ(Blob(DigestOf("")).length, 0U);
  EXPECT_EQ(Head(kBlobs + DigestOf("")).length, 0U);
}

TEST_F(OciChecklist, ChunkMinLengthIsNotAskedForAndAnyChunkIsTaken) {
  const Answer started =
      Do({.method = "POST", .target = kUploads, .headers = {{"OCI-Chunk-Min-Length", "1048576"}}});
  EXPECT_EQ(started.status, 202);
  EXPECT_EQ(started.Header("OCI-Chunk-Min-Length"), "");
  const std::string location = started.Header("Location");
  for (const char* chunk : {"a", "b", "c"}) EXPECT_EQ(Patch(location, chunk).status, 202);
  EXPECT_EQ(Finish(location, DigestOf("abc")).status, 201);
}

TEST_F(OciChecklist, ClosingWithoutADigestOrWithABadOneIs400) {
  const auto close = [&](const std::string& query) {
    return Do({.method = "PUT", .target = Start() + query, .body = "blob"});
  };
  for (const std::string& query :
       {std::string(), std::string("&digest="), std::string("&digest=sha256:baddigeststring"),
        std::string("&digest=sha256:") + std::string(64, 'A'),
        "&digest=md5:" + std::string(32, 'a'), "&digest=sha512:" + std::string(64, 'a'),
        "&digest=" + DigestOf("other"), "&digest=" + Sha512Of("other")}) {
    const Answer answer = close(query);
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_EQ(answer.Code(), "DIGEST_INVALID") << query;
  }
  EXPECT_EQ(Blob(DigestOf("blob")).status, 404);
}

TEST_F(OciChecklist, BodyOfAnotherLengthThanAnnouncedIsSizeInvalidAndCommitsNothing) {
  for (const std::uint64_t length : {3U, 5U}) {
    const auto with = [&](const char* method, const std::string& target) {
      return Do({.method = method, .target = target, .body = "blob", .content_length = length});
    };
    EXPECT_EQ(with("PUT", Start() + "&digest=" + DigestOf("blob")).Code(), "SIZE_INVALID");
    EXPECT_EQ(with("POST", kUploads + "?digest=" + DigestOf("blob")).Code(), "SIZE_INVALID");
    EXPECT_EQ(with("PATCH", Start()).Code(), "SIZE_INVALID");
    EXPECT_EQ(Blob(DigestOf("blob")).status, 404);
  }
}

TEST_F(OciChecklist, TwoClientsPushTheSameBlobAtOnceAndBothSucceed) {
  for (const std::string& bytes : {std::string("small"), std::string(150'000, 'L')}) {
    std::string one = Start();
    std::string other = Start();
    std::vector<int> statuses(2);
    {
      const std::jthread first([&] { statuses[0] = Finish(one, DigestOf(bytes), bytes).status; });
      const std::jthread second(
          [&] { statuses[1] = Finish(other, DigestOf(bytes), bytes).status; });
    }
    EXPECT_EQ(statuses, (std::vector<int>{201, 201}));
    EXPECT_EQ(Blob(DigestOf(bytes)).body, bytes);
  }
  std::int64_t stored = 0;
  ASSERT_TRUE(service_.world.disk
                  ->List([&](const oci::Digest&, std::uint64_t) {
                    ++stored;
                    return Ok();
                  })
                  .ok());
  EXPECT_EQ(stored, 1);
}

TEST_F(OciChecklist, TwoClientsOnOneSessionAtOnceAreOneWriterAndARefusal) {
  const std::string location = Start();
  ASSERT_EQ(Patch(location, "abc").status, 202);
  Answer meanwhile;
  Answer closing;
  registry::testing::ActingSource slow("de", {[&] {
                                         meanwhile = Patch(location, "X");
                                         closing = Finish(location, DigestOf("abcX"), "X");
                                       }});
  const Answer answer =
      Do({.method = "PATCH", .target = location, .chunked = true, .source = &slow});
  EXPECT_EQ(answer.Header("Range"), "0-6");
  for (const Answer& refused : {meanwhile, closing}) {
    EXPECT_EQ(refused.status, 416);
    EXPECT_EQ(refused.Code(), "BLOB_UPLOAD_INVALID");
  }
  EXPECT_EQ(Finish(location, DigestOf("abcdede")).status, 201);
}

TEST_F(OciChecklist, DroppedConnectionKeepsWhatWasReceived) {
  const std::string location = Start();
  registry::testing::DroppedSource dropped("0123456789");
  EXPECT_EQ(Do({.method = "PATCH", .target = location, .chunked = true, .source = &dropped}).status,
            503);
  EXPECT_EQ(Get(location).Header("Range"), "0-9");
  EXPECT_EQ(Finish(location, DigestOf("0123456789ab"), "ab", "10-11").status, 201);
}

TEST_F(OciChecklist, MountNeedsTheRightToPushHereAndToPullThere) {
  ASSERT_EQ(service_.PushBlob("team-b/app", "theirs").status, 201);
  const auto mount = [&](const std::string& authorization) {
    return Do({.method = "POST",
               .target = kUploads + "?mount=" + DigestOf("theirs") + "&from=team-b/app",
               .authorization = authorization});
  };
  EXPECT_EQ(mount("Basic reader").status, 403);
  // A token that was not asked for the source is asked for both; one that was refused it is a no.
  const Answer challenged = mount("Bearer owner team-a/app=pull,push");
  EXPECT_EQ(challenged.status, 401);
  EXPECT_NE(challenged.Header("WWW-Authenticate")
                .find("repository:team-a/app:pull,push repository:team-b/app:pull"),
            std::string::npos);
  EXPECT_EQ(mount("Bearer owner team-a/app=pull,push team-b/app=").status, 202);
  EXPECT_EQ(mount("Bearer owner team-a/app=pull,push team-b/app=pull").status, 201);
}

TEST_F(OciChecklist, MountTellsNobodyWhichNamespacesThereAre) {
  const auto mount = [&](const std::string& source, const std::string& authorization) {
    Answer answer = Do({.method = "POST",
                        .target = kUploads + "?mount=" + DigestOf("layer") + "&from=" + source,
                        .authorization = authorization});
    std::string challenge = answer.Header("WWW-Authenticate");
    if (const auto at = challenge.find(source); at != std::string::npos) {
      challenge.replace(at, source.size(), "SOURCE");
    }
    return std::to_string(answer.status) + challenge;
  };
  for (const std::string& authorization :
       {std::string("Bearer owner team-a/app=pull,push"),
        std::string("Bearer owner team-a/app=pull,push team-b/app= absent/app="),
        std::string("Basic owner")}) {
    EXPECT_EQ(mount("absent/app", authorization), mount("team-b/app", authorization))
        << authorization;
  }
  EXPECT_EQ(mount("UPPER/app", "Bearer owner team-a/app=pull,push"), "202");
}

TEST_F(OciChecklist, MountWithoutFromTakesOnlyWhatTheCallerMayRead) {
  ASSERT_EQ(service_.PushBlob("team-b/app", "theirs").status, 201);
  const auto mount = [&](const std::string& authorization) {
    return Do({.method = "POST",
               .target = kUploads + "?mount=" + DigestOf("theirs"),
               .authorization = authorization})
        .status;
  };
  EXPECT_EQ(mount("Bearer owner team-a/app=pull,push"), 202);
  EXPECT_EQ(mount("Bearer owner team-a/app=pull,push team-b/app=pull"), 201);
  ASSERT_EQ(Delete(kBlobs + DigestOf("theirs")).status, 202);
  EXPECT_EQ(mount("Basic owner"), 201);
}

TEST_F(OciChecklist, FormContentTypeStillCarriesBlobBytes) {
  const std::string body = "digest=sha256:x&state=y";
  for (const char* method : {"PUT", "PATCH"}) {
    const std::string location = Start();
    const Answer answer = Do({.method = method,
                              .target = location + "&digest=" + DigestOf(body),
                              .body = body,
                              .headers = {{"Content-Type", "application/x-www-form-urlencoded"}}});
    EXPECT_EQ(answer.status, std::string(method) == "PUT" ? 201 : 202);
    if (answer.status == 202) {
      EXPECT_EQ(Finish(location, DigestOf(body)).status, 201);
    }
    EXPECT_EQ(Blob(DigestOf(body)).body, body);
    ASSERT_EQ(Delete(kBlobs + DigestOf(body)).status, 202);
  }
}

TEST_F(OciChecklist, Sha512IsKnownOnlyAtTheClosingPutInEveryFormOfUpload) {
  const auto stored = [&](const std::string& bytes) {
    const Answer answer = Blob(Sha512Of(bytes));
    EXPECT_EQ(answer.body, bytes);
    EXPECT_EQ(answer.Header("Docker-Content-Digest"), Sha512Of(bytes));
    EXPECT_EQ(Head(kBlobs + Sha512Of(bytes)).length, bytes.size());
    EXPECT_EQ(Delete(kBlobs + Sha512Of(bytes)).status, 202);
  };
  for (const std::string& bytes : {std::string("small"), std::string(150'000, '5')}) {
    const std::string half = bytes.substr(0, bytes.size() / 2);
    const std::string rest = bytes.substr(half.size());
    EXPECT_EQ(Post("?digest=" + Sha512Of(bytes), bytes).status, 201);
    stored(bytes);
    EXPECT_EQ(Finish(Start(), Sha512Of(bytes), bytes).status, 201);
    stored(bytes);
    std::string location = Start();
    ASSERT_EQ(Patch(location, half).status, 202);
    ASSERT_EQ(Patch(location, rest).status, 202);
    EXPECT_EQ(Finish(location, Sha512Of(bytes)).status, 201);
    stored(bytes);
    location = Start();
    ASSERT_EQ(Patch(location, half).status, 202);
    EXPECT_EQ(Finish(location, Sha512Of(bytes), rest).status, 201);
    stored(bytes);
  }
}

TEST_F(OciChecklist, SessionOutlivesItsTokenAndEndsWithItsOwnersRights) {
  const Answer started = Do(
      {.method = "POST", .target = kUploads, .authorization = "Bearer owner team-a/app=pull,push"});
  const std::string location = started.Header("Location");
  const auto as_nobody = [&](const char* method, const std::string& target, const char* body) {
    return Do({.method = method, .target = target, .body = body, .authorization = ""});
  };
  EXPECT_EQ(as_nobody("PATCH", location, "abc").status, 202);
  EXPECT_EQ(as_nobody("GET", location, "").status, 204);
  service_.world.authorizer.rule = [](const control::Caller&, std::string_view,
                                      const control::Resource&) -> Status {
    return Denied("no more").Reason("not_authorized");
  };
  for (const char* method : {"GET", "PATCH", "PUT", "DELETE"}) {
    const Answer answer = Do({.method = method, .target = location + "&digest=" + DigestOf("abc")});
    EXPECT_EQ(answer.status, 403) << method;
  }
  service_.world.authorizer.rule = testing::ByName;
  EXPECT_EQ(as_nobody("PUT", location + "&digest=" + DigestOf("abc"), "").status, 201);
}

}  // namespace
}  // namespace breakwater::api::testing
