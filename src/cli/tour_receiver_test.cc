#include "cli/tour_receiver.h"

#include <gtest/gtest.h>

#include "net/http_client.h"

namespace breakwater::cli {
namespace {

int Post(const std::string& url, const std::string& body) {
  const net::HttpClient client({.policy = {.allow_plain_http = true, .allow_non_public = true}});
  const auto response = client.Send({.method = "POST", .url = url, .body = body});
  return response.ok() ? response->status : -1;
}

TEST(AlertReceiver, KeepsTheTokensItWasSentInOrder) {
  const auto receiver = AlertReceiver::Start();
  ASSERT_TRUE(receiver.ok());
  EXPECT_EQ(Post((*receiver)->url(), R"({"data":"one"})"), 200);
  EXPECT_EQ(Post((*receiver)->url(), R"({"data":"two"})"), 200);
  EXPECT_EQ((*receiver)->Tokens(), (std::vector<std::string>{"one", "two"}));
}

TEST(AlertReceiver, TakesNothingElse) {
  const auto receiver = AlertReceiver::Start();
  ASSERT_TRUE(receiver.ok());
  EXPECT_EQ(Post((*receiver)->url(), "no json"), 400);
  EXPECT_EQ(Post((*receiver)->url(), R"({"other":"one"})"), 400);
  EXPECT_EQ(Post((*receiver)->url() + "/elsewhere", R"({"data":"one"})"), 404);
  EXPECT_TRUE((*receiver)->Tokens().empty());
}

}  // namespace
}  // namespace breakwater::cli
