#include "registry/tag_patterns.h"

#include <gtest/gtest.h>

namespace breakwater::registry {
namespace {

TEST(TagPatterns, CoverWhatMatchesUnlessItIsExcepted) {
  const TagPatterns patterns{.immutable = {"v*", "release-????"}, .except = {"v*-rc*", "v0.*"}};
  for (const char* tag : {"v", "v1", "v1.2.3", "release-2022"}) {
    EXPECT_TRUE(patterns.Covers(tag)) << tag;
  }
  for (const char* tag : {"latest", "V1", "xv1", "v1-rc1", "v0.9", "release-22", "release-20222"}) {
    EXPECT_FALSE(patterns.Covers(tag)) << tag;
  }
  EXPECT_EQ(patterns.Covering("release-2022"), "release-????");
  EXPECT_FALSE(TagPatterns{}.Covers("v1"));
}

TEST(TagPatterns, AreOneListForRulesWithExceptionsMarked) {
  EXPECT_EQ((TagPatterns{.immutable = {"v*"}, .except = {"v*-rc"}}.ToList()),
            (std::vector<std::string>{"v*", "!v*-rc"}));
}

TEST(TagPatterns, AreBoundedInNumberLengthAndAlphabet) {
  const auto reason = [](std::vector<std::string> immutable, std::vector<std::string> except) {
    const Status status =
        Validate({.immutable = std::move(immutable), .except = std::move(except)});
    return status.ok() ? "" : status.error().reason();
  };
  EXPECT_EQ(reason({}, {}), "");
  EXPECT_EQ(reason({"*"}, {"latest"}), "");
  EXPECT_EQ(reason({std::string(128, '*')}, {}), "");
  EXPECT_EQ(reason(std::vector<std::string>(50, "a"), {}), "");
  for (const std::string& bad :
       {std::string(), std::string(129, 'a'), std::string("a/b"), std::string("!a"),
        std::string("a b"), std::string("[ab]"), std::string("\xc3\xa9")}) {
    EXPECT_EQ(reason({bad}, {}), "tag_pattern_invalid") << bad;
    EXPECT_EQ(reason({"*"}, {bad}), "tag_pattern_invalid") << bad;
  }
  EXPECT_EQ(reason(std::vector<std::string>(50, "a"), {"b"}), "tag_pattern_invalid");
  EXPECT_EQ(reason({}, {"latest"}), "tag_pattern_invalid");
}

TEST(TagPatterns, AreKeptAndReadBack) {
  const TagPatterns patterns{.immutable = {"v*"}, .except = {"v*-rc"}};
  const std::string kept = json::Serialize(ToJson(patterns));
  EXPECT_EQ(*TagPatternsFromJson(kept), patterns);
  for (const char* damaged : {"", "{}", "[]", R"({"immutable":"v*","except":[]})"}) {
    EXPECT_EQ(TagPatternsFromJson(damaged).error().code(), ErrorCode::kDataCorrupt) << damaged;
  }
}

}  // namespace
}  // namespace breakwater::registry
