#include "net/entity_tags.h"

#include <gtest/gtest.h>

namespace breakwater::net {
namespace {

bool Names(std::initializer_list<const char*> fields,
           EntityTagComparison comparison = EntityTagComparison::kWeak) {
  Headers headers;
  for (const char* field : fields) headers.Add("If-None-Match", field);
  return NamesEntity(headers, "if-none-match", "sha256:ab", comparison);
}

TEST(EntityTags, AreFoundInListsAndInSeveralFields) {
  EXPECT_TRUE(Names({R"("sha256:ab")"}));
  EXPECT_TRUE(Names({R"("x", "sha256:ab" ,"y")"}));
  EXPECT_TRUE(Names({R"("x")", R"("sha256:ab")"}));
  EXPECT_TRUE(Names({"sha256:ab"}));
  EXPECT_TRUE(Names({"x,sha256:ab"}));
  EXPECT_TRUE(Names({" * "}));
  EXPECT_FALSE(Names({}));
  EXPECT_FALSE(Names({"", ",", R"("")"}));
  EXPECT_FALSE(Names({R"("sha256:abc")"}));
}

TEST(EntityTags, MayHoldCommasAndStars) {
  EXPECT_FALSE(Names({R"("x,sha256:ab,y")"}));
  EXPECT_FALSE(Names({R"("a", *)"}));
  EXPECT_FALSE(Names({R"("*")"}));
  EXPECT_TRUE(Names({R"("x,y","sha256:ab")"}));
}

TEST(EntityTags, OfBrokenFormNameNothing) {
  EXPECT_FALSE(Names({R"("sha256:ab)"}));
  EXPECT_FALSE(Names({R"(W/)"}));
  EXPECT_FALSE(Names({R"(w/"sha256:ab")"}));
}

TEST(EntityTags, ThatAreWeakCountInAWeakComparisonAlone) {
  EXPECT_TRUE(Names({R"(W/"sha256:ab")"}));
  EXPECT_FALSE(Names({R"(W/"sha256:ab")"}, EntityTagComparison::kStrong));
  EXPECT_TRUE(Names({R"(W/"sha256:ab", "sha256:ab")"}, EntityTagComparison::kStrong));
}

}  // namespace
}  // namespace breakwater::net
