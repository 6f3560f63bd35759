// Manifests, by the lines of the protocol's checklist.
#include "api/oci/checklist.h"

namespace breakwater::api::testing {
namespace {

using registry::testing::ImageManifest;

std::string Replaced(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
  return text;
}

TEST_F(OciChecklist, ManifestKeepsItsBytesAndItsTypeLosesItsParameters) {
  const std::string spaced = "\n " + image_ + "\t\n";
  const std::string type(oci::kOciManifest);
  for (const std::string& sent : {type, type + "; charset=utf-8", " " + type + " ;x=y"}) {
    ASSERT_EQ(Put("v1", spaced, sent).status, 201) << sent;
    EXPECT_EQ(Manifest("v1").body, spaced);
    EXPECT_EQ(Manifest("v1").Header("Content-Type"), type);
  }
  EXPECT_EQ(Put("v1", image_, oci::kOciIndex).Code(), "MANIFEST_INVALID");
  EXPECT_EQ(Put("v1", image_, "not a type").Code(), "MANIFEST_INVALID");
}

TEST_F(OciChecklist, ManifestOf4MebibytesIsTakenAndOneByteMoreIs413) {
  const std::string frame = ImageManifest("config", {}, R"(,"annotations":{"x":""})");
  const std::string full = ImageManifest(
      "config", {},
      R"(,"annotations":{"x":")" + std::string(oci::kMaxManifestBytes - frame.size(), 'a') + "\"}");
  ASSERT_EQ(full.size(), oci::kMaxManifestBytes);
  EXPECT_EQ(Put("v1", full).status, 201);
  EXPECT_EQ(Manifest("v1").body, full);
  for (const bool chunked : {false, true}) {
    Call call{.method = "PUT",
              .target = kManifests + "v2",
              .body = full + " ",
              .headers = {{"Content-Type", std::string(oci::kOciManifest)}},
              .chunked = chunked};
    EXPECT_EQ(Do(call).status, 413);
    EXPECT_EQ(Do(call).Code(), "MANIFEST_INVALID");
  }
}

TEST_F(OciChecklist, UnknownTypesAndFieldsEmptyListsAndDataAreFine) {
  const std::string descriptor = R"({"mediaType":"a/b","digest":")" + DigestOf("layer") +
                                 R"(","size":5,"data":"bGF5ZXI=","x":1})";
  const std::vector<std::pair<std::string, std::string>> documents = {
      {R"({"schemaVersion":2,"anything":[1,{"a":null}],"manifests":[]})",
       "application/vnd.example.thing+json"},
      {ImageManifest("config", {}), std::string(oci::kOciManifest)},
      {Index({}), std::string(oci::kOciIndex)},
      {R"({"schemaVersion":2,"config":)" + descriptor + R"(,"layers":[)" + descriptor +
           R"(],"unknown":{"deep":[[]]},"annotations":{}})",
       std::string(oci::kOciManifest)},
      {Index({}, R"(,"artifactType":"t/a","unknown":true)"), std::string(oci::kOciIndex)},
  };
  for (const auto& [content, type] : documents) {
    const Answer put = Put("v1", content, type);
    EXPECT_EQ(put.status, 201) << content << put.body;
    EXPECT_EQ(Manifest("v1").body, content);
    EXPECT_EQ(Manifest("v1").Header("Content-Type"), type);
  }
}

TEST_F(OciChecklist, IndexesMayBeNestedAndSparseAndTheLatterIsWarnedOf) {
  ASSERT_EQ(Put(DigestOf(image_), image_).status, 201);
  const std::string inner = Index({DigestOf(image_)});
  const Answer whole = Put(DigestOf(inner), inner, oci::kOciIndex);
  EXPECT_EQ(whole.status, 201);
  EXPECT_EQ(whole.Header("Warning"), "");
  EXPECT_EQ(Put("nested", Index({DigestOf(inner), DigestOf(inner)}), oci::kOciIndex).status, 201);
  const Answer sparse = Put(
      "sparse", Index({DigestOf(image_), DigestOf("absent"), Sha512Of("absent")}), oci::kOciIndex);
  EXPECT_EQ(sparse.status, 201);
  EXPECT_TRUE(sparse.Header("Warning").starts_with("299 - \"this index lists 2 manifests"));
}

// distribution-spec, "Pushing Manifests": layers may be absent where the registry allows it.
TEST_F(OciChecklist, SparseImageIsTakenWithAWarningPulledDeletedAndCompleted) {
  service_.world.accept_absent_layers = true;
  service_.Restart();
  const std::string image = ImageManifest("config", {"layer", "x", "y"});
  const Answer pushed = Put("sparse", image);
  EXPECT_EQ(pushed.status, 201);
  EXPECT_EQ(pushed.Header("Warning"),
            "299 - \"this repository does not have 2 layers of the image: pulls fail until they "
            "are pushed\"");
  EXPECT_EQ(Manifest("sparse").body, image);
  EXPECT_EQ(Head(kManifests + DigestOf(image)).status, 200);
  EXPECT_EQ(Blob(DigestOf("layer")).status, 200);
  EXPECT_EQ(Blob(DigestOf("x")).Code(), "BLOB_UNKNOWN");
  EXPECT_EQ(Head(kBlobs + DigestOf("x")).status, 404);
  EXPECT_EQ(Delete(kBlobs + DigestOf("x")).status, 404);
  EXPECT_EQ(Put("tags", Index({DigestOf(image), DigestOf("absent")}), oci::kOciIndex).status, 201);

  EXPECT_EQ(service_.PushBlob(kRepo, "x").status, 201);
  EXPECT_EQ(service_.PushBlob(kRepo, "y").status, 201);
  EXPECT_EQ(Blob(DigestOf("x")).body, "x");
  EXPECT_EQ(Delete(kBlobs + DigestOf("x")).status, 405) << "the image needs it now";
  EXPECT_EQ(Put("sparse", image).Header("Warning"), "");

  EXPECT_EQ(Delete(kManifests + "sparse").status, 202);
  EXPECT_EQ(Delete(kManifests + DigestOf(image)).status, 202);
  EXPECT_EQ(Manifest(DigestOf(image)).status, 404);
}

TEST_F(OciChecklist, SparseImageNeedsItsConfiguration) {
  service_.world.accept_absent_layers = true;
  service_.Restart();
  const Answer refused = Put("sparse", ImageManifest("absent", {"layer", "x"}));
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.Code(), "MANIFEST_BLOB_UNKNOWN");
}

TEST_F(OciChecklist, SubjectMayBeAbsentAndOtherMissingReferencesAreOneErrorEach) {
  EXPECT_EQ(Put("v1", Referrer(DigestOf("absent"), "t/a")).status, 201);
  const Answer missing = Put("v2", ImageManifest("config", {"x", "layer", "y"}));
  EXPECT_EQ(missing.status, 400);
  const auto document = json::Parse(missing.body);
  const json::Array& errors = json::Find(*document, "errors")->get_array();
  ASSERT_EQ(errors.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(json::FindText(errors[i], "code"), "MANIFEST_BLOB_UNKNOWN");
    EXPECT_EQ(json::FindText(*json::Find(errors[i], "detail"), "digest"),
              DigestOf(i == 0 ? "x" : "y"));
  }
}

TEST_F(OciChecklist, NondistributableAndForeignLayersNeedNotExist) {
  for (const char* type : {"application/vnd.oci.image.layer.nondistributable.v1.tar",
                           "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
                           "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
                           "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"}) {
    const std::string content = Replaced(ImageManifest("config", {"never pushed"}),
                                         "application/vnd.oci.image.layer.v1.tar", type);
    EXPECT_EQ(Put("v1", content).status, 201) << type;
  }
  const std::string urls = Replaced(ImageManifest("config", {"never pushed"}), R"("size":12)",
                                    R"("size":12,"urls":["https://example.com/layer"])");
  EXPECT_EQ(Put("v1", urls).status, 201);
}

TEST_F(OciChecklist, DigestOfTheUrlMustBeThatOfTheBodyAndNoTagIsNeeded) {
  for (const std::string& digest : {DigestOf(image_), Sha512Of(image_)}) {
    EXPECT_EQ(Put(digest, image_ + " ").Code(), "DIGEST_INVALID");
    const Answer put = Put(digest, image_);
    EXPECT_EQ(put.status, 201);
    EXPECT_EQ(put.Header("Docker-Content-Digest"), digest);
    EXPECT_EQ(Get(put.Header("Location")).body, image_);
    EXPECT_EQ(Manifest(digest).Header("Docker-Content-Digest"), digest);
    EXPECT_EQ(Head(kManifests + digest).Header("Docker-Content-Digest"), digest);
  }
  EXPECT_EQ(Tags().body, R"({"name":"team-a/app","tags":[]})");
  EXPECT_EQ(Delete(kManifests + Sha512Of(image_)).status, 202);
  EXPECT_EQ(Manifest(DigestOf(image_)).status, 200);
}

TEST_F(OciChecklist, Sha512ImagesReferToSha512Blobs) {
  const auto sha512 = [&](std::string content) {
    for (const char* bytes : {"big config", "big layer"}) {
      content = Replaced(std::move(content), DigestOf(bytes), Sha512Of(bytes));
    }
    return content;
  };
  for (const char* bytes : {"big config", "big layer"}) {
    ASSERT_EQ(Finish(Start(), Sha512Of(bytes), bytes).status, 201);
  }
  const std::string image = sha512(ImageManifest("big config", {"big layer"}));
  EXPECT_EQ(Put(Sha512Of(image) + "?tag=v1", image).status, 201);
  EXPECT_EQ(Manifest("v1").Header("Docker-Content-Digest"), Sha512Of(image));
  EXPECT_EQ(Delete(kBlobs + Sha512Of("big layer")).status, 405);
}

TEST_F(OciChecklist, SubjectOfAnImageOrIndexIsAnsweredWithOciSubject) {
  const std::string subject =
      R"(,"subject":{"mediaType":"x/y","digest":")" + Sha512Of("s") + R"(","size":1})";
  EXPECT_EQ(Put("v1", ImageManifest("config", {}, subject)).Header("OCI-Subject"), Sha512Of("s"));
  EXPECT_EQ(Put("v2", Index({}, subject), oci::kOciIndex).Header("OCI-Subject"), Sha512Of("s"));
  EXPECT_EQ(Put("v3", image_).Header("OCI-Subject"), "");
}

TEST_F(OciChecklist, PullReturnsWhatIsStoredWhateverAcceptSays) {
  ASSERT_EQ(Put("v1", image_).status, 201);
  using Headers = std::vector<std::pair<std::string, std::string>>;
  for (const Headers& headers :
       {Headers{}, Headers{{"Accept", "*/*"}}, Headers{{"Accept", std::string(oci::kDockerList)}},
        Headers{{"Accept", "text/html;q=0.3, application/x;q=bad,,"}, {"Accept", "x/y"}}}) {
    for (const char* method : {"GET", "HEAD"}) {
      const Answer answer = Do({.method = method, .target = kManifests + "v1", .headers = headers});
      EXPECT_EQ(answer.status, 200);
      EXPECT_EQ(answer.Header("Content-Type"), oci::kOciManifest);
    }
  }
}

TEST_F(OciChecklist, DockerSchema2AndManifestListsAreStoredAsTheyAre) {
  const std::string image =
      Replaced(image_, std::string(oci::kOciManifest), std::string(oci::kDockerManifest));
  ASSERT_EQ(Put("v1", image, oci::kDockerManifest).status, 201);
  const std::string list = Replaced(Index({DigestOf(image)}), std::string(oci::kOciIndex),
                                    std::string(oci::kDockerList));
  ASSERT_EQ(Put("all", list, oci::kDockerList).status, 201);
  EXPECT_EQ(Manifest("v1").Header("Content-Type"), oci::kDockerManifest);
  EXPECT_EQ(Manifest("all").Header("Content-Type"), oci::kDockerList);
  EXPECT_EQ(Manifest("all").body, list);
}

TEST_F(OciChecklist, Schema1IsRefusedWithWordsUnderEitherType) {
  const char* content = R"({"schemaVersion":1,"name":"a","fsLayers":[],"history":[]})";
  for (const std::string_view type :
       {oci::kDockerSchema1, oci::kDockerSchema1Signed, std::string_view("application/json")}) {
    const Answer answer = Put("v1", content, type);
    EXPECT_EQ(answer.status, 400) << type;
    EXPECT_EQ(answer.Code(), "MANIFEST_INVALID");
    EXPECT_NE(answer.body.find("schema version 1"), std::string::npos) << answer.body;
  }
}

TEST_F(OciChecklist, UnchangedManifestIs304) {
  ASSERT_EQ(Put("v1", image_).status, 201);
  const auto ask = [&](const char* method, const std::string& tag) {
    return Do({.method = method, .target = kManifests + "v1", .headers = {{"If-None-Match", tag}}});
  };
  const std::string tag = "\"" + DigestOf(image_) + "\"";
  EXPECT_EQ(Manifest("v1").Header("ETag"), tag);
  for (const char* method : {"GET", "HEAD"}) {
    EXPECT_EQ(ask(method, tag).status, 304);
    EXPECT_EQ(ask(method, tag).body, "");
    EXPECT_EQ(ask(method, "\"x\", W/" + tag).status, 304);
    EXPECT_EQ(ask(method, "\"" + DigestOf("other") + "\"").status, 200);
  }
}

// RFC 9110 §13.1.1, §13.2.
TEST_F(OciChecklist, ReadingOnConditionOfAnotherEntityIs412) {
  ASSERT_EQ(Put("v1", image_).status, 201);
  using Fields = std::vector<std::pair<std::string, std::string>>;
  const auto ask = [&](const char* method, const std::string& target, const Fields& fields) {
    return Do({.method = method, .target = target, .headers = fields});
  };
  const auto quoted = [](const std::string& content) { return "\"" + DigestOf(content) + "\""; };
  const std::pair<std::string, std::string> whats[] = {
      {kManifests + "v1", image_},
      {kManifests + DigestOf(image_), image_},
      {kBlobs + DigestOf("config"), "config"},
  };
  for (const char* method : {"GET", "HEAD"}) {
    for (const auto& [target, content] : whats) {
      const std::string tag = quoted(content);
      for (const std::string& good : {tag, "\"x\", " + tag, std::string("*")}) {
        EXPECT_EQ(ask(method, target, {{"If-Match", good}}).status, 200) << target << good;
      }
      for (const std::string& bad : {quoted("other"), "W/" + tag, std::string("")}) {
        const Answer refused = ask(method, target, {{"If-Match", bad}, {"If-None-Match", tag}});
        EXPECT_EQ(refused.status, 412) << target << bad;
        EXPECT_EQ(refused.Header("ETag"), "");
      }
      EXPECT_EQ(ask(method, target, {{"If-Match", tag}, {"If-None-Match", tag}}).status, 304);
      EXPECT_EQ(ask(method, target, {{"If-Match", quoted("other")}, {"Range", "bytes=0-1"}}).status,
                412);
    }
    // What is not there is not there, whatever is expected of it.
    EXPECT_EQ(ask(method, kManifests + "absent", {{"If-Match", "\"x\""}}).status, 404);
    EXPECT_EQ(ask(method, kBlobs + DigestOf("absent"), {{"If-Match", "\"x\""}}).status, 404);
  }
}

TEST_F(OciChecklist, ManifestPutIsIdempotent) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Put("v1", image_).status, 201);
    EXPECT_EQ(Put(DigestOf(image_), image_).status, 201);
  }
  EXPECT_EQ(Tags().body, R"({"name":"team-a/app","tags":["v1"]})");
}

TEST_F(OciChecklist, ConditionsOnATagKeepClientsFromLosingEachOthersWrites) {
  const std::string other = ImageManifest("config", {});
  const auto put = [&](const std::string& content, const char* field, const std::string& value) {
    return Do({.method = "PUT",
               .target = kManifests + "v1",
               .body = content,
               .headers = {{"Content-Type", std::string(oci::kOciManifest)}, {field, value}}});
  };
  const auto quoted = [](const std::string& digest) { return "\"" + digest + "\""; };
  EXPECT_EQ(put(image_, "If-Match", "*").status, 412);
  EXPECT_EQ(put(image_, "If-None-Match", "*").status, 201);
  EXPECT_EQ(put(other, "If-None-Match", "*").status, 412);
  EXPECT_EQ(put(other, "If-Match", quoted(DigestOf(other))).status, 412);
  EXPECT_EQ(Manifest("v1").body, image_);
  EXPECT_EQ(put(other, "If-Match", quoted(DigestOf(image_))).status, 201);
  EXPECT_EQ(put(image_, "If-None-Match", quoted(DigestOf(image_))).status, 201);
  EXPECT_EQ(put(other, "If-Match", "W/" + quoted(DigestOf(image_))).status, 412);
  EXPECT_EQ(Manifest("v1").body, image_);
}

}  // namespace
}  // namespace breakwater::api::testing
