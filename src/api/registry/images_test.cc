// The management API's images through the dispatcher.
#include <set>

#include "api/listing.h"
#include "api/registry/testing.h"

namespace breakwater::api {
namespace {

using registry::testing::ImageManifest;
using testing::Answer;
using testing::DigestOf;

constexpr const char* kHost = "us.icr.example/";

class ImagesApiTest : public testing::RegistryApiTest {
 protected:
  ImagesApiTest() {
    service_.world.Repository("team-a/app");
    service_.world.Repository("team-b/other");
  }
  // An image of its own config; its digest.
  std::string Push(const std::string& repository, const std::string& reference,
                   const std::string& mark, const std::string& more = "") {
    const std::string config =
        R"({"created":"2022-03-21T09:10:00Z","architecture":"amd64","os":"linux","author":")" +
        mark + R"(","rootfs":{"type":"layers","diff_ids":["sha256:1"]},"config":{"Env":["A=b"],)" +
        R"("Labels":{"mark":")" + mark + R"("},"Healthcheck":{"Test":["NONE"],"Interval":5},)" +
        R"("Tty":"no boolean"}})";
    EXPECT_EQ(service_.PushBlob(repository, config).status, 201);
    const std::string manifest = ImageManifest(config, {}, more);
    const std::string digest = DigestOf(manifest);
    EXPECT_EQ(
        service_.PutManifest(repository, reference.empty() ? digest : reference, manifest).status,
        201);
    return digest;
  }
  std::string PushIndex(const std::string& repository, const std::string& reference,
                        const std::vector<std::string>& children) {
    std::string text =
        R"({"schemaVersion":2,"mediaType":")" + std::string(oci::kOciIndex) + R"(","manifests":[)";
    for (const std::string& child : children) {
      text += std::string(text.back() == '[' ? "" : ",") + R"({"mediaType":")" +
              std::string(oci::kOciManifest) + R"(","digest":")" + child + R"(","size":1})";
    }
    text += "]}";
    EXPECT_EQ(service_.PutManifest(repository, reference, text, std::string(oci::kOciIndex)).status,
              201);
    return DigestOf(text);
  }
  json::Value Json(const Answer& answer) {
    EXPECT_EQ(answer.status, 200) << answer.body;
    auto parsed = json::Parse(answer.body, {.max_bytes = 64U << 20});
    EXPECT_TRUE(parsed.ok()) << answer.body;
    return parsed.ok() ? *std::move(parsed) : json::Value();
  }
  // RepoDigests of a list, without the host.
  std::vector<std::string> Listed(const Answer& answer) {
    std::vector<std::string> names;
    const json::Value list = Json(answer);
    for (const json::Value& image : list.as_array()) {
      names.emplace_back(
          json::View(json::Find(image, "RepoDigests")->as_array()[0].as_string()).substr(15));
    }
    return names;
  }
};

TEST_F(ImagesApiTest, ListShowsEveryFieldOfAnImage) {
  const std::string digest = Push("team-a/app", "v1", "one");
  EXPECT_EQ(service_
                .Do({.method = "POST",
                     .target = "/api/v1/images/tags?fromimage=team-a/app:v1&toimage="
                               "team-a/app:v2"})
                .status,
            201);
  const json::Value list = Json(Do("GET", "/api/v1/images"));
  ASSERT_EQ(list.as_array().size(), 1U);
  json::Object image = list.as_array()[0].as_object();
  EXPECT_TRUE(json::FindText(image, "Id").starts_with("sha256:"));
  image.stable_erase("Id");
  EXPECT_GT(image["Size"].to_number<std::int64_t>(), 0);
  EXPECT_EQ(image["Size"], image["VirtualSize"]);
  image.stable_erase("Size");
  image.stable_erase("VirtualSize");
  const std::string tags = R"(["us.icr.example/team-a/app:v1","us.icr.example/team-a/app:v2"])";
  EXPECT_EQ(json::Serialize(image),
            R"({"ParentId":"","RepoTags":)" + tags +
                R"(,"RepoDigests":["us.icr.example/team-a/app@)" + digest +
                R"("],"DigestTags":{")" + digest + "\":" + tags +
                R"(},"Created":1647853800,"Labels":{"mark":"one"},)"
                R"("ManifestType":"OCI Image Manifest v1","Vulnerable":"unscanned",)"
                R"("VulnerabilityCount":0,"ConfigurationIssueCount":0,"IssueCount":0,)"
                R"("ExemptIssueCount":0})");
  EXPECT_EQ(
      Do("GET", "/api/v1/images?vulnerabilities=true&vulnerabilities=false").body.find("Vulnerab"),
      std::string::npos);
}

TEST_F(ImagesApiTest, ListLeavesOutUntaggedImagesAndIndexesUntilAskedForThem) {
  const std::string tagged = Push("team-a/app", "v1", "one");
  const std::string child = Push("team-a/app", "", "two");
  const std::string index = PushIndex("team-a/app", "all", {child});
  EXPECT_EQ(Listed(Do("GET", "/api/v1/images")), std::vector{"team-a/app@" + tagged});
  std::vector<std::string> both{"team-a/app@" + tagged, "team-a/app@" + index};
  std::sort(both.begin(), both.end());
  EXPECT_EQ(Listed(Do("GET", "/api/v1/images?includeManifestLists=true")), both);
  EXPECT_EQ(Do("GET", "/api/v1/images?includePrivate=false&includeIBM=true").body, "[]");
}

TEST_F(ImagesApiTest, ListIsByNamespacesAndRepositoriesAndThoseTheCallerMaySee) {
  const std::string a = "team-a/app@" + Push("team-a/app", "v1", "one");
  const std::string b = "team-b/other@" + Push("team-b/other", "v1", "two");
  auto& world = service_.world;
  const auto theirs = world.Repository("team-x/app", "other");
  ASSERT_TRUE(world.PushBlob(theirs, "{}").ok());
  ASSERT_TRUE(world.services->manifests
                  .Put(world.Caller("other"), theirs,
                       {.content = ImageManifest("{}", {}),
                        .content_type = "",
                        .reference = *oci::Reference::Parse("v1"),
                        .tags = {}})
                  .ok());
  EXPECT_EQ(Listed(Do("GET", "/api/v1/images")), (std::vector{a, b}));
  EXPECT_EQ(Listed(Do("GET", "/api/v1/images?namespace=team-b")), std::vector{b});
  EXPECT_EQ(Listed(Do("GET", "/api/v1/images?namespace=team-b&repository=")), std::vector{b});
  EXPECT_EQ(Listed(Do("GET", "/api/v1/images?namespace=team-b&namespace=team-a")),
            (std::vector{a, b}));
  EXPECT_EQ(Listed(Do("GET",
                      "/api/v1/images?repository=us.icr.example/team-a/app&repository="
                      "team-b/other&repository=team-x/app")),
            (std::vector{a, b}));
  EXPECT_EQ(Listed(Do("GET", "/api/v1/images?namespace=team-a&repository=team-b/other")),
            std::vector<std::string>{});
  EXPECT_EQ(Listed(Do("GET", "/api/v1/images?namespace=team-x")), std::vector<std::string>{});
  service_.world.authorizer.rule = [](const control::Caller&, std::string_view action,
                                      const control::Resource& resource) -> Status {
    if (action == registry::action::kImageList && resource.name_space == "team-a") {
      return Denied("no");
    }
    return Ok();
  };
  EXPECT_EQ(Listed(Do("GET", "/api/v1/images")), std::vector{b});
}

TEST_F(ImagesApiTest, LongListsAreWholeWhateverTheirParts) {
  std::vector<std::string> all;
  for (int i = 0; i < 300; ++i) {
    const std::string repository = i % 3 == 0   ? "team-a/app"
                                   : i % 3 == 1 ? "team-a/app-" + std::to_string(i)
                                                : "team-b/other";
    all.push_back(repository + "@" + Push(repository, "t" + std::to_string(i), std::to_string(i)));
  }
  std::sort(all.begin(), all.end(), [](const std::string& a, const std::string& b) {
    return std::pair(a.substr(0, a.find('@')), a.substr(a.find('@'))) <
           std::pair(b.substr(0, b.find('@')), b.substr(b.find('@')));
  });
  const Answer whole = Do("GET", "/api/v1/images");
  EXPECT_FALSE(whole.length);  // sent while it is read
  EXPECT_EQ(Listed(whole), all);
  std::vector<std::string> in_parts;
  std::string next = "/api/v1/images?limit=70&vulnerabilities=false";
  int parts = 0;
  while (!next.empty()) {
    const Answer part = Do("GET", next);
    const auto some = Listed(part);
    in_parts.insert(in_parts.end(), some.begin(), some.end());
    const std::string link = part.Header("Link");
    next = link.empty() ? "" : link.substr(1, link.find('>') - 1);
    EXPECT_TRUE(next.empty() || next.find("vulnerabilities=false") != std::string::npos);
    ++parts;
  }
  EXPECT_EQ(in_parts, all);
  EXPECT_EQ(parts, 5);
  EXPECT_EQ(Do("GET", "/api/v1/images?limit=0").status, 400);
  EXPECT_EQ(Do("GET", "/api/v1/images?start=nonsense").status, 400);
}

TEST_F(ImagesApiTest, DigestsShowUntaggedImagesWithTheirRepository) {
  const std::string tagged = Push("team-a/app", "v1", "one");
  const std::string untagged = Push("team-a/app", "", "two");
  const json::Value list = Json(Do("POST", "/api/v1/images/digests", "{}"));
  ASSERT_EQ(list.as_array().size(), 2U);
  for (const json::Value& image : list.as_array()) {
    const bool is_tagged = json::FindText(image, "id") == tagged;
    EXPECT_EQ(json::Serialize(*json::Find(image, "repoTags")),
              is_tagged ? R"({"us.icr.example/team-a/app":{"v1":{"vulnerable":"unscanned",)"
                          R"("vulnerabilityCount":0,"configurationIssueCount":0,"issueCount":0,)"
                          R"("exemptIssueCount":0}}})"
                        : R"({"us.icr.example/team-a/app":{}})");
    EXPECT_EQ(json::FindText(image, "manifestType"), "OCI Image Manifest v1");
    EXPECT_EQ(json::Find(image, "created")->to_number<std::int64_t>(), 1'647'853'800);
  }
  const std::string quiet =
      Do("POST", "/api/v1/images/digests", R"({"exclude_va":true,"repositories":[]})").body;
  EXPECT_NE(quiet.find(R"({"v1":{}})"), std::string::npos) << quiet;
  EXPECT_EQ(Json(Do("POST", "/api/v1/images/digests",
                    R"({"repositories":["us.icr.example/team-b/other"]})"))
                .as_array()
                .size(),
            0U);
  const json::Value rest = Json(Do("POST", "/api/v1/images/digests", R"({"exclude_tagged":true})"));
  ASSERT_EQ(rest.as_array().size(), 1U);
  EXPECT_EQ(json::FindText(rest.as_array()[0], "id"), untagged);
}

TEST_F(ImagesApiTest, ADigestIsListedOnceWithEachRepositoryThatHoldsIt) {
  const std::string digest = Push("team-a/app", "v1", "one");
  Push("team-a/app", "v2", "one");
  Push("team-b/other", "", "one");
  const auto tags_of = [](const json::Value& list) {
    EXPECT_EQ(list.as_array().size(), 1U);
    return json::Serialize(*json::Find(list.as_array().at(0), "repoTags"));
  };
  const std::string url = "/api/v1/images/digests";
  EXPECT_EQ(tags_of(Json(Do("POST", url, R"({"exclude_va":true})"))),
            R"({"us.icr.example/team-a/app":{"v1":{},"v2":{}},"us.icr.example/team-b/other":{}})");
  // Whoever prunes what this lists must not be led to the repository where a tag leads to it.
  EXPECT_EQ(tags_of(Json(Do("POST", url, R"({"exclude_tagged":true})"))),
            R"({"us.icr.example/team-b/other":{}})");
  EXPECT_EQ(tags_of(Json(Do("POST", url, R"({"repositories":["team-b/other"]})"))),
            R"({"us.icr.example/team-b/other":{}})");
}

TEST_F(ImagesApiTest, LongListsOfDigestsAreWholeWhateverTheirParts) {
  std::vector<std::string> all;
  for (int i = 0; i < 60; ++i) {
    all.push_back(Push("team-a/app-" + std::to_string(i % 7), "", std::to_string(i / 2)));
  }
  std::ranges::sort(all);
  all.erase(std::ranges::unique(all).begin(), all.end());
  const auto ids = [&](const Answer& answer, std::vector<std::string>& out) {
    const json::Value list = Json(answer);
    for (const json::Value& image : list.as_array()) {
      out.emplace_back(json::FindText(image, "id"));
    }
  };
  std::vector<std::string> whole;
  const Answer answer = Do("POST", "/api/v1/images/digests", "{}");
  EXPECT_FALSE(answer.length);  // sent while it is read
  ids(answer, whole);
  EXPECT_EQ(whole, all);
  std::vector<std::string> in_parts;
  for (std::string next = "/api/v1/images/digests?limit=7"; !next.empty();) {
    const Answer part = Do("POST", next, "{}");
    ids(part, in_parts);
    const std::string link = part.Header("Link");
    next = link.empty() ? "" : link.substr(1, link.find('>') - 1);
  }
  EXPECT_EQ(in_parts, all);
  EXPECT_EQ(Do("POST", "/api/v1/images/digests?start=nonsense", "{}").status, 400);
  EXPECT_EQ(Do("POST", "/api/v1/images/digests?start=sha256:!", "{}").status, 400);
}

TEST_F(ImagesApiTest, PruningIsNotOfferedWhatATagLeadsTo) {
  const std::string child = Push("team-a/app", "", "child");
  PushIndex("team-a/app", "all", {child});
  Push("team-a/app", "", "signature",
       R"(,"subject":{"mediaType":"a/b","size":1,"digest":")" + child + "\"}");
  EXPECT_EQ(Do("POST", "/api/v1/images/digests", R"({"exclude_tagged":true})").body, "[]");
  EXPECT_EQ(Do("DELETE", "/api/v1/tags/team-a/app:all").status, 200);
  EXPECT_EQ(
      Json(Do("POST", "/api/v1/images/digests", R"({"exclude_tagged":true})")).as_array().size(),
      3U);
}

TEST_F(ImagesApiTest, TaggingIntoAnotherNamespaceCopiesAnIndexAndItsSignaturesButNoBytes) {
  const std::string child = Push("team-a/app", "", "child");
  const std::string index = PushIndex("team-a/app", "all", {child});
  Push("team-a/app", "", "signature",
       R"(,"subject":{"mediaType":"a/b","size":1,"digest":")" + index + "\"}");
  const std::int64_t blobs = service_.world.Count("blob");
  EXPECT_EQ(Do("POST",
               "/api/v1/images/tags?fromimage=us.icr.example/team-a/app:all&toimage="
               "us.icr.example%2Fteam-b%2Fnew%3A1")
                .status,
            201);
  EXPECT_EQ(service_.world.Count("blob"), blobs);
  EXPECT_EQ(service_.Get("/v2/team-b/new/manifests/1").Header("Docker-Content-Digest"), index);
  const Answer pulled = service_.Get("/v2/team-b/new/manifests/" + child);
  EXPECT_EQ(pulled.status, 200);
  const std::string config(
      json::FindText(*json::Find(*json::Parse(pulled.body), "config"), "digest"));
  EXPECT_EQ(service_.Get("/v2/team-b/new/blobs/" + config).status, 200);
  EXPECT_NE(service_.Get("/v2/team-b/new/referrers/" + index).body.find("\"manifests\":[{"),
            std::string::npos);
  // The source may go.
  EXPECT_EQ(Do("DELETE", "/api/v1/images/team-a/app:all").status, 200);
  service_.world.clock.Advance(std::chrono::hours{48});
  service_.world.Collect();
  EXPECT_EQ(service_.Get("/v2/team-b/new/blobs/" + config).status, 200);
}

TEST_F(ImagesApiTest, TaggingSaysWhatIsWrong) {
  const std::string url = "/api/v1/images/tags?";
  PushIndex("team-a/app", "broken", {DigestOf("nothing")});
  EXPECT_EQ(CodeOf(Do("POST", url + "fromimage=team-a/app:broken&toimage=team-b/new:1")),
            "CRI0304E");
  EXPECT_EQ(service_.PutManifest("team-a/app", "odd", "{}", "application/x-odd").status, 201);
  EXPECT_EQ(CodeOf(Do("POST", url + "fromimage=team-a/app:odd&toimage=team-b/new:1")), "CRI0302E");
  EXPECT_EQ(Do("POST", url + "fromimage=team-a/app:none&toimage=team-b/new:1").status, 404);
  EXPECT_EQ(Do("POST", url + "fromimage=team-a/app:none").status, 400);
  EXPECT_EQ(Do("POST", url + "toimage=team-a/app:none").status, 400);
  EXPECT_EQ(Do("POST", url + "fromimage=team-a/app:odd&toimage=none/new:1").status, 404);
  Push("team-a/app", "v1", "one");
  EXPECT_EQ(As("reader", "POST", url + "fromimage=team-a/app:v1&toimage=team-b/new:1").status, 403);
}

TEST_F(ImagesApiTest, BulkDeletionAnswersForEachImage) {
  const std::string one = Push("team-a/app", "v1", "one");
  Push("team-a/app", "v2", "two");
  const std::string signature =
      Push("team-a/app", "", "signature",
           R"(,"subject":{"mediaType":"a/b","size":1,"digest":")" + one + "\"}");
  const std::string name = std::string(kHost) + "team-a/app@";
  const std::string body = "[\"" + name + one + "\",\"" + name + signature + "\",\"" + name +
                           DigestOf("none") + "\",\"de.icr.example/team-a/app:v2\",\"!\"]";
  const json::Value planned = Json(Do("POST", "/api/v1/images/bulkdelete?dry_run=true", body));
  EXPECT_EQ(service_.Get("/v2/team-a/app/manifests/v1").status, 200);
  const json::Value done = Json(Do("POST", "/api/v1/images/bulkdelete", body));
  EXPECT_EQ(*json::Find(planned, "success"), *json::Find(done, "success"));
  EXPECT_EQ(*json::Find(planned, "error"), *json::Find(done, "error"));
  EXPECT_EQ(json::Serialize(*json::Find(done, "success")),
            "[\"" + name + one + "\",\"" + name + signature + "\"]");
  const json::Object& errors = json::Find(done, "error")->as_object();
  ASSERT_EQ(errors.size(), 3U);
  EXPECT_EQ(json::FindText(errors.at(name + DigestOf("none")), "code"), "BRW0404E");
  EXPECT_EQ(json::FindText(errors.at("de.icr.example/team-a/app:v2"), "code"), "BRW0400H");
  EXPECT_EQ(service_.Get("/v2/team-a/app/manifests/v1").status, 404);
  EXPECT_EQ(service_.Get("/v2/team-a/app/manifests/v2").status, 200);
  const json::Value denied = Json(
      As("reader", "POST", "/api/v1/images/bulkdelete", R"(["us.icr.example/team-a/app:v2"])"));
  EXPECT_EQ(json::FindText(json::Find(denied, "error")->at("us.icr.example/team-a/app:v2"), "code"),
            "CRG0020E");
  EXPECT_EQ(Do("POST", "/api/v1/images/bulkdelete", "{}").status, 400);
}

TEST_F(ImagesApiTest, BulkDeletionTakesSeveralTagsOfOneImage) {
  Push("team-a/app", "v1", "one");
  const std::string digest = Push("team-a/app", "v2", "one");
  std::string tag = digest + ".sig";
  std::ranges::replace(tag, ':', '-');
  Push("team-a/app", tag, "signature");
  const std::string name = std::string(kHost) + "team-a/app";
  const std::string all = "[\"" + name + ":v1\",\"" + name + ":v2\",\"" + name + ":" + tag +
                          "\",\"" + name + "@" + digest + "\"]";
  const json::Value planned = Json(Do("POST", "/api/v1/images/bulkdelete?dry_run=true", all));
  const json::Value done = Json(Do("POST", "/api/v1/images/bulkdelete", all));
  EXPECT_EQ(json::Serialize(*json::Find(done, "success")), all);
  EXPECT_TRUE(json::Find(done, "error")->as_object().empty());
  EXPECT_EQ(*json::Find(planned, "success"), *json::Find(done, "success"));
  EXPECT_EQ(*json::Find(planned, "error"), *json::Find(done, "error"));
  EXPECT_EQ(json::Find(planned, "removed")->as_object().size(), 1U);
  EXPECT_EQ(json::Find(done, "removed")->as_object().size(), 1U);
}

TEST_F(ImagesApiTest, DryRunsSayWhatWouldGoAndDoNothing) {
  const std::string digest = Push("team-a/app", "v1", "one");
  Push("team-a/app", "v2", "one");
  const Answer image = Do("DELETE", "/api/v1/images/team-a/app:v1?dry_run=true");
  EXPECT_EQ(
      image.body,
      R"({"Untagged":")" + digest +
          R"(","RemovedTags":["us.icr.example/team-a/app:v1","us.icr.example/team-a/app:v2"],)"
          R"("RemovedAttachments":[],"DryRun":true})");
  EXPECT_EQ(Do("DELETE", "/api/v1/tags/team-a/app:v1?dry_run=true").body,
            R"({"Untagged":"us.icr.example/team-a/app:v1","RemovedTags":)"
            R"(["us.icr.example/team-a/app:v1"],"Digest":")" +
                digest + R"(","DryRun":true})");
  EXPECT_EQ(service_.Get("/v2/team-a/app/manifests/v1").status, 200);
  EXPECT_EQ(As("reader", "DELETE", "/api/v1/images/team-a/app:v1?dry_run=true").status, 403);
}

// Also the one that is named after the image: what it tags goes along.
TEST_F(ImagesApiTest, EveryTagThatIsRemovedIsNamed) {
  const std::string image = Push("team-a/app", "v1", "one");
  const std::string tag = "sha256-" + image.substr(image.find(':') + 1) + ".sig";
  const std::string signature =
      Push("team-a/app", tag, "signature",
           R"(,"subject":{"mediaType":"a/b","size":1,"digest":")" + image + "\"}");
  const std::string policy =
      R"({"namespace":"team-a","images_per_repo":1,"retain_untagged":false,"order_by":"pushed"})";
  service_.world.clock.Advance(std::chrono::hours{1});
  const std::string fresh = Push("team-a/app", "v2", "two");
  EXPECT_EQ(Do("POST", "/api/v1/retentions/analyze", policy).body,
            R"({"us.icr.example/team-a/app@)" + image + R"(":["v1",")" + tag + R"("]})");
  for (const char* query : {"?dry_run=true", ""}) {
    const json::Value deleted =
        Json(Do("DELETE", std::string("/api/v1/images/team-a/app:v1") + query));
    EXPECT_EQ(json::Serialize(*json::Find(deleted, "RemovedTags")),
              R"(["us.icr.example/team-a/app:v1","us.icr.example/team-a/app:)" + tag + R"("])");
    EXPECT_EQ(json::Serialize(*json::Find(deleted, "RemovedAttachments")),
              R"(["us.icr.example/team-a/app@)" + signature + R"("])");
  }
  EXPECT_EQ(service_.Get("/v2/team-a/app/tags/list").body,
            R"({"name":"team-a/app","tags":["v2"]})");
}

TEST_F(ImagesApiTest, ARefusedReferenceOfABulkDeletionIsInTheAuditTrail) {
  Push("team-a/app", "v1", "one");
  const std::string body = R"(["us.icr.example/team-a/app:v1"])";
  EXPECT_EQ(As("reader", "POST", "/api/v1/images/bulkdelete", body).status, 200);
  const auto records = service_.world.log.Query({.action = "container-registry.image.bulkdelete"});
  ASSERT_EQ(records->size(), 1U);
  EXPECT_EQ((*records)[0].record.outcome, audit::Outcome::kFailure);
}

TEST_F(ImagesApiTest, ADryRunOfANamespaceNamesAllThatWouldGo) {
  const std::string live = Push("team-a/app", "v1", "one");
  const std::string untagged = Push("team-a/more", "", "two");
  const std::string gone = Push("team-a/app", "v2", "three");
  Push("team-b/app", "v1", "one");
  EXPECT_EQ(Do("DELETE", "/api/v1/images/team-a/app:v2").status, 200);
  EXPECT_EQ(
      Do("POST", "/api/v1/retentions", R"({"namespace":"team-a","images_per_repo":9})").status,
      201);
  const std::string url = "/api/v1/namespaces/team-a?dry_run=true";
  const Answer planned = Do("DELETE", url);
  EXPECT_EQ(planned.status, 200);
  EXPECT_EQ(
      planned.body,
      R"({"Namespace":"team-a","DryRun":true,"RemovedSettings":["retention_policy"],)"
      R"("RemovedImages":[{"Image":"us.icr.example/team-a/app@)" +
          live +
          R"(","Tags":["us.icr.example/team-a/app:v1"]},{"Image":"us.icr.example/team-a/more@)" +
          untagged + R"(","Tags":[]},{"Image":"us.icr.example/team-a/app@)" + gone +
          R"(","Tags":["us.icr.example/team-a/app:v2"],"InTrash":true}]})");
  EXPECT_EQ(service_.Get("/v2/team-a/app/manifests/v1").status, 200);
  EXPECT_EQ(As("reader", "DELETE", url).status, 403);
  EXPECT_EQ(Do("DELETE", "/api/v1/namespaces/none?dry_run=true").status, 404);
  EXPECT_EQ(Do("DELETE", "/api/v1/namespaces/team-a?dry_run=maybe").status, 400);
  EXPECT_EQ(Do("DELETE", "/api/v1/namespaces/team-a").status, 204);
  EXPECT_EQ(service_.Get("/v2/team-a/app/manifests/v1").status, 404);
}

TEST_F(ImagesApiTest, InspectionShowsTheConfigurationByItsTypes) {
  const std::string digest = Push("team-a/app", "v1", "one");
  for (const char* name : {"us.icr.example/team-a/app:v1", "us.icr.example%2Fteam-a%2Fapp%3Av1"}) {
    const json::Value image = Json(Do("GET", "/api/v1/images/" + std::string(name) + "/json"));
    EXPECT_EQ(json::FindText(image, "Author"), "one");
    EXPECT_EQ(json::FindText(image, "Architecture"), "amd64");
    EXPECT_EQ(json::FindText(image, "Created"), "2022-03-21T09:10:00Z");
    EXPECT_EQ(json::Serialize(*json::Find(image, "RootFS")),
              R"({"Type":"layers","Layers":["sha256:1"]})");
    EXPECT_EQ(json::Serialize(*json::Find(image, "Config")),
              R"({"Env":["A=b"],"Labels":{"mark":"one"},)"
              R"("Healthcheck":{"Test":["NONE"],"Interval":5}})");
  }
  const Answer manifest =
      Do("GET", "/api/v1/images/us.icr.example/team-a/app@" + digest + "/manifest");
  EXPECT_EQ(manifest.Header("Content-Type"), oci::kOciManifest);
  EXPECT_EQ(DigestOf(manifest.body), digest);
  EXPECT_EQ(Do("GET", "/api/v1/images/team-a/app:none/json").status, 404);
  EXPECT_EQ(As("nobody", "GET", "/api/v1/images/team-a/app:v1/json").status, 403);
  PushIndex("team-a/app", "all", {digest});
  const json::Value index = Json(Do("GET", "/api/v1/images/team-a/app:all/json"));
  EXPECT_EQ(json::FindText(json::Find(index, "Manifests")->as_array()[0], "Digest"), digest);
  EXPECT_EQ(json::FindText(index, "Created"), "1970-01-01T00:00:00Z");
  EXPECT_EQ(json::Find(json::Find(index, "Manifests")->as_array()[0], "Missing"), nullptr);
}

TEST_F(ImagesApiTest, TheDiscontinuedListOfVulnerabilitiesIsNotThereAndSaysWhatIs) {
  Push("team-a/app", "v1", "one");
  for (const char* name : {"us.icr.example/team-a/app:v1", "us.icr.example%2Fteam-a%2Fapp%3Av1"}) {
    const Answer answer = Do("GET", "/api/v1/images/" + std::string(name) + "/vulnerabilities");
    EXPECT_EQ(answer.status, 404);
    EXPECT_NE(answer.body.find("/va/api/v4/report/image/"), std::string::npos) << answer.body;
  }
}

TEST_F(ImagesApiTest, AnImageWhoseConfigurationIsTooLargeToReadIsInspectedWithoutIt) {
  const std::string config(registry::kMaxConfigBytes + 1, ' ');
  ASSERT_EQ(service_.PushBlob("team-a/app", config).status, 201);
  ASSERT_EQ(service_.PutManifest("team-a/app", "v1", ImageManifest(config, {})).status, 201);
  const json::Value image = Json(Do("GET", "/api/v1/images/team-a/app:v1/json"));
  EXPECT_EQ(json::FindText(image, "Id"), DigestOf(config));
  EXPECT_EQ(json::Serialize(*json::Find(image, "Config")), "{}");
  EXPECT_FALSE(json::FindText(image, "ConfigOmitted").empty());
}

TEST_F(ImagesApiTest, DeletedImagesAreListedAndRestoredInBothWays) {
  const std::string digest = Push("team-a/app", "v1", "one");
  EXPECT_EQ(Do("GET", "/api/v1/trash").body, "{}");
  EXPECT_EQ(
      service_.Do({.method = "DELETE", .target = "/v2/team-a/app/manifests/" + digest}).status,
      202);
  service_.world.clock.Advance(std::chrono::hours{25});
  const std::string name = "us.icr.example/team-a/app@" + digest;
  const json::Value listed = Json(Do("GET", "/api/v1/trash?namespace=team-a"));
  ASSERT_EQ(listed.as_object().size(), 1U);
  const json::Value* entry = json::Find(listed, name);
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(json::Find(*entry, "daysUntilExpiry")->to_number<std::int64_t>(), 29);
  EXPECT_EQ(json::Serialize(*json::Find(*entry, "tags")), R"(["v1"])");
  EXPECT_EQ(Do("GET", "/api/v1/trash?namespace=team-b").body, "{}");
  EXPECT_EQ(As("nobody", "GET", "/api/v1/trash").body, "{}");

  const std::string trash = "/api/v1/trash/";
  EXPECT_EQ(As("reader", "POST", trash + name + "/restoretags").status, 403);
  const Answer copied = Do("POST", trash + name + "/restoretags");
  EXPECT_EQ(copied.body, R"({"successful":["v1"],"unsuccessful":[]})");
  EXPECT_EQ(service_.Get("/v2/team-a/app/manifests/v1").status, 200);
  const Answer live = Do("POST", trash + "us.icr.example%2Fteam-a%2Fapp%3Av1/restore");
  EXPECT_EQ(live.status, 409);
  EXPECT_EQ(CodeOf(live), "CRT0500E");
  EXPECT_EQ(Do("DELETE", "/api/v1/tags/team-a/app:v1").status, 200);
  const Answer moved = Do("POST", trash + "us.icr.example/team-a/app:v1/restore");
  EXPECT_EQ(moved.status, 200);
  EXPECT_EQ(moved.body, "");
  EXPECT_EQ(Do("GET", "/api/v1/trash").body, "{}");
  EXPECT_EQ(Do("POST", trash + "team-a/app:v1/restore").status, 404);
  EXPECT_EQ(Do("POST", trash + name + "/restoretags").status, 404);
  EXPECT_EQ(Do("POST", trash + "team-a/app:v1/restoretags").status, 400);
  EXPECT_EQ(Do("POST", trash + name + "/restore").status, 400);
}

TEST_F(ImagesApiTest, TheTrashIsListedInPartsWhereTheseAreAskedFor) {
  std::set<std::string> all;
  for (int i = 0; i < 7; ++i) {
    const std::string mark = std::to_string(i);
    all.insert("us.icr.example/team-a/app@" + Push("team-a/app", mark, mark));
    EXPECT_EQ(Do("DELETE", "/api/v1/images/team-a/app:" + mark).status, 200);
  }
  std::set<std::string> listed;
  for (std::string next = "/api/v1/trash?namespace=team-a&limit=3"; !next.empty();) {
    const Answer part = Do("GET", next);
    const json::Value images = Json(part);
    EXPECT_LE(images.as_object().size(), 3U);
    for (const auto& image : images.as_object()) listed.emplace(image.key());
    const std::string link = part.Header("Link");
    next = link.empty() ? "" : link.substr(1, link.find('>') - 1);
  }
  EXPECT_EQ(listed, all);
  EXPECT_EQ(Do("GET", "/api/v1/trash?start=nonsense").status, 400);
}

// Clients that prune send whatever a list of digests named, in one call.
TEST_F(ImagesApiTest, BulkDeletionTakesAsManyImagesAsAListNames) {
  std::string body = "[";
  for (int i = 0; i < 20'000; ++i) body += "\"!" + std::to_string(i) + "\",";
  body.back() = ']';
  const json::Value done = Json(Do("POST", "/api/v1/images/bulkdelete", body));
  EXPECT_EQ(json::Find(done, "error")->as_object().size(), 20'000U);
}

TEST_F(ImagesApiTest, BulkDeletionOfTooManyOrOverlongNamesDoesNothing) {
  Push("team-a/app", "v1", "one");
  const std::string first = R"(["us.icr.example/team-a/app:v1",)";
  std::string many = first;
  for (int i = 0; i < 100'000; ++i) many += "\"!\",";
  many.back() = ']';
  EXPECT_EQ(Do("POST", "/api/v1/images/bulkdelete", many).status, 400);
  const std::string overlong = first + '"' + std::string(1025, 'a') + "\"]";
  EXPECT_EQ(Do("POST", "/api/v1/images/bulkdelete", overlong).status, 400);
  EXPECT_EQ(service_.Get("/v2/team-a/app/manifests/v1").status, 200);
}

TEST_F(ImagesApiTest, DeletedImagesCanBePurged) {
  const std::string digest = Push("team-a/app", "v1", "one");
  const std::string url = "/breakwater/v1/trash/us.icr.example/team-a/app@" + digest;
  EXPECT_EQ(Do("DELETE", url).status, 404);
  EXPECT_EQ(Do("DELETE", "/api/v1/images/team-a/app:v1").status, 200);
  EXPECT_EQ(As("reader", "DELETE", url).status, 403);
  const std::string removed = R"({"removed":["us.icr.example/team-a/app@)" + digest +
                              R"("],"removed_tags":["us.icr.example/team-a/app:v1"])";
  EXPECT_EQ(Do("DELETE", url + "?dry_run=true").body, removed + R"(,"dry_run":true})");
  ASSERT_TRUE(service_.world.recorder.Flush().ok());
  const auto asked =
      *service_.world.log.Query({.action = "container-registry.trash.purge.dry-run"});
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].record.target.digest, digest);
  const Answer purged = Do("DELETE", url);
  EXPECT_EQ(purged.status, 200);
  EXPECT_EQ(purged.body, removed + "}");
  EXPECT_EQ(Do("GET", "/api/v1/trash").body, "{}");
}

TEST(ListResponse, FailsBeforeItBeginsOrIsCut) {
  int part = 0;
  const auto next = [&]() -> Result<std::optional<std::vector<std::string>>> {
    if (part++ == 0) return std::optional(std::vector<std::string>{"1", "2"});
    return Unavailable("gone");
  };
  auto response = ListResponse(ListKind::kArray, next);
  ASSERT_TRUE(response.ok());
  EXPECT_FALSE(io::ReadAll(*std::get<net::StreamBody>(response->body).source, 100).ok());
  EXPECT_FALSE(ListResponse(ListKind::kArray, next).ok());
}

}  // namespace
}  // namespace breakwater::api
