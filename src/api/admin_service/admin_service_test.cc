#include "api/admin_service/admin_service.h"

#include <gtest/gtest.h>

#include "api/testing.h"

namespace breakwater::api::admin_service {
namespace {

class Receiver final : public notify::Sender {
 public:
  Status Send(const notify::Message&) override {
    return down ? Status(Unavailable("the receiver answered 500, not 200")) : Ok();
  }
  bool down = false;
};

class AdminApi : public ::testing::Test {
 protected:
  AdminApi() {
    harness_.control.facts.Add(channels_);
    harness_.Serve(Endpoints({harness_.registries, channels_, deliveries_}, harness_.face));
  }

  int Patch(std::string_view body) { return harness_.Send("PATCH", kSettings, body).status; }
  json::Value Success() {
    const auto sent = harness_.Send("POST", "/admin/v1/accounts/acc/test_event");
    EXPECT_EQ(sent.status, 202) << sent.text;
    return *json::Find(sent.body, "success");
  }

  static constexpr const char* kSettings = "/admin/v1/accounts/acc/settings";
  testing::Harness harness_;
  notify::Channels channels_{
      {}, harness_.control.database, harness_.control.changes, harness_.control.clock};
  Receiver receiver_;
  notify::Deliveries deliveries_{{harness_.control.database, *harness_.control.jobs, channels_,
                                  receiver_, harness_.control.clock, Secret(std::string(32, 'k')),
                                  "us.icr.io"}};
};

TEST_F(AdminApi, AnInstallationIsOneLocation) {
  const auto settings = harness_.Send("GET", kSettings);
  EXPECT_EQ(json::FindText(*json::Find(settings.body, "location"), "id"), "us");
  const auto all = harness_.Send("GET", "/admin/v1/locations");
  ASSERT_EQ(json::Find(all.body, "locations")->as_array().size(), 1U);
  const auto one = harness_.Send("GET", "/admin/v1/locations/us");
  EXPECT_EQ(json::FindText(one.body, "main_endpoint_url"), "http://us.icr.io");
  EXPECT_EQ(harness_.Send("GET", "/admin/v1/locations/mars").status, 404);
  EXPECT_EQ(LocationOf("eu-central"), "eu");
  EXPECT_EQ(LocationOf("eu-gb"), "uk");
  EXPECT_EQ(LocationOf("local"), "local");
}

TEST_F(AdminApi, SettingsAreWhatTheyAre) {
  EXPECT_EQ(Patch(R"({"location":{"id":"us"},"event_notifications":{"instance_crn":""}})"), 200);
  EXPECT_EQ(Patch(R"({"location":{"id":"eu"}})"), 400);
  EXPECT_EQ(Patch(R"({"event_notifications":{"instance_crn":"crn:v1:a"}})"), 400);
  EXPECT_EQ(harness_.Send("GET", "/admin/v1/accounts/other/settings").status, 403);
}

TEST_F(AdminApi, ATestEventSucceedsWhenEveryChannelTookIt) {
  EXPECT_EQ(Success(), json::Value(false));  // nobody is told of anything
  notify::Channel channel;
  channel.name = "ops";
  channel.endpoint = "https://hooks.example/a";
  channel.enabled = true;
  ASSERT_TRUE(channels_.Create(harness_.control.caller, harness_.control.account, channel).ok());
  EXPECT_EQ(Success(), json::Value(true));
  receiver_.down = true;
  EXPECT_EQ(Success(), json::Value(false));
}

}  // namespace
}  // namespace breakwater::api::admin_service
