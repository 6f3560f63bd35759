// How the client takes answers that a healthy service gives seldom, from a server of this test.
#include "blob/s3/s3_client.h"

#include <deque>

#include <gtest/gtest.h>

#include "base/testing.h"
#include "crypto/hash.h"
#include "net/http_server.h"
#include "net/testing.h"

namespace breakwater::blob {
namespace {

using std::chrono::milliseconds;

class S3ClientTest : public ::testing::Test {
 protected:
  S3ClientTest() { Serve({}); }

  void Serve(net::ServerOptions options) {
    auto server = net::HttpServer::Listen(std::move(options),
                                          [this](net::Request& request) { return Next(request); });
    BW_CHECK(server.ok() && (*server)->Start().ok());
    server_ = *std::move(server);
  }

  S3Client Client(const std::string& scheme = "http") {
    S3Options options;
    options.endpoint = scheme + "://" + server_->endpoint();
    options.bucket = "bucket";
    options.prefix = "p";
    options.path_style = true;
    options.credentials = {"key", Secret("secret"), Secret()};
    options.request_timeout = milliseconds(5000);
    return S3Client(options, *S3Endpoint::Parse(options.endpoint),
                    {.sleep =
                         [this](milliseconds time) {
                           clock_.Advance(time);
                           slept_.push_back(time);
                         },
                     .jitter = [] { return 0.5; }},
                    clock_);
  }

  static net::Response Answer(int status, std::string body = "", net::Headers headers = {}) {
    net::Response response;
    response.status = status;
    response.headers = std::move(headers);
    response.body = std::move(body);
    return response;
  }
  static std::string ErrorXml(const std::string& code) {
    return "<Error><Code>" + code + "</Code><Message>because</Message></Error>";
  }
  void Script(net::Response response) { script_.push_back(std::move(response)); }

  breakwater::testing::ManualClock clock_;
  std::vector<milliseconds> slept_;
  std::vector<std::string> seen_;     // "METHOD PATH?QUERY"
  std::vector<std::string> ranges_;   // of GETs
  std::vector<std::string> payload_;  // X-Amz-Content-Sha256

 private:
  net::Response Next(net::Request& request) {
    seen_.push_back(request.method + " " + request.path +
                    (request.query.empty() ? "" : "?" + request.query));
    ranges_.emplace_back(request.headers.Get("range").value_or(""));
    payload_.emplace_back(request.headers.Get("x-amz-content-sha256").value_or(""));
    static_cast<void>(io::ReadAll(*request.body, 1U << 20U));
    if (script_.empty()) return Answer(500, "the script is over");
    net::Response response = std::move(script_.front());
    script_.pop_front();
    return response;
  }

  std::deque<net::Response> script_;
  std::unique_ptr<net::HttpServer> server_;
};

TEST_F(S3ClientTest, RepeatsAPutUntilItPasses) {
  Script(Answer(503, ErrorXml("SlowDown")));
  Script(Answer(500));
  Script(Answer(200));
  EXPECT_TRUE(Client().Put("k", AsBytes("content")).ok());
  EXPECT_EQ(seen_, std::vector<std::string>(3, "PUT /bucket/p/k"));
  EXPECT_EQ(slept_, (std::vector{milliseconds(25), milliseconds(50)}));
  EXPECT_EQ(payload_[2], crypto::Sha256Hex("content"));
}

TEST_F(S3ClientTest, WaitsAsLongAsTheServiceAsks) {
  net::Headers later;
  later.Add("Retry-After", "7");
  Script(Answer(503, "", later));
  Script(Answer(204));
  EXPECT_TRUE(Client().Delete("k").ok());
  EXPECT_EQ(slept_, std::vector{milliseconds(7025)});
}

TEST_F(S3ClientTest, DoesNotRepeatWhatIsRefused) {
  for (const auto& [status, code] : {std::pair{403, "AccessDenied"},
                                     {400, "InvalidDigest"},
                                     {501, "NotImplemented"},
                                     {301, "PermanentRedirect"}}) {
    Script(Answer(status, ErrorXml(code)));
    const Status refused = Client().Put("k", {});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), ErrorCode::kUnavailable);
    EXPECT_EQ(refused.error().reason(), "blob_store_unavailable");
    EXPECT_EQ(refused.error().message().find(code), std::string::npos);
    EXPECT_NE(refused.error().log().find(code), std::string::npos);
  }
  EXPECT_EQ(seen_.size(), 4U);
  EXPECT_TRUE(slept_.empty());
  Script(Answer(403, ErrorXml("QuotaExceeded")));
  EXPECT_EQ(Client().Put("k", {}).error().reason(), "blob_store_full");
}

TEST_F(S3ClientTest, AServiceThatIsNotTrustedIsGivenUpAtOnceAndTheLogSaysWhy) {
  const breakwater::testing::TempDir directory;
  const auto made = net::testing::MakeCertificate(directory.path().string());
  net::ServerOptions options;
  options.tls = {made.certificate_file, made.key_file};
  Serve(std::move(options));
  S3Client client = Client("https");
  for (const Error& error : {client.Put("k", {}).error(), client.Read("k", 1, 0, 1).error()}) {
    EXPECT_EQ(error.reason(), "blob_store_unavailable");
    EXPECT_NE(error.log().find("certificate is not trusted"), std::string::npos) << error.log();
    EXPECT_NE(error.log().find("ca_file"), std::string::npos) << error.log();
  }
  EXPECT_TRUE(slept_.empty());
  EXPECT_TRUE(seen_.empty());
}

TEST_F(S3ClientTest, GivesUpAtTheDeadline) {
  for (int i = 0; i < 200; ++i) Script(Answer(503));
  const Timestamp start = clock_.Now();
  EXPECT_EQ(Client().Head("k").error().reason(), "blob_store_unavailable");
  EXPECT_LE(clock_.Now() - start, std::chrono::seconds(60));
  EXPECT_GT(clock_.Now() - start, std::chrono::seconds(55));
}

TEST_F(S3ClientTest, SuccessMayHoldAnError) {
  Script(Answer(200, ErrorXml("InternalError")));
  Script(Answer(200, "<CopyPartResult><ETag>\"e\"</ETag></CopyPartResult>"));
  EXPECT_EQ(*Client().CopyPart("k", "id", 3, "from"), "\"e\"");
  EXPECT_EQ(seen_.back(), "PUT /bucket/p/k?partNumber=3&uploadId=id");
  Script(Answer(200, ErrorXml("InternalError")));
  Script(Answer(200, "<CompleteMultipartUploadResult/>"));
  EXPECT_TRUE(Client().CompleteUpload("k", "id", {"\"e\""}).ok());
  Script(Answer(200, ErrorXml("EntityTooSmall")));
  EXPECT_FALSE(Client().CompleteUpload("k", "id", {"\"e\""}).ok());
  EXPECT_EQ(seen_.size(), 5U);
}

TEST_F(S3ClientTest, TellsWhatIsMissing) {
  Script(Answer(404, ErrorXml("NoSuchUpload")));
  EXPECT_EQ(Client().CompleteUpload("k", "id", {}).error().code(), ErrorCode::kNotFound);
  Script(Answer(404, ErrorXml("NoSuchKey")));
  EXPECT_EQ(Client().CopyPart("k", "id", 1, "f").error().reason(), "upload_unknown");
  Script(Answer(404, ErrorXml("NoSuchUpload")));
  EXPECT_EQ(Client().CopyPart("k", "id", 1, "f").error().reason(), "blob_store_unavailable");
  Script(Answer(404, ErrorXml("NoSuchKey")));
  EXPECT_TRUE(Client().Delete("k").ok());
  Script(Answer(404, ErrorXml("NoSuchBucket")));
  EXPECT_EQ(Client().Delete("k").error().reason(), "blob_store_unavailable");
}

net::Headers ContentRange(const std::string& value) {
  net::Headers headers;
  headers.Add("Content-Range", value);
  return headers;
}

// Announces `length` and breaks off after `text`.
net::Response Broken(std::string_view text, std::uint64_t length, const std::string& range) {
  net::Response response;
  response.status = 206;
  response.headers = ContentRange(range);
  response.body = net::StreamBody{std::make_unique<io::StringSource>(text), length};
  return response;
}

TEST_F(S3ClientTest, ReadGoesOnWhereAConnectionBroke) {
  Script(Broken("234", 6, "bytes 2-7/10"));
  Script(Answer(503, ErrorXml("SlowDown")));
  Script(Broken("56", 3, "bytes 5-7/10"));
  Script(Answer(206, "7", ContentRange("bytes 7-7/10")));
  auto client = Client();
  const auto source = client.Read("k", 10, 2, 6);
  ASSERT_TRUE(source.ok());
  const auto content = io::ReadAll(**source, 100);
  ASSERT_TRUE(content.ok()) << content.error().log();
  EXPECT_EQ(*content, "234567");
  EXPECT_EQ(ranges_,
            (std::vector<std::string>{"bytes=2-7", "bytes=5-7", "bytes=5-7", "bytes=7-7"}));
}

TEST_F(S3ClientTest, ReadOfAnObjectOfAnotherSizeIsCorrupt) {
  auto client = Client();
  Script(Answer(206, "0123456789", ContentRange("bytes 0-9/11")));
  EXPECT_EQ(client.Read("k", 10, 0, 10).error().code(), ErrorCode::kDataCorrupt);
  Script(Answer(416, ErrorXml("InvalidRange")));
  EXPECT_EQ(client.Read("k", 10, 5, 5).error().code(), ErrorCode::kDataCorrupt);
  Script(Broken("01", 10, "bytes 0-9/10"));
  Script(Answer(206, "ab", ContentRange("bytes 2-3/4")));
  const auto source = client.Read("k", 10, 0, 10);
  ASSERT_TRUE(source.ok());
  EXPECT_EQ(io::ReadAll(**source, 100).error().code(), ErrorCode::kDataCorrupt);
}

TEST_F(S3ClientTest, ReadOfAMissingObjectIsNotFound) {
  auto client = Client();
  Script(Answer(404, ErrorXml("NoSuchKey")));
  EXPECT_EQ(client.Read("k", 10, 0, 10).error().code(), ErrorCode::kNotFound);
  Script(Answer(404, ErrorXml("NoSuchBucket")));
  EXPECT_EQ(client.Read("k", 10, 0, 10).error().code(), ErrorCode::kUnavailable);
}

TEST_F(S3ClientTest, ListsBeginBehindAKey) {
  Script(Answer(200, "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"));
  EXPECT_TRUE(Client().ListObjectsAfter("x/", "x/k", [](const S3Object&) { return Ok(); }).ok());
  EXPECT_EQ(seen_.back(),
            "GET /bucket?encoding-type=url&list-type=2&prefix=p%2Fx%2F&start-after=p%2Fx%2Fk");
}

TEST_F(S3ClientTest, ListsThatGoInCirclesEnd) {
  const std::string page =
      "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t"
      "</NextContinuationToken></ListBucketResult>";
  Script(Answer(200, page));
  Script(Answer(200, page));
  EXPECT_FALSE(Client().ListObjects("x/", [](const S3Object&) { return Ok(); }).ok());
  EXPECT_EQ(seen_.back(),
            "GET /bucket?continuation-token=t&encoding-type=url&list-type=2&prefix=p%2Fx%2F");
}

TEST_F(S3ClientTest, ReadsTheServicesClock) {
  // The server of this test has the system's time.
  clock_.Set(SystemClock().Now() - std::chrono::hours(1));
  Script(Answer(403));
  const auto skew = Client().ClockSkew();
  ASSERT_TRUE(skew.ok()) << skew.error().log();
  EXPECT_NEAR(static_cast<double>(skew->count()), 3600, 60);
}

}  // namespace
}  // namespace breakwater::blob
