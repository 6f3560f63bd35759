#include "net/forwarded.h"

#include <gtest/gtest.h>

namespace breakwater::net {
namespace {

ProxyTrust Trust() {
  return {.proxies = {*IpNetwork::Parse("10.0.0.0/8")}, .network_header = "X-Network"};
}

Peer Resolve(std::string_view from, const Headers& headers) {
  return ResolvePeer({.address = std::string(from)}, *IpAddress::Parse(from), headers, Trust());
}

Headers With(std::vector<std::pair<std::string, std::string>> fields) {
  Headers headers;
  for (auto& [name, value] : fields) headers.Add(name, value);
  return headers;
}

TEST(ForwardedPeer, IsIgnoredFromStrangers) {
  const auto peer = Resolve("192.0.2.1", With({{"X-Forwarded-For", "203.0.113.9"},
                                               {"X-Forwarded-Proto", "https"},
                                               {"X-Network", "private"}}));
  EXPECT_EQ(peer.address, "192.0.2.1");
  EXPECT_EQ(peer.listener, ListenerKind::kPublic);
  EXPECT_FALSE(peer.tls);
}

TEST(ForwardedPeer, IsTheLastAddressThatIsNoTrustedProxy) {
  EXPECT_EQ(
      Resolve("10.0.0.1", With({{"X-Forwarded-For", "1.1.1.1, 203.0.113.9, 10.0.0.2"}})).address,
      "203.0.113.9");
  EXPECT_EQ(Resolve("10.0.0.1",
                    With({{"X-Forwarded-For", "1.1.1.1"}, {"X-Forwarded-For", "203.0.113.9"}}))
                .address,
            "203.0.113.9");
}

TEST(ForwardedPeer, IsTheProxyItselfWithoutAStatement) {
  EXPECT_EQ(Resolve("10.0.0.1", {}).address, "10.0.0.1");
  EXPECT_EQ(Resolve("10.0.0.1", With({{"X-Forwarded-For", "unknown"}})).address, "10.0.0.1");
  EXPECT_EQ(Resolve("10.0.0.1", With({{"X-Forwarded-For", "6.6.6.6, junk, 10.0.0.9"}})).address,
            "10.0.0.9");
}

TEST(ForwardedPeer, TakesNetworkAndSchemeFromTheProxysOwnHeader) {
  const auto peer = Resolve(
      "10.0.0.1",
      With({{"X-Network", "public"}, {"X-Network", "private"}, {"X-Forwarded-Proto", "https"}}));
  EXPECT_EQ(peer.listener, ListenerKind::kPrivate);
  EXPECT_TRUE(peer.tls);
  EXPECT_EQ(Resolve("10.0.0.1", With({{"X-Network", "else"}})).listener, ListenerKind::kPublic);
}

}  // namespace
}  // namespace breakwater::net
