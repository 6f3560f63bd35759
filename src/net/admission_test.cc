#include "net/admission.h"

#include <gtest/gtest.h>

namespace breakwater::net {
namespace {

using Verdict = Admission::Verdict;

IpAddress Address(const char* text) {
  return *IpAddress::Parse(text);
}

class AdmissionTest : public ::testing::Test {
 protected:
  ProxyTrust trust_{.proxies = {*IpNetwork::Parse("192.0.2.9")}};
  Admission admission_{{.connections = 4, .per_address = 2}, trust_};
  const IpAddress one_ = Address("192.0.2.1");
  const IpAddress two_ = Address("192.0.2.2");
};

TEST_F(AdmissionTest, GivesEachAddressItsShare) {
  EXPECT_EQ(admission_.Enter(one_), Verdict::kAdmitted);
  EXPECT_EQ(admission_.Enter(one_), Verdict::kAdmitted);
  EXPECT_EQ(admission_.Enter(one_), Verdict::kAddressFull);
  EXPECT_EQ(admission_.Enter(two_), Verdict::kAdmitted);
  EXPECT_EQ(admission_.counts().accepted, 3U);
}

TEST_F(AdmissionTest, GivesAPlaceAgainThatWasLeft) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(admission_.Enter(one_), Verdict::kAdmitted);
    EXPECT_EQ(admission_.Enter(one_), Verdict::kAdmitted);
    admission_.Leave(one_);
    admission_.Leave(one_);
  }
}

TEST_F(AdmissionTest, IsFullForAllWhenItIsFull) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(admission_.Enter(one_), Verdict::kAdmitted);
    EXPECT_EQ(admission_.Enter(two_), Verdict::kAdmitted);
  }
  EXPECT_EQ(admission_.Enter(Address("192.0.2.3")), Verdict::kFull);
  admission_.Leave(one_);
  EXPECT_EQ(admission_.Enter(Address("192.0.2.3")), Verdict::kAdmitted);
}

TEST_F(AdmissionTest, DoesNotCountATrustedProxysConnectionsAgainstIt) {
  const IpAddress proxy = Address("192.0.2.9");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(admission_.Enter(proxy), Verdict::kAdmitted);
  EXPECT_EQ(admission_.Enter(proxy), Verdict::kFull);
}

}  // namespace
}  // namespace breakwater::net
