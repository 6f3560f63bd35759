#include "api/notifications/notifications.h"

#include <gtest/gtest.h>

#include "api/testing.h"

namespace breakwater::api::notifications {
namespace {

class Receiver final : public notify::Sender {
 public:
  Status Send(const notify::Message&) override {
    return down ? Status(Unavailable("the receiver answered 500, not 200")) : Ok();
  }
  bool down = false;
};

class NotificationsApi : public ::testing::Test {
 protected:
  NotificationsApi() { harness_.Serve(Endpoints(channels_, deliveries_, harness_.face)); }

  static constexpr const char* kChannels = "/notifications/v1/acc/notifications/channels";
  std::string Create() {
    const auto made = harness_.Send("POST", kChannels,
                                    R"({"name":"ops","type":"Webhook","enabled":true,
                                        "endpoint":"https://hooks.example/a",
                                        "severity":["critical","high","medium"]})");
    EXPECT_EQ(made.status, 200) << made.text;
    return std::string(json::FindText(made.body, "channel_id"));
  }

  testing::Harness harness_;
  notify::Channels channels_{
      {}, harness_.control.database, harness_.control.changes, harness_.control.clock};
  Receiver receiver_;
  notify::Deliveries deliveries_{{harness_.control.database, *harness_.control.jobs, channels_,
                                  receiver_, harness_.control.clock, Secret(std::string(32, 'k')),
                                  "us.icr.io"}};
  // Judged with each change of a channel.
  bool added_ = (harness_.control.facts.Add(channels_), true);
};

TEST_F(NotificationsApi, SeverityIsWrittenAsListAndReadAsObject) {
  const std::string id = Create();
  const auto read = harness_.Send("GET", std::string(kChannels) + "/" + id);
  const json::Value& channel = *json::Find(read.body, "channel");
  EXPECT_EQ(*json::Find(*json::Find(channel, "severity"), "critical"), json::Value(true));
  EXPECT_EQ(*json::Find(*json::Find(channel, "severity"), "low"), json::Value(false));
  EXPECT_EQ(json::FindText(channel, "last_outcome"), "never_tried");
}

TEST_F(NotificationsApi, TheTestSaysWhetherItArrived) {
  const std::string path = std::string(kChannels) + "/" + Create() + "/test";
  EXPECT_EQ(*json::Find(harness_.Send("GET", path).body, "delivered"), json::Value(true));
  receiver_.down = true;
  const auto failed = harness_.Send("GET", path);
  EXPECT_EQ(*json::Find(failed.body, "delivered"), json::Value(false));
  EXPECT_NE(failed.text.find("500"), std::string::npos);
}

TEST_F(NotificationsApi, ChannelsAreUpdatedListedAndDeleted) {
  const std::string one = Create();
  const std::string two = Create();
  EXPECT_EQ(harness_
                .Send("PUT", std::string(kChannels) + "/" + one,
                      R"({"name":"new","type":"Webhook","endpoint":"https://h.example/"})")
                .status,
            200);
  EXPECT_EQ(json::Find(harness_.Send("GET", kChannels).body, "channels")->as_array().size(), 2U);
  EXPECT_EQ(harness_.Send("DELETE", std::string(kChannels) + "/" + one).status, 200);
  EXPECT_EQ(harness_.Send("DELETE", kChannels, "[\"" + two + "\"]").status, 200);
  EXPECT_EQ(harness_.Send("GET", std::string(kChannels) + "/" + one).status, 404);
}

TEST_F(NotificationsApi, SeveralChannelsAreDeletedTogetherOrNotAtAll) {
  const std::string one = Create();
  const std::string two = Create();
  const auto list = [](const std::string& a, const std::string& b) {
    return "[\"" + a + "\",\"" + b + "\"]";
  };
  EXPECT_EQ(harness_.Send("DELETE", kChannels, list(one, "absent")).status, 404);
  EXPECT_EQ(harness_.Send("GET", std::string(kChannels) + "/" + one).status, 200);
  const auto deleted = harness_.Send("DELETE", kChannels, list(two, one));
  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(json::FindText(deleted.body, "message"), "2 channels deleted");
  EXPECT_TRUE(json::Find(harness_.Send("GET", kChannels).body, "channels")->as_array().empty());
}

TEST_F(NotificationsApi, BadChannelsAndForeignAccountsAreRefused) {
  EXPECT_EQ(harness_.Send("POST", kChannels, R"({"name":"x","type":"Mail","endpoint":"https://h"})")
                .status,
            400);
  EXPECT_EQ(
      harness_.Send("POST", kChannels, R"({"name":"x","type":"Webhook","endpoint":"ftp://h"})")
          .status,
      400);
  EXPECT_EQ(harness_.Send("GET", "/notifications/v1/other/notifications/channels").status, 403);
}

TEST_F(NotificationsApi, ThePublicKeyIsPem) {
  const auto key = harness_.Send("GET", "/notifications/v1/acc/notifications/public_key");
  EXPECT_TRUE(json::FindText(key.body, "public_key").starts_with("-----BEGIN PUBLIC KEY"));
}

}  // namespace
}  // namespace breakwater::api::notifications
