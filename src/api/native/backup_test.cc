#include "api/native/backup.h"

#include <gtest/gtest.h>

#include "api/oci/testing.h"
#include "registry/backup_hold.h"

namespace breakwater::api::native {
namespace {

using api::testing::Answer;
using api::testing::DigestOf;
using api::testing::kRepo;

class BackupApi : public ::testing::Test {
 protected:
  BackupApi() {
    auto& world = service_.world;
    world.Repository(kRepo);
    EXPECT_EQ(service_.PushBlob(kRepo, blob_).status, 201);
    EXPECT_EQ(service_.PushBlob(kRepo, "a row").status, 201);
    service_.dispatcher = std::make_unique<Dispatcher>(
        DispatcherDeps{world.registries, service_.authenticator, world.authorizer, world.changes,
                       world.recorder, service_.metrics, owner_},
        BackupEndpoints({source_, world.changes, checks_, owner_}, native_),
        std::vector<Dispatcher::FacePrefix>{{"/", &native_}});
  }
  Answer Blob(const std::string& content,
              std::vector<std::pair<std::string, std::string>> headers = {},
              const std::string& method = "GET") {
    return service_.Do({.method = method,
                        .target = "/breakwater/v1/backup/blobs/" + DigestOf(content),
                        .headers = std::move(headers)});
  }
  // With the body unread.
  net::Response Snapshot() {
    net::Request request;
    io::StringSource nothing("");
    request.method = "GET";
    request.path = "/breakwater/v1/backup/snapshot";
    request.headers.Set("Host", registry::testing::kRegistry);
    request.headers.Set("Authorization", "Basic owner");
    request.body = &nothing;
    return service_.dispatcher->Handle(request);
  }
  std::size_t Recorded() {
    return service_.world.log.Query({.action = std::string(admin::Checks::kBackupAction)})->size();
  }

  api::testing::Service service_;
  const AccountId owner_{"acc"};
  const std::string blob_ = registry::testing::Bytes(300'000, 'q');
  SccFace native_{"native"};
  admin::BackupSource source_{
      {.program = "test"}, service_.world.database, service_.world.store, service_.world.clock};
  admin::Checks checks_{{service_.world.database, *service_.world.jobs, service_.world.changes,
                         service_.world.clock, owner_}};
};

TEST_F(BackupApi, ABlobIsSentFromWhereItBrokeOff) {
  const Answer whole = Blob(blob_);
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.body, blob_);
  const Answer rest = Blob(blob_, {{"Range", "bytes=299990-"}});
  EXPECT_EQ(rest.status, 206);
  EXPECT_EQ(rest.body, blob_.substr(299'990));
  EXPECT_EQ(rest.Header("Content-Range"), "bytes 299990-299999/300000");
  EXPECT_EQ(Blob(blob_, {{"Range", "bytes=300000-"}}).status, 416);
  EXPECT_EQ(Blob(blob_, {{"Range", "bytes=0-"}}).status, 200);
  EXPECT_EQ(Blob(blob_, {{"Range", "bytes=0-9,20-29"}}).body, blob_);
}

TEST_F(BackupApi, AHeadKeepsBlobsHeld) {
  auto& world = service_.world;
  const Answer head = Blob(blob_, {}, "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.length, blob_.size());
  EXPECT_GE(*registry::BlobsHeldUntil(world.database),
            world.clock.Now() + std::chrono::minutes{10});
  EXPECT_EQ(Blob("a row", {}, "HEAD").status, 404) << "it is no blob of the store";
  EXPECT_EQ(Blob("absent", {}, "HEAD").status, 404);
  EXPECT_EQ(Blob("absent").status, 404);
}

TEST_F(BackupApi, OnlyWhatIsSentIsRecorded) {
  const net::Response first = Snapshot();
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(Recorded(), 1U);
  EXPECT_EQ(Snapshot().status, 409);
  EXPECT_EQ(Recorded(), 1U);
}

TEST_F(BackupApi, OneThatCannotBeginLeavesTheWayFree) {
  auto& database = service_.world.database;
  int failed = 0;
  for (int n = 1;; ++n) {
    database.FailOperation(n, db::testing::FaultPoint::kBefore);
    const int status = Snapshot().status;
    if (!database.fired()) {
      EXPECT_EQ(status, 200);
      break;
    }
    ++failed;
    EXPECT_EQ(status, 503) << n;
    database.FailOperation(0, db::testing::FaultPoint::kBefore);
    EXPECT_EQ(Snapshot().status, 200) << n;
  }
  EXPECT_GE(failed, 4);
}

}  // namespace
}  // namespace breakwater::api::native
