// The S3 service that tests of this folder use, as the environment names it:
// BREAKWATER_TEST_S3_ENDPOINT, …_BUCKET, …_ACCESS_KEY, …_SECRET_KEY and, if there is more than one
// way to it, …_TLS_ENDPOINT, …_CA_FILE, …_DOMAIN (for virtual hosts), …_REGION, and
// …_PROXY_ENDPOINT, …_PROXY_RULES, …_PROXY_LOG for faults.
#pragma once

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include "base/testing.h"
#include "blob/blob_testing.h"
#include "blob/s3/s3_blob_store.h"
#include "blob/s3/s3_client.h"
#include "blob/task_pool.h"
#include "crypto/random.h"
#include "db/testing.h"

namespace breakwater::blob::testing {

inline std::string S3Setting(const std::string& name) {
  const char* value = std::getenv(("BREAKWATER_TEST_S3_" + name).c_str());
  return value == nullptr ? "" : value;
}

inline constexpr const char* kNoS3 =
    "BREAKWATER_TEST_S3_ENDPOINT is not set: tests/services/s3.sh starts a service";

inline bool HasS3() {
  return !S3Setting("ENDPOINT").empty();
}

// Path style over plain HTTP, a prefix of its own.
inline S3Options S3TestOptions() {
  S3Options options;
  options.endpoint = S3Setting("ENDPOINT");
  if (!S3Setting("REGION").empty()) options.region = S3Setting("REGION");
  options.bucket = S3Setting("BUCKET");
  options.prefix = "test-" + crypto::RandomToken(12);
  options.path_style = true;
  options.credentials = {.access_key = S3Setting("ACCESS_KEY"),
                         .secret_key = Secret(S3Setting("SECRET_KEY")),
                         .session_token = Secret()};
  options.part_size = 5 * kMiB;
  options.buffer_bytes = 32 * kMiB;
  options.request_threads = 4;
  return options;
}

// The same over the other way of addressing: "https://BUCKET.s3.test", by a CA of its own.
inline S3Options S3VirtualHostTlsOptions() {
  S3Options options = S3TestOptions();
  const std::string endpoint = S3Setting("TLS_ENDPOINT");
  const std::string address = endpoint.substr(endpoint.find("://") + 3);
  options.endpoint = "https://" + S3Setting("DOMAIN") + address.substr(address.rfind(':'));
  options.connect_to = address;
  options.ca_file = S3Setting("CA_FILE");
  options.path_style = false;
  return options;
}

class S3TestStore final : public TestStore {
 public:
  explicit S3TestStore(S3Options options, S3Waiting waiting = S3Waiting::Real())
      : options_(std::move(options)),
        waiting_(std::move(waiting)),
        database_(db::testing::OpenTestDatabase()) {
    Reopen();
  }
  // The service of a test has little room.
  ~S3TestStore() override {
    store_.reset();
    // Not as the test may have it: over a proxy, or impatient.
    S3Options options = S3TestOptions();
    options.prefix = options_.prefix;
    S3Client client(options, *S3Endpoint::Parse(options.endpoint), S3Waiting::Real(), clock_);
    std::vector<std::string> keys;
    EXPECT_TRUE(client
                    .ListObjects("",
                                 [&](const S3Object& object) {
                                   keys.push_back(object.key);
                                   return Ok();
                                 })
                    .ok());
    TaskPool pool(4);
    pool.ForEach(keys.size(), [&](std::size_t i) { EXPECT_TRUE(client.Delete(keys[i]).ok()); });
  }
  BlobStore& store() override { return *store_; }
  void Reopen() override { store_ = Open(options_); }

  // Another store over the same content, as of another process.
  std::unique_ptr<BlobStore> Open(const S3Options& options) {
    auto opened = OpenS3BlobStore(options, database_->database(), clock_, waiting_);
    BW_CHECK(opened.ok());
    return *std::move(opened);
  }
  const S3Options& options() const { return options_; }
  db::Database& database() { return database_->database(); }

 private:
  S3Options options_;
  S3Waiting waiting_;
  SystemClock clock_;
  std::unique_ptr<db::testing::TestDatabase> database_;
  std::unique_ptr<BlobStore> store_;
};

}  // namespace breakwater::blob::testing
