#include "control/registries.h"

#include <gtest/gtest.h>

namespace breakwater::control {
namespace {

const Registries kTwo(
    {{RegistryName("us.icr.io"), "us-south", {"us.icr.io"}, {"private.us.icr.io"}},
     {RegistryName("de.icr.io"), "eu-central", {"de.icr.io", "alias:8443"}, {}}});

TEST(Registries, HostNameDecidesWithoutCaseAndPort) {
  EXPECT_EQ(kTwo.ForHost("DE.icr.io").name.value(), "de.icr.io");
  EXPECT_EQ(kTwo.ForHost("de.icr.io:5000").name.value(), "de.icr.io");
  EXPECT_EQ(kTwo.ForHost("private.us.icr.io").name.value(), "us.icr.io");
  EXPECT_EQ(kTwo.ForHost("alias:8443").name.value(), "de.icr.io");
}

TEST(Registries, UnknownHostsBelongToTheFirst) {
  for (const char* host : {"", "127.0.0.1:5000", "[::1]:5000", "[::1]", "evil.example"}) {
    EXPECT_EQ(kTwo.ForHost(host).name.value(), "us.icr.io") << host;
  }
}

TEST(Registries, FindsByNameOnly) {
  EXPECT_EQ(kTwo.Find(RegistryName("de.icr.io"))->region, "eu-central");
  EXPECT_EQ(kTwo.Find(RegistryName("alias:8443")), nullptr);
}

}  // namespace
}  // namespace breakwater::control
