#include "base/ip.h"

#include <gtest/gtest.h>

namespace breakwater {
namespace {

IpAddress Address(std::string_view text) {
  return *IpAddress::Parse(text);
}
IpNetwork Network(std::string_view text) {
  return *IpNetwork::Parse(text);
}

TEST(IpAddress, ReadsBothFamiliesAndPrintsThemCanonically) {
  EXPECT_EQ(Address("192.0.2.1").ToString(), "192.0.2.1");
  EXPECT_EQ(Address("2001:DB8:0:0::1").ToString(), "2001:db8::1");
  EXPECT_TRUE(Address("10.0.0.1").is_v4());
  EXPECT_FALSE(Address("::1").is_v4());
}

TEST(IpAddress, TakesMappedAddressesAsTheIpv4TheyAre) {
  EXPECT_EQ(Address("::ffff:10.0.0.1"), Address("10.0.0.1"));
  EXPECT_EQ(Address("::ffff:a00:1"), Address("10.0.0.1"));
}

TEST(IpAddress, RefusesEverythingButStrictNumericText) {
  for (const char* text : {"", " 10.0.0.1", "10.0.0.1 ", "10.0.0", "10.0.0.1.2", "010.0.0.1",
                           "10.0.0.256", "0x0a000001", "10.0.0.1:80", "[::1]", "fe80::1%eth0",
                           "::1/128", "localhost", "1::2::3", "12345::"}) {
    EXPECT_FALSE(IpAddress::Parse(text).ok()) << text;
  }
  EXPECT_FALSE(IpAddress::Parse(std::string_view("10.0.0.1\0x", 10)).ok());
}

TEST(IpAddress, TakesFourOrSixteenBytes) {
  const std::array<std::uint8_t, 4> four = {127, 0, 0, 1};
  EXPECT_EQ(IpAddress::FromBytes(four)->ToString(), "127.0.0.1");
  EXPECT_FALSE(IpAddress::FromBytes(std::span(four).first(3)).ok());
}

TEST(IpNetwork, ContainsExactlyItsPrefix) {
  EXPECT_TRUE(Network("10.0.0.0/8").Contains(Address("10.255.255.255")));
  EXPECT_FALSE(Network("10.0.0.0/8").Contains(Address("11.0.0.0")));
  EXPECT_TRUE(Network("172.16.0.0/12").Contains(Address("172.31.255.255")));
  EXPECT_FALSE(Network("172.16.0.0/12").Contains(Address("172.32.0.0")));
  EXPECT_TRUE(Network("0.0.0.0/0").Contains(Address("203.0.113.9")));
  EXPECT_TRUE(Network("2001:db8::/33").Contains(Address("2001:db8:7fff::1")));
  EXPECT_FALSE(Network("2001:db8::/33").Contains(Address("2001:db8:8000::1")));
}

TEST(IpNetwork, NeverMixesFamilies) {
  EXPECT_FALSE(Network("::/0").Contains(Address("10.0.0.1")));
  EXPECT_FALSE(Network("0.0.0.0/0").Contains(Address("::1")));
  EXPECT_TRUE(Network("10.0.0.0/8").Contains(Address("::ffff:10.1.1.1")));
}

TEST(IpNetwork, ReadsABareAddressAsItself) {
  EXPECT_EQ(Network("192.0.2.7").ToString(), "192.0.2.7/32");
  EXPECT_EQ(Network("::1").ToString(), "::1/128");
}

TEST(IpNetwork, ClearsBitsBehindThePrefix) {
  EXPECT_EQ(Network("10.1.2.3/8").ToString(), "10.0.0.0/8");
  EXPECT_EQ(Network("10.1.255.3/17").ToString(), "10.1.128.0/17");
  EXPECT_EQ(Network("::ffff:10.1.2.3/104").ToString(), "10.0.0.0/8");
}

TEST(IpNetwork, ContainsNarrowerNetworks) {
  EXPECT_TRUE(Network("10.0.0.0/8").Contains(Network("10.2.0.0/16")));
  EXPECT_TRUE(Network("10.0.0.0/8").Contains(Network("10.0.0.0/8")));
  EXPECT_FALSE(Network("10.2.0.0/16").Contains(Network("10.0.0.0/8")));
  EXPECT_FALSE(Network("10.0.0.0/8").Contains(Network("11.0.0.0/16")));
}

TEST(IpNetwork, RefusesBrokenPrefixes) {
  for (const char* text : {"10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/+8",
                           "10.0.0.0/8/8", "::/129", "/8", "10.0.0.0/ 8", "::ffff:10.0.0.0/95",
                           "10.0.0.0/255.0.0.0", "10.0.0.0/9999999999999999999"}) {
    EXPECT_FALSE(IpNetwork::Parse(text).ok()) << text;
  }
}

}  // namespace
}  // namespace breakwater
