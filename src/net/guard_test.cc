#include "net/guard.h"

#include <gtest/gtest.h>

namespace breakwater::net {
namespace {

IpAddress Address(std::string_view text) {
  return *IpAddress::Parse(text);
}

TEST(OutboundGuard, RefusesEverythingThatIsNotPublic) {
  for (const char* text : {"0.0.0.0",
                           "10.1.2.3",
                           "100.64.0.1",
                           "100.100.100.200",
                           "127.0.0.1",
                           "127.8.8.8",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.0.192",
                           "192.168.1.1",
                           "198.18.0.1",
                           "224.0.0.1",
                           "240.0.0.1",
                           "255.255.255.255",
                           "168.63.129.16",
                           "::",
                           "::1",
                           "::127.0.0.1",
                           "::ffff:127.0.0.1",
                           "::ffff:169.254.169.254",
                           "fd00:ec2::254",
                           "fe80::1",
                           "fec0::1",
                           "ff02::1",
                           "2001:db8::1",
                           "2002:7f00:1::",
                           "2001::1",
                           "64:ff9b::7f00:1",
                           "64:ff9b::a9fe:a9fe",
                           "64:ff9b:1::1"}) {
    EXPECT_FALSE(IsPublicAddress(Address(text))) << text;
    EXPECT_EQ(OutboundPolicy{}.Check(Address(text)).error().reason(), "address_refused") << text;
  }
}

TEST(OutboundGuard, LetsPublicAddressesPass) {
  for (const char* text : {"1.1.1.1", "8.8.8.8", "172.32.0.1", "192.1.0.1", "2606:4700::1111",
                           "64:ff9b::808:808", "2a00:1450:4001::1"}) {
    EXPECT_TRUE(OutboundPolicy{}.Check(Address(text)).ok()) << text;
  }
}

TEST(OutboundGuard, LetsNamedNetworksPass) {
  const OutboundPolicy policy{.allowed = {*IpNetwork::Parse("10.1.0.0/16")}};
  EXPECT_TRUE(policy.Check(Address("10.1.2.3")).ok());
  EXPECT_FALSE(policy.Check(Address("10.2.2.3")).ok());
}

}  // namespace
}  // namespace breakwater::net
