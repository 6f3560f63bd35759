#include "oci/names.h"

#include <gtest/gtest.h>

namespace breakwater::oci {
namespace {

TEST(Repository, JoinsRunsByOneDotOneOrTwoUnderscoresOrAnyNumberOfDashes) {
  for (const char* good : {"a", "ns/app", "a.b", "a_b", "a__b", "a-b", "a---b", "a/b/c/d", "0/1",
                           "library/hello-world", "n.s/a__b--c.d"}) {
    EXPECT_TRUE(ValidateRepository(good).ok()) << good;
  }
  for (const char* bad :
       {"",   "/",  "a/", "/a", "a//b", "A",   "ns/App", "a..b",  "a___b", "a._b",  "-a",      "a-",
        ".a", "a.", "_a", "a_", "a b",  "a:b", "a@b",    "ns/..", "ns/.",  "a%2fb", "\xc3\xa4"}) {
    const Status status = ValidateRepository(bad);
    ASSERT_FALSE(status.ok()) << bad;
    EXPECT_EQ(status.error().reason(), "name_invalid");
  }
}

TEST(Repository, IsAtMost255CharactersLong) {
  EXPECT_TRUE(ValidateRepository(std::string(255, 'a')).ok());
  EXPECT_FALSE(ValidateRepository(std::string(256, 'a')).ok());
}

TEST(Repository, LiesInItsFirstComponent) {
  EXPECT_EQ(NamespaceOf("ns/app/web"), "ns");
  EXPECT_EQ(NamespaceOf("app"), "");
}

TEST(Tag, IsUpTo128CharactersOfTheKnownAlphabet) {
  for (const char* good : {"latest", "v1.2.3", "_x", "A-b_c.d", "0", "sha256-abc.sig"}) {
    EXPECT_TRUE(ValidateTag(good).ok()) << good;
  }
  for (const char* bad : {"", ".x", "-x", "a/b", "a b", "a+b", "a\n"}) {
    EXPECT_FALSE(ValidateTag(bad).ok()) << bad;
  }
  EXPECT_TRUE(ValidateTag(std::string(128, 'a')).ok());
  EXPECT_FALSE(ValidateTag(std::string(129, 'a')).ok());
}

TEST(Reference, WithAColonIsNeverATag) {
  const auto malformed = Reference::Parse("sha256:baddigeststring");
  ASSERT_FALSE(malformed.ok());
  EXPECT_EQ(malformed.error().reason(), "digest_invalid");
  const auto digest = Reference::Parse(Digest::Of({}).text());
  ASSERT_TRUE(digest.ok());
  EXPECT_TRUE(digest->is_digest());
  const auto tag = Reference::Parse("latest");
  ASSERT_TRUE(tag.ok());
  EXPECT_EQ(tag->tag(), "latest");
  EXPECT_EQ(Reference::Parse(".").error().reason(), "tag_invalid");
}

TEST(ImageName, SplitsHostRepositoryTagAndDigest) {
  const std::string digest = Digest::Of({}).text();
  struct Case {
    std::string text, host, repository, reference;
  };
  for (const Case& c : {
           Case{"us.icr.io/ns/app:1", "us.icr.io", "ns/app", "1"},
           Case{"127.0.0.1:5000/ns/app", "127.0.0.1:5000", "ns/app", "latest"},
           Case{"localhost/ns/app@" + digest, "localhost", "ns/app", digest},
           Case{"us.icr.io/ns/a/b:v1@" + digest, "us.icr.io", "ns/a/b", digest},
           Case{"ns/app", "", "ns/app", "latest"},
       }) {
    const auto name = ImageName::Parse(c.text);
    ASSERT_TRUE(name.ok()) << c.text;
    EXPECT_EQ(name->host, c.host);
    EXPECT_EQ(name->repository, c.repository);
    EXPECT_EQ(name->reference().text(), c.reference);
  }
}

TEST(ImageName, RefusesMalformedParts) {
  for (const char* bad : {"", "us.icr.io/", "us.icr.io/NS/app", "ns/app:", "ns/app:.x", "ns/app@",
                          "ns/app@sha256:12", "us.icr.io/ns//app", "ns/app:a:b"}) {
    EXPECT_FALSE(ImageName::Parse(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace breakwater::oci
