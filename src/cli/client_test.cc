#include "cli/client.h"

#include <gtest/gtest.h>

#include "net/http_server.h"

namespace breakwater::cli {
namespace {

const std::string kText = "0123456789";

net::Response Handle(net::Request& request) {
  net::Response response;
  const std::string range(request.headers.Get("Range").value_or(""));
  if (request.path == "/ranges" && range == "bytes=4-") {
    response.status = 206;
    response.headers.Set("Content-Range", "bytes 4-9/10");
    response.body = kText.substr(4);
  } else if (request.path == "/earlier" && !range.empty()) {
    response.status = 206;
    response.headers.Set("Content-Range", "bytes 2-9/10");
    response.body = kText.substr(2);
  } else if (request.path == "/later" && !range.empty()) {
    response.status = 206;
    response.headers.Set("Content-Range", "bytes 6-9/10");
    response.body = kText.substr(6);
  } else if (request.path == "/busy") {
    response.status = 503;
    response.headers.Set("Retry-After", "7");
    response.body = std::string(R"({"errors":[{"code":"database_busy","message":"too many"}]})");
  } else if (request.path.starts_with("/status/")) {
    response.status = std::stoi(request.path.substr(8));
  } else {
    response.body = kText;
  }
  return response;
}

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() {
    auto server = net::HttpServer::Listen({}, Handle);
    BW_CHECK(server.ok() && (*server)->Start().ok());
    server_ = *std::move(server);
    client_.emplace(ClientArguments{
        .url = "http://" + server_->endpoint(), .api_key = Secret("key"), .token = {}, .host = {}});
  }
  std::string Read(const std::string& path, std::uint64_t from) {
    const auto stream = client_->Open(path, from);
    if (!stream.ok()) return stream.error().message();
    const auto text = io::ReadAll(**stream, 100);
    return text.ok() ? *text : text.error().message();
  }
  Error Refusal(const std::string& path) { return client_->Open(path).error(); }

  std::unique_ptr<net::HttpServer> server_;
  std::optional<Client> client_;
};

TEST_F(ClientTest, ReadsFromAByteOnWhetherOrNotTheServerKnowsRanges) {
  EXPECT_EQ(Read("/ranges", 0), kText);
  for (const char* path : {"/ranges", "/earlier", "/whole"}) EXPECT_EQ(Read(path, 4), "456789");
  EXPECT_EQ(Read("/whole", 10), "");
  EXPECT_NE(Read("/later", 4).find("another part"), std::string::npos);
}

TEST_F(ClientTest, RefusalsKeepTheServersReasonAndWhenToAskAgain) {
  const Error busy = Refusal("/busy");
  EXPECT_EQ(busy.code(), ErrorCode::kUnavailable);
  EXPECT_EQ(busy.reason(), "database_busy");
  EXPECT_EQ(busy.message(), "the server answered 503: too many");
  ASSERT_EQ(busy.details().size(), 1U);
  EXPECT_EQ(busy.details()[0].name, "retry_after");
  EXPECT_EQ(busy.details()[0].value, "7");
}

TEST_F(ClientTest, StatusesBecomeErrorsOfTheirKind) {
  const std::vector<std::pair<int, ErrorCode>> kinds = {
      {400, ErrorCode::kInvalid},     {401, ErrorCode::kUnauthenticated},
      {403, ErrorCode::kDenied},      {404, ErrorCode::kNotFound},
      {409, ErrorCode::kConflict},    {429, ErrorCode::kRateLimited},
      {500, ErrorCode::kInvalid},     {502, ErrorCode::kUnavailable},
      {503, ErrorCode::kUnavailable}, {504, ErrorCode::kDeadline}};
  for (const auto& [status, code] : kinds) {
    EXPECT_EQ(Refusal("/status/" + std::to_string(status)).code(), code) << status;
  }
}

}  // namespace
}  // namespace breakwater::cli
