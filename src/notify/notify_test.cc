#include <gtest/gtest.h>

#include "control/facts_testing.h"
#include "control/testing.h"
#include "crypto/hash.h"
#include "crypto/jwt.h"
#include "crypto/key_set.h"
#include "insights/raised.h"
#include "notify/delivery.h"

namespace breakwater::notify {
namespace {

class FakeReceiver final : public Sender {
 public:
  Status Send(const Message& message) override {
    received.push_back(message);
    if (down) return Unavailable("the receiver answered 503, not 200");
    return Ok();
  }
  bool down = false;
  std::vector<Message> received;
};

class NotifyTest : public ::testing::Test {
 protected:
  NotifyTest() { control_.facts.Add(channels_); }

  static Channel Made(std::string name = "ops") {
    Channel channel;
    channel.name = std::move(name);
    channel.endpoint = "https://hooks.example/alerts";
    channel.enabled = true;
    return channel;
  }
  std::string Create(const Channel& channel) {
    return *channels_.Create(control_.caller, control_.account, channel);
  }
  void Raise(insights::Severity severity, const std::string& group = "g1") {
    const Status status = control_.database.Write([&](db::Transaction& tx) {
      return control_.jobs->Emit(
          tx,
          ToEvent(insights::Raised{.account = control_.account,
                                   .provider = std::string(insights::kVulnerabilityAdvisor),
                                   .finding_type = std::string(insights::kImageWithVulnerabilities),
                                   .severity = severity,
                                   .group = group,
                                   .finding_name = "acc/providers/security-advisor/occurrences/1",
                                   .payload = {{"id", "1"}}}));
    });
    ASSERT_TRUE(status.ok());
    ASSERT_TRUE(control_.jobs->RunDue().ok());
  }
  condition::Fact ChannelsFact() {
    return *control_.database.ReadValue([&](db::Transaction& tx) -> Result<condition::Fact> {
      BW_TRY(const auto facts, channels_.Read(tx, AlertsResource(control_.account)));
      return *facts.Find("vulnerability_channels");
    });
  }

  control::testing::ControlFixture control_;
  Channels channels_{{}, control_.database, control_.changes, control_.clock};
  FakeReceiver receiver_;
  Deliveries deliveries_{{control_.database, *control_.jobs, channels_, receiver_, control_.clock,
                          Secret(std::string(32, 'k')), "us.icr.io"}};
};

TEST_F(NotifyTest, TheAuditTrailHoldsNoSecretOfAnEndpoint) {
  Channel channel = Made();
  channel.endpoint = "https://user:pass@hooks.example:8443/T0/B1/s3cret?key=s3cret";
  const std::string id = Create(channel);
  channel.endpoint = "https://hooks.example:8443/T0/B1/0ther";
  ASSERT_TRUE(channels_.Update(control_.caller, control_.account, id, channel).ok());
  channel.endpoint = "https://elsewhere.example";
  ASSERT_TRUE(channels_.Update(control_.caller, control_.account, id, channel).ok());
  ASSERT_TRUE(channels_.Delete(control_.caller, control_.account, id).ok());
  std::string trail;
  const auto records = *control_.log.Query({});
  for (const audit::Found& found : records) {
    trail += json::Serialize(audit::ToJson(found.record)) + "\n";
  }
  for (const char* secret : {"s3cret", "0ther", "pass", "B1"}) {
    EXPECT_EQ(trail.find(secret), std::string::npos) << trail;
  }
  // A change of the secret alone shows as one.
  const std::string first = crypto::Sha256Hex("user:pass@/T0/B1/s3cret?key=s3cret");
  const std::string second = crypto::Sha256Hex("/T0/B1/0ther");
  EXPECT_NE(trail.find(R"({"field":"endpoint.rest_sha256","before":")" + first + R"(","after":")" +
                       second + "\"}"),
            std::string::npos)
      << trail;
  EXPECT_NE(trail.find(R"("https://hooks.example:8443")"), std::string::npos);
  EXPECT_NE(trail.find(R"("https://elsewhere.example")"), std::string::npos);
}

TEST_F(NotifyTest, AnAlertArrivesOnceForEachGroupAndItsSignatureVerifies) {
  const std::string id = Create(Made());
  Raise(insights::Severity::kHigh);
  Raise(insights::Severity::kHigh);
  ASSERT_EQ(receiver_.received.size(), 1U);
  Raise(insights::Severity::kHigh, "g2");
  ASSERT_EQ(receiver_.received.size(), 2U);

  const json::Value body = *json::Parse(receiver_.received[0].body);
  crypto::KeySet keys;
  ASSERT_TRUE(
      keys.Add(*crypto::VerifyingKey::FromPem(*deliveries_.PublicKey(control_.account))).ok());
  crypto::VerifyOptions expected;
  expected.now = control_.clock.Now();
  expected.issuer = "us.icr.io";
  const auto claims = crypto::VerifyJwt(json::FindText(body, "data"), keys, expected);
  ASSERT_TRUE(claims.ok()) << claims.error().message();
  const auto& alert = claims->at("findings").as_array().at(0);
  EXPECT_EQ(json::FindText(alert, "severity"), "high");
  EXPECT_EQ(claims->at("findings"), claims->at("security-advisor-alerts"));
  const auto log = *deliveries_.List(control_.account, id, 10);
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[0].status, "delivered");
}

TEST_F(NotifyTest, SeveritySourceAndEnabledDecideWhatGoesOverAChannel) {
  Channel quiet = Made("quiet");
  quiet.enabled = false;
  Channel certificates = Made("certificates");
  certificates.sources = {{"CERT", {}}};
  Channel critical = Made("critical");
  critical.severities = {insights::Severity::kCritical};
  for (const Channel& channel : {quiet, certificates, critical}) Create(channel);
  Raise(insights::Severity::kHigh);
  EXPECT_TRUE(receiver_.received.empty());
  Raise(insights::Severity::kCritical);
  EXPECT_EQ(receiver_.received.size(), 1U);
}

TEST_F(NotifyTest, AFailedDeliveryIsRetriedUntilItArrives) {
  const std::string id = Create(Made());
  receiver_.down = true;
  Raise(insights::Severity::kHigh);
  EXPECT_EQ(receiver_.received.size(), 1U);
  EXPECT_EQ(deliveries_.List(control_.account, id, 10)->at(0).status, "pending");
  EXPECT_EQ(channels_.Find(control_.account, id)->last_outcome, Channel::Outcome::kFailed);
  receiver_.down = false;
  control_.clock.Advance(std::chrono::minutes{5});
  ASSERT_TRUE(control_.jobs->RunDue().ok());
  EXPECT_EQ(receiver_.received.size(), 2U);
  const Delivery delivery = deliveries_.List(control_.account, id, 10)->at(0);
  EXPECT_EQ(delivery.status, "delivered");
  EXPECT_EQ(delivery.attempts, 2);
}

TEST_F(NotifyTest, TheFactNeedsACoveringChannelWhoseLastTrySucceeded) {
  // None: known to be empty.
  EXPECT_EQ(*ChannelsFact().value(), condition::Value(condition::StringList{}));
  // Covers, but never tried: nobody knows.
  const std::string id = Create(Made());
  EXPECT_EQ(ChannelsFact().state(), condition::FactState::kUnavailable);
  // Tried and failed: known not to work.
  receiver_.down = true;
  EXPECT_FALSE(deliveries_.Test(control_.account, id).ok());
  EXPECT_EQ(*ChannelsFact().value(), condition::Value(condition::StringList{}));
  // Tried and succeeded.
  receiver_.down = false;
  EXPECT_TRUE(deliveries_.Test(control_.account, id).ok());
  EXPECT_EQ(*ChannelsFact().value(), condition::Value(condition::StringList{"ops"}));
  // A new endpoint has not been tried.
  Channel moved = Made();
  moved.endpoint = "https://elsewhere.example/";
  ASSERT_TRUE(channels_.Update(control_.caller, control_.account, id, moved).ok());
  EXPECT_EQ(ChannelsFact().state(), condition::FactState::kUnavailable);
  // Without medium it does not cover what is asked for.
  moved.severities = {insights::Severity::kHigh, insights::Severity::kCritical};
  ASSERT_TRUE(channels_.Update(control_.caller, control_.account, id, moved).ok());
  EXPECT_EQ(*ChannelsFact().value(), condition::Value(condition::StringList{}));
}

TEST_F(NotifyTest, BadChannelsAreRefusedWithTheField) {
  Channel plain = Made();
  plain.endpoint = "http://hooks.example/";
  EXPECT_NE(Validate(plain, false).error().message().find("endpoint"), std::string::npos);
  EXPECT_TRUE(Validate(plain, true).ok());
  Channel mixed = Made();
  mixed.sources = {{"ALL", {}}, {"VA", {}}};
  EXPECT_NE(Validate(mixed, false).error().message().find("alert_source"), std::string::npos);
  Channel silent = Made();
  silent.severities.clear();
  EXPECT_FALSE(Validate(silent, false).ok());
  for (std::int64_t i = 0; i < kMaxChannels; ++i) Create(Made("c" + std::to_string(i)));
  EXPECT_EQ(channels_.Create(control_.caller, control_.account, Made()).error().code(),
            ErrorCode::kQuota);
}

TEST_F(NotifyTest, EnabledChannelsWithoutTlsAreNamed) {
  Channels allowing({.allow_http = true}, control_.database, control_.changes, control_.clock);
  control::testing::SourceReader reader(control_.database, allowing);
  const auto alerts = AlertsResource(control_.account);
  EXPECT_EQ(reader.Text(alerts, "plain_channels"), "[]");
  Channel plain = Made("plain");
  plain.endpoint = "http://hooks.example/alerts";
  Channel silent = plain;
  silent.name = "silent";
  silent.enabled = false;
  for (const Channel& one : {Made("safe"), plain, silent}) {
    ASSERT_TRUE(allowing.Create(control_.caller, control_.account, one).ok());
  }
  EXPECT_EQ(reader.Text(alerts, "plain_channels"), R"(["plain"])");
  control::testing::ExpectCatalogued({"container-registry", "alerts"}, *reader.Read(alerts));
}

TEST_F(NotifyTest, DeletingAChannelIsRecordedAndStopsItsDeliveries) {
  const std::string id = Create(Made());
  receiver_.down = true;
  Raise(insights::Severity::kHigh);
  ASSERT_TRUE(channels_.Delete(control_.caller, control_.account, id).ok());
  receiver_.down = false;
  control_.clock.Advance(std::chrono::hours{2});
  ASSERT_TRUE(control_.jobs->RunDue().ok());
  EXPECT_EQ(receiver_.received.size(), 1U);
  EXPECT_EQ(channels_.Find(control_.account, id).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(control_.log.Query({.action = "security-advisor.notification-channels.delete"})->size(),
            1U);
}

}  // namespace
}  // namespace breakwater::notify
