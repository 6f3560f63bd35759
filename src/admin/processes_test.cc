#include "admin/processes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/facts_testing.h"
#include "control/testing.h"

namespace breakwater::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const condition::ResourceType kListener{"container-registry", "listener"};
const condition::ResourceType kProcess{"container-registry", "process"};

class ProcessesTest : public ::testing::Test {
 protected:
  static ToldProcess Made(std::string node = "web-1") {
    return {.node = std::move(node),
            .listeners = {{.plane = "public",
                           .host = "0.0.0.0",
                           .port = 443,
                           .tls = true,
                           .lowest_tls = "1.2",
                           .certificate_ends = {}},
                          {.plane = "private",
                           .host = "::1",
                           .port = 5001,
                           .tls = false,
                           .lowest_tls = {},
                           .certificate_ends = {}}},
            .audit_sinks = {{.name = "siem", .kind = "syslog"}},
            .master_key_configured = true,
            .plain_destinations = {"s3"},
            .trash_life = std::chrono::days(30)};
  }
  Status Tell(const std::string& id, const ToldProcess& process, bool alone = false) {
    return processes_.Tell({.id = id, .alone = alone}, process);
  }
  control::Resource Listener(const std::string& name) {
    return control::AccountResource(control_.account, "listener", name);
  }

  control::testing::ControlFixture control_;
  Processes processes_{control_.database, *control_.jobs, control_.clock, control_.account};
  control::testing::SourceReader reader_{control_.database, processes_};
  control::testing::FactNews news_{*control_.jobs};
};

TEST_F(ProcessesTest, EachListenerIsAResourceWithWhatItTold) {
  ToldProcess process = Made();
  process.listeners[0].certificate_ends = control_.clock.Now() + std::chrono::hours{49};
  ASSERT_TRUE(Tell("p1", process).ok());
  EXPECT_THAT(reader_.Names(kListener, control_.account),
              ElementsAre("web-1/private/[::1]:5001", "web-1/public/0.0.0.0:443"));
  const auto open = Listener("web-1/public/0.0.0.0:443");
  EXPECT_EQ(reader_.Text(open, "address_scope"), "\"any\"");
  EXPECT_EQ(reader_.Text(open, "tls"), "true");
  EXPECT_EQ(reader_.Text(open, "lowest_tls_version"), "1.2");
  EXPECT_EQ(reader_.Text(open, "certificate_days_left"), "2");
  const auto local = Listener("web-1/private/[::1]:5001");
  EXPECT_EQ(reader_.Text(local, "endpoint"), "\"private\"");
  EXPECT_EQ(reader_.Text(local, "address_scope"), "\"loopback\"");
  EXPECT_EQ(reader_.Text(local, "lowest_tls_version"), "absent");
  EXPECT_EQ(reader_.Text(local, "certificate_days_left"), "absent");
  control::testing::ExpectCatalogued(kListener, *reader_.Read(open));
  control::testing::ExpectCatalogued(kListener, *reader_.Read(local));
}

TEST_F(ProcessesTest, ACertificateThatCannotBeReadIsUnavailable) {
  ASSERT_TRUE(Tell("p1", Made()).ok());
  EXPECT_EQ(reader_.Text(Listener("web-1/public/0.0.0.0:443"), "certificate_days_left"),
            "unavailable");
}

TEST_F(ProcessesTest, ACertificateThatEndedHasFewerThanNoDaysLeft) {
  ToldProcess process = Made();
  process.listeners[0].certificate_ends = control_.clock.Now() - std::chrono::seconds{1};
  ASSERT_TRUE(Tell("p1", process).ok());
  EXPECT_EQ(reader_.Text(Listener("web-1/public/0.0.0.0:443"), "certificate_days_left"), "-1");
}

TEST_F(ProcessesTest, AProcessTellsOfItself) {
  ASSERT_TRUE(Tell("p1", Made()).ok());
  const auto all = reader_.List(kProcess, control_.account);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(reader_.Text(all[0], "plain_destinations"), R"(["s3"])");
  EXPECT_EQ(reader_.Text(all[0], "master_key_apart"), "true");
  EXPECT_EQ(reader_.Text(all[0], "trash_days"), "30");
  control::testing::ExpectCatalogued(kProcess, *reader_.Read(all[0]));
}

TEST_F(ProcessesTest, OfAFleetAllAreSeenAndWhoFallsSilentIsForgotten) {
  ASSERT_TRUE(Tell("p1", Made("web-1")).ok());
  ASSERT_TRUE(Tell("p2", Made("web-2")).ok());
  EXPECT_EQ(reader_.List(kProcess, control_.account).size(), 2U);
  control_.clock.Advance(std::chrono::seconds{60});
  ASSERT_TRUE(Tell("p2", Made("web-2")).ok());
  news_.Take();
  control_.clock.Advance(std::chrono::seconds{60});
  EXPECT_EQ(reader_.List(kProcess, control_.account).size(), 1U) << "the lease has ended";
  EXPECT_THAT(news_.Take(), IsEmpty());
  ASSERT_TRUE(Tell("p2", Made("web-2")).ok());
  EXPECT_THAT(news_.Take(), ElementsAre("listener", "process", "audit", "audit-sink"));
}

TEST_F(ProcessesTest, OneThatServesAloneEndsAllThatWasTold) {
  ASSERT_TRUE(Tell("crashed", Made("web-1")).ok());
  ASSERT_TRUE(Tell("now", Made("web-2"), true).ok());
  const auto all = reader_.List(kProcess, control_.account);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(reader_.Text(all[0], "node"), "\"web-2\"");
}

TEST_F(ProcessesTest, OneThatWasStartedAnewIsOneResourceAndItsLatestWordCounts) {
  ASSERT_TRUE(Tell("crashed", Made()).ok());
  control_.clock.Advance(std::chrono::seconds{1});
  ToldProcess process = Made();
  process.plain_destinations.clear();
  ASSERT_TRUE(Tell("now", process).ok());
  const auto all = reader_.List(kProcess, control_.account);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(reader_.Text(all[0], "plain_destinations"), "[]");
}

TEST_F(ProcessesTest, OnlyNewsAreTold) {
  ASSERT_TRUE(Tell("p1", Made()).ok());
  EXPECT_FALSE(news_.Take().empty());
  ASSERT_TRUE(Tell("p1", Made()).ok());
  EXPECT_THAT(news_.Take(), IsEmpty());
  ToldProcess process = Made();
  process.trash_life = std::chrono::days(1);
  ASSERT_TRUE(Tell("p1", process).ok());
  EXPECT_FALSE(news_.Take().empty());
  ASSERT_TRUE(processes_.Leave("p1").ok());
  EXPECT_FALSE(news_.Take().empty());
  EXPECT_THAT(reader_.List(kProcess, control_.account), IsEmpty());
}

TEST_F(ProcessesTest, AnotherAccountSeesNothing) {
  ASSERT_TRUE(Tell("p1", Made()).ok());
  const AccountId other("other");
  EXPECT_THAT(reader_.List(kListener, other), IsEmpty());
  EXPECT_FALSE(
      reader_.Read(control::AccountResource(other, "listener", "web-1/public/0.0.0.0:443")).ok());
}

TEST(AddressScope, TellsWhoCanReachIt) {
  for (const auto& [host, scope] :
       std::vector<std::pair<std::string, std::string>>{{"0.0.0.0", "any"},
                                                        {"::", "any"},
                                                        {"127.0.0.1", "loopback"},
                                                        {"127.9.9.9", "loopback"},
                                                        {"::1", "loopback"},
                                                        {"::ffff:127.0.0.1", "loopback"},
                                                        {"10.1.2.3", "private"},
                                                        {"172.31.0.1", "private"},
                                                        {"172.32.0.1", "public"},
                                                        {"192.168.1.1", "private"},
                                                        {"100.64.0.1", "private"},
                                                        {"169.254.1.1", "private"},
                                                        {"fd00::1", "private"},
                                                        {"fe80::1", "private"},
                                                        {"203.0.113.9", "public"},
                                                        {"2001:db8::1", "public"}}) {
    EXPECT_EQ(AddressScope(host), scope) << host;
  }
}

}  // namespace
}  // namespace breakwater::admin
