#include "iam/oauth_scope.h"

#include <gtest/gtest.h>

namespace breakwater::iam {
namespace {

std::vector<Scope> Parsed(std::vector<std::string_view> values) {
  return *ParseScopes(values);
}

TEST(OauthScope, TakesRepeatedParametersAndSpacesTogether) {
  EXPECT_EQ(Parsed({"repository:a/b:pull", "repository:a/c:push,pull registry:catalog:*"}),
            (std::vector<Scope>{{"repository", "a/b", {"pull"}},
                                {"repository", "a/c", {"push", "pull"}},
                                {"registry", "catalog", {"*"}}}));
}

TEST(OauthScope, MergesScopesOnOneResourceWithoutDuplicates) {
  EXPECT_EQ(Parsed({"repository:a/b:pull repository:a/b:push,pull"}),
            (std::vector<Scope>{{"repository", "a/b", {"pull", "push"}}}));
}

TEST(OauthScope, NameMayHoldAColonAndTypeAClass) {
  EXPECT_EQ(Parsed({"repository(plugin):host:5000/a/b:pull"}),
            (std::vector<Scope>{{"repository", "host:5000/a/b", {"pull"}}}));
}

TEST(OauthScope, DropsActionsItDoesNotKnow) {
  EXPECT_EQ(Parsed({"repository:a/b:metadata_read,pull"}),
            (std::vector<Scope>{{"repository", "a/b", {"pull"}}}));
}

TEST(OauthScope, AsksForNothingWhenEmpty) {
  EXPECT_TRUE(Parsed({}).empty());
  EXPECT_TRUE(Parsed({""}).empty());
}

TEST(OauthScope, RefusesAnotherGrammar) {
  for (const std::string_view bad :
       {"repository", "repository:a", ":a:pull", "repository::pull", "repository:a\tb:pull"}) {
    const auto parsed = ParseScopes({bad});
    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_EQ(parsed.error().reason(), "invalid_scope");
  }
}

TEST(OauthScope, IsBoundedInNumberAndLength) {
  std::string many;
  for (std::size_t i = 0; i <= kMaxScopes; ++i) {
    many += "repository:a/" + std::to_string(i) + ":pull ";
  }
  EXPECT_EQ(ParseScopes({many}).error().code(), ErrorCode::kTooLarge);
  const std::string long_name = "repository:" + std::string(kMaxScopeOctets, 'a') + ":pull";
  EXPECT_FALSE(ParseScopes({long_name}).ok());
}

TEST(OauthScope, FormatsWhatWasGranted) {
  EXPECT_EQ(FormatScopes({{"repository", "a/b", {"pull", "push"}}, {"repository", "c/d", {}}}),
            "repository:a/b:pull,push");
}

}  // namespace
}  // namespace breakwater::iam
