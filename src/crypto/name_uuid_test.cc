#include "crypto/name_uuid.h"

#include <gtest/gtest.h>

namespace breakwater::crypto {
namespace {

TEST(NameUuid, IsTheStandardsExample) {
  // RFC 9562, appendix A.4.
  const auto uuid = NameUuid("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com");
  ASSERT_TRUE(uuid.ok());
  EXPECT_EQ(*uuid, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

TEST(NameUuid, RefusesASpaceThatIsNoUuid) {
  for (const char* space :
       {"", "6ba7b810-9dad-11d1-80b4-00c04fd430cg", "6ba7b810x9dad-11d1-80b4-00c04fd430c8"}) {
    EXPECT_FALSE(NameUuid(space, "x").ok()) << space;
  }
}

}  // namespace
}  // namespace breakwater::crypto
