// Tags, the catalogue and referrers, by the lines of the protocol's checklist.
#include <algorithm>

#include "api/oci/checklist.h"

namespace breakwater::api::testing {
namespace {

using registry::testing::ImageManifest;

std::vector<std::string> TagsIn(const Answer& answer) {
  const auto document = json::Parse(answer.body);
  std::vector<std::string> tags;
  for (const json::Value& tag : json::Find(*document, "tags")->get_array()) {
    tags.emplace_back(json::View(tag.get_string()));
  }
  return tags;
}

// The target of Link: <…>; rel="next"; empty if there is none.
std::string NextOf(const Answer& answer) {
  const std::string link = answer.Header("Link");
  const auto close = link.find(">; rel=\"next\"");
  return close == std::string::npos ? "" : link.substr(1, close - 1);
}

TEST_F(OciChecklist, TagListIsBytewiseAndNeverNull) {
  EXPECT_EQ(Tags().body, R"({"name":"team-a/app","tags":[]})");
  for (const char* tag : {"c", "B", "_", "a", "a.b", "a-b", "10", "9"}) {
    ASSERT_EQ(Put(tag, image_).status, 201);
  }
  const auto tags = TagsIn(Tags());
  EXPECT_EQ(tags, (std::vector<std::string>{"10", "9", "B", "_", "a", "a-b", "a.b", "c"}));
  EXPECT_TRUE(std::is_sorted(tags.begin(), tags.end()));
}

TEST_F(OciChecklist, PageIsAsLongAsAskedForAndLastIsExclusiveAndNeedNotExist) {
  for (const char* tag : {"a", "b", "c"}) ASSERT_EQ(Put(tag, image_).status, 201);
  using List = std::vector<std::string>;
  EXPECT_EQ(TagsIn(Tags("?n=2")), (List{"a", "b"}));
  EXPECT_EQ(TagsIn(Tags("?n=3")), (List{"a", "b", "c"}));
  EXPECT_EQ(NextOf(Tags("?n=3")), "");
  EXPECT_EQ(TagsIn(Tags("?n=0")), List{});
  EXPECT_EQ(NextOf(Tags("?n=0")), "");
  EXPECT_EQ(TagsIn(Tags("?last=a")), (List{"b", "c"}));
  EXPECT_EQ(TagsIn(Tags("?last=aa&n=1")), List{"b"});
  EXPECT_EQ(TagsIn(Tags("?last=zzz")), List{});
  EXPECT_EQ(TagsIn(Tags("?last=%21")), (List{"a", "b", "c"}));
  EXPECT_EQ(TagsIn(Tags("?n=2&last=c")), List{});
}

TEST_F(OciChecklist, LinkCarriesNAndLast) {
  for (const char* tag : {"a", "b", "c"}) ASSERT_EQ(Put(tag, image_).status, 201);
  const Answer first = Tags("?n=1");
  EXPECT_EQ(NextOf(first), "/v2/team-a/app/tags/list?n=1&last=a");
  const Answer second = Get(NextOf(first));
  EXPECT_EQ(TagsIn(second), std::vector<std::string>{"b"});
  EXPECT_EQ(NextOf(Get(NextOf(second))), "");
}

TEST_F(OciChecklist, NMustBeANumberAndAHugeOneIsCutNotRefused) {
  ASSERT_EQ(Put("a", image_).status, 201);
  for (const char* path : {"/v2/team-a/app/tags/list", "/v2/_catalog"}) {
    for (const char* n : {"-1", "abc", "1.5", "", "0x1", "1%20", "+1", "-0", "NaN"}) {
      const Answer bad = Get(std::string(path) + "?n=" + n);
      EXPECT_EQ(bad.status, 400) << path << n;
      EXPECT_EQ(bad.Code(), "PAGINATION_NUMBER_INVALID") << path << n;
    }
    for (const char* n :
         {"10001", "9223372036854775807", "9223372036854775808", "99999999999999999999999999"}) {
      EXPECT_EQ(Get(std::string(path) + "?n=" + n).status, 200) << path << n;
    }
    EXPECT_EQ(Get(std::string(path) + "?n=0").status, 200);
    EXPECT_EQ(Get(std::string(path) + "?last=zzz").status, 200);
  }
}

TEST_F(OciChecklist, CatalogueIsPagedBoundedAndLimitedToWhatTheCallerMaySee) {
  for (const char* repository : {"team-a/app", "team-a/app-two", "team-a/app/sub", "team-b/app"}) {
    ASSERT_EQ(service_.PushBlob(repository, "config").status, 201);
    ASSERT_EQ(service_.PutManifest(repository, "v1", ImageManifest("config", {})).status, 201);
  }
  EXPECT_EQ(Get("/v2/_catalog").body,
            R"({"repositories":["team-a/app","team-a/app-two","team-a/app/sub","team-b/app"]})");
  const Answer page = Get("/v2/_catalog?n=2");
  EXPECT_EQ(page.body, R"({"repositories":["team-a/app","team-a/app-two"]})");
  EXPECT_EQ(NextOf(page), "/v2/_catalog?n=2&last=team-a/app-two");
  EXPECT_EQ(Get(NextOf(page)).body, R"({"repositories":["team-a/app/sub","team-b/app"]})");
  const auto as = [&](const std::string& authorization) {
    return Do({.method = "GET", .target = "/v2/_catalog", .authorization = authorization});
  };
  EXPECT_EQ(as("Basic nobody").body, R"({"repositories":[]})");
  EXPECT_EQ(as("Basic stranger").body, R"({"repositories":[]})");
  EXPECT_EQ(as("Bearer owner registry:catalog=*").status, 200);
  EXPECT_EQ(as("Bearer owner team-a/app=pull").status, 401);
  EXPECT_NE(as("").Header("WWW-Authenticate").find("scope=\"registry:catalog:*\""),
            std::string::npos);
}

TEST_F(OciChecklist, TenThousandTagsArePagedToTheEndWhileTagsChange) {
  constexpr std::size_t kTags = 10'000;
  const auto name = [](std::size_t i) {
    std::string digits = std::to_string(i);
    return "t" + std::string(5 - digits.size(), '0') + digits;
  };
  for (std::size_t at = 0; at < kTags;) {
    std::string query = "?";
    for (std::size_t i = 0; i < registry::kMaxTagsPerPush && at < kTags; ++i, ++at) {
      query += "tag=" + name(at) + "&";
    }
    ASSERT_EQ(Put(DigestOf(image_) + query, image_).status, 201);
  }
  std::vector<std::string> seen;
  std::string target = "/v2/team-a/app/tags/list?n=700";
  for (std::size_t page = 0; !target.empty(); ++page) {
    const Answer answer = Get(target);
    ASSERT_EQ(answer.status, 200);
    const auto tags = TagsIn(answer);
    ASSERT_LE(tags.size(), 700U);
    seen.insert(seen.end(), tags.begin(), tags.end());
    target = NextOf(answer);
    EXPECT_TRUE(tags.size() == 700 || target.empty());
    // The last one listed goes, others come before and behind it.
    ASSERT_EQ(Delete(kManifests + tags.back()).status, 202);
    ASSERT_EQ(Put("a" + std::to_string(page), image_).status, 201);
    ASSERT_EQ(Put(tags.back() + "x", image_).status, 201);
  }
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
  for (std::size_t i = 0; i < kTags; ++i) {
    ASSERT_TRUE(std::binary_search(seen.begin(), seen.end(), name(i))) << name(i);
  }
}

// --- Referrers ---

TEST_F(OciChecklist, ReferrersAnswerIsAnIndexOfExactlyThatType) {
  const Answer answer = Referrers(DigestOf(image_));
  EXPECT_EQ(answer.Header("Content-Type"), oci::kOciIndex);
  const auto document = json::Parse(answer.body);
  EXPECT_EQ(json::Find(*document, "schemaVersion")->get_int64(), 2);
  EXPECT_EQ(json::FindText(*document, "mediaType"), oci::kOciIndex);
  EXPECT_TRUE(json::Find(*document, "manifests")->get_array().empty());
}

TEST_F(OciChecklist, ReferrersAreImagesAndIndexesOfThisRepositoryEachOnceWithTypeAndAnnotations) {
  const std::string subject =
      R"(,"subject":{"mediaType":"x/y","digest":")" + DigestOf(image_) + R"(","size":1})";
  const std::string artifact = Referrer(DigestOf(image_), "t/a");
  const std::string image = ImageManifest("config", {}, subject);
  const std::string index = Index({}, subject + R"(,"annotations":{"i":"x"})");
  ASSERT_EQ(Put("one", artifact).status, 201);
  ASSERT_EQ(Put("two", artifact).status, 201);
  ASSERT_EQ(Put(DigestOf(artifact), artifact).status, 201);
  ASSERT_EQ(Put(DigestOf(image), image).status, 201);
  ASSERT_EQ(Put(DigestOf(index), index, oci::kOciIndex).status, 201);
  ASSERT_EQ(service_.PushBlob("team-b/app", "config").status, 201);
  ASSERT_EQ(service_.PutManifest("team-b/app", "x", Referrer(DigestOf(image_), "t/b")).status, 201);

  const json::Array entries = Entries(Referrers(DigestOf(image_)));
  ASSERT_EQ(entries.size(), 3U);
  const auto entry = [&](const std::string& content) -> const json::Value& {
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const json::Value& one) {
      return json::FindText(one, "digest") == DigestOf(content);
    });
    EXPECT_NE(found, entries.end());
    EXPECT_EQ(json::Find(*found, "size")->to_number<std::size_t>(), content.size());
    return *found;
  };
  EXPECT_EQ(json::FindText(entry(artifact), "artifactType"), "t/a");
  EXPECT_EQ(json::FindText(*json::Find(entry(artifact), "annotations"), "k"), "v");
  EXPECT_EQ(json::FindText(entry(artifact), "mediaType"), oci::kOciManifest);
  EXPECT_EQ(json::FindText(entry(image), "artifactType"),
            "application/vnd.oci.image.config.v1+json");
  EXPECT_EQ(json::Find(entry(index), "artifactType"), nullptr);
  EXPECT_EQ(json::FindText(entry(index), "mediaType"), oci::kOciIndex);
  EXPECT_EQ(json::FindText(*json::Find(entry(index), "annotations"), "i"), "x");
}

TEST_F(OciChecklist, ReferrersAreFilteredAndSaySoAndPagedByLink) {
  // Each entry repeats its annotations, so that three do not fit into one manifest.
  const auto large = [&](const std::string& type, char c) {
    return ImageManifest(
        "config", {},
        R"(,"artifactType":")" + type + R"(","annotations":{"a":")" + std::string(1'500'000, c) +
            R"("},"subject":{"mediaType":"x/y","digest":")" + DigestOf(image_) + R"(","size":1})");
  };
  for (const char c : {'a', 'b', 'c', 'd'}) {
    ASSERT_EQ(Put(std::string("l") + c, large("t/large", c)).status, 201);
  }
  ASSERT_EQ(Put("small", Referrer(DigestOf(image_), "t/small")).status, 201);
  const Answer filtered = Referrers(DigestOf(image_), "?artifactType=t%2Fsmall");
  EXPECT_EQ(Entries(filtered).size(), 1U);
  EXPECT_EQ(filtered.Header("OCI-Filters-Applied"), "artifactType");
  EXPECT_EQ(Referrers(DigestOf(image_)).Header("OCI-Filters-Applied"), "");
  for (const char* query : {"", "?artifactType=t/large"}) {
    std::size_t count = 0;
    std::string target = "/v2/" + kRepo + "/referrers/" + DigestOf(image_) + query;
    std::size_t pages = 0;
    for (; !target.empty(); ++pages) {
      const Answer page = Get(target);
      EXPECT_LE(page.body.size(), oci::kMaxManifestBytes);
      EXPECT_EQ(page.Header("OCI-Filters-Applied"), *query == 0 ? "" : "artifactType");
      count += Entries(page).size();
      target = NextOf(page);
    }
    EXPECT_EQ(count, *query == 0 ? 5U : 4U);
    EXPECT_EQ(pages, 2U);
  }
  ASSERT_EQ(Put("plus", Referrer(DigestOf(image_), "t/spdx+json")).status, 201);
  for (const char* written : {"t/spdx%2Bjson", "t/spdx+json"}) {
    EXPECT_EQ(Entries(Referrers(DigestOf(image_), "?artifactType=" + std::string(written))).size(),
              1U)
        << written;
  }
}

class FallbackTag : public OciChecklist {
 protected:
  static std::string TagFor(std::string digest) {
    digest[digest.find(':')] = '-';
    return digest.substr(0, 7 + 64);
  }
};

TEST_F(FallbackTag, StaysAnOrdinaryTagAndReferrersComeFromTheirSubjects) {
  const std::string artifact = Referrer(DigestOf(image_), "t/a");
  ASSERT_EQ(Put(DigestOf(artifact), artifact).status, 201);
  const std::string tag = TagFor(DigestOf(image_));
  // Lists that clients keep: empty, wrong, and one that names what has no such subject.
  for (const std::string& list :
       {Index({}), Index({DigestOf("absent")}), Index({DigestOf(artifact), DigestOf(image_)})}) {
    ASSERT_EQ(Put(tag, list, oci::kOciIndex).status, 201);
    EXPECT_EQ(Manifest(tag).body, list);
    const json::Array entries = Entries(Referrers(DigestOf(image_)));
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(json::FindText(entries[0], "digest"), DigestOf(artifact));
  }
  EXPECT_EQ(TagsIn(Tags()), std::vector<std::string>{tag});
  ASSERT_EQ(Delete(kManifests + tag).status, 202);
  EXPECT_EQ(Entries(Referrers(DigestOf(image_))).size(), 1U);
}

TEST_F(FallbackTag, ListsReferrersThatWerePushedBeforeTheirSubjectAndBeforeTheList) {
  // As a copy tool brings over what a registry without the referrers call held: children first.
  const std::string subject = ImageManifest("config", {"layer"}, R"(,"annotations":{"late":"1"})");
  const std::string one = Referrer(DigestOf(subject), "t/one");
  const std::string two = Index(
      {}, R"(,"subject":{"mediaType":"x/y","digest":")" + DigestOf(subject) + R"(","size":1})");
  ASSERT_EQ(Put(DigestOf(one), one).status, 201);
  ASSERT_EQ(Put(DigestOf(two), two, oci::kOciIndex).status, 201);
  ASSERT_EQ(
      Put(TagFor(DigestOf(subject)), Index({DigestOf(one), DigestOf(two)}), oci::kOciIndex).status,
      201);
  ASSERT_EQ(Put("subject", subject).status, 201);
  EXPECT_EQ(Entries(Referrers(DigestOf(subject))).size(), 2U);
}

TEST_F(FallbackTag, ListsReferrersWhoseTypeNobodyKnew) {
  const std::string unknown =
      R"({"subject":{"mediaType":"x/y","digest":")" + DigestOf(image_) + R"(","size":1}})";
  ASSERT_EQ(Put("x", unknown, "application/vnd.example.signature+json").status, 201);
  EXPECT_EQ(Entries(Referrers(DigestOf(image_))).size(), 1U);
}

}  // namespace
}  // namespace breakwater::api::testing
