// Installations to take backups of, and what takes them. For tests of admin/.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "admin/backup.h"
#include "admin/backup_snapshot.h"
#include "crypto/sealing.h"
#include "iam/signing_keys.h"
#include "registry/testing.h"

namespace breakwater::admin::testing {

using registry::testing::Bytes;
using registry::testing::ImageManifest;
using registry::testing::World;

// An installation with images and audit records.
class Source {
 public:
  Source() {
    BW_CHECK(iam::SigningKeys::Open(db(), key, world.clock).ok());
    Run("INSERT INTO installation (name, value) VALUES ('master_key_fingerprint', 'print')");
    Push("team/app", layers, "v1");
    BW_CHECK(world.log.Seal().ok());
    Run("INSERT INTO iam_account (id, name, owner, created_at) VALUES ('acc', 'Caf\u00e9', 'o', "
        "1)");
  }

  db::Database& db() { return world.owner->database(); }
  void Run(const std::string& sql) {
    const Status status = db().Write([&](db::Transaction& tx) -> Status {
      BW_TRY_STATUS(tx.Execute(sql));
      return Ok();
    });
    if (!status.ok()) ADD_FAILURE() << status.error().message() << status.error().log();
  }
  void Push(const std::string& repository, const std::vector<std::string>& of,
            const std::string& tag) {
    const auto path = world.Repository(repository);
    const std::string config = "{}";
    for (const std::string& layer : of) BW_CHECK(world.PushBlob(path, layer).ok());
    BW_CHECK(world.PushBlob(path, config).ok());
    const std::string manifest = ImageManifest(config, of);
    BW_CHECK(world.services->manifests
                 .Put(world.Caller(), path,
                      {.content = manifest,
                       .content_type = "application/vnd.oci.image.manifest.v1+json",
                       .reference = *oci::Reference::Parse(tag),
                       .tags = {}})
                 .ok());
  }

  Secret key = crypto::NewSealingKey();
  std::vector<std::string> layers = {Bytes(registry::kMaxInlineBlob + 1), Bytes(70'000, 'b'),
                                     Bytes(2'500'000, 'c'), Bytes(100, 'd')};
  World world;
};

// A blob with what reads it, from a byte on.
class Opened final : public io::Source {
 public:
  Opened(std::unique_ptr<blob::Blob> blob, std::uint64_t from)
      : blob_(std::move(blob)), source_(*blob_->Read(from, blob_->size() - from)) {}
  Result<std::size_t> Read(std::span<std::byte> out) override { return source_->Read(out); }

 private:
  std::unique_ptr<blob::Blob> blob_;
  std::unique_ptr<io::Source> source_;
};

// Straight from the server, without a network.
inline BackupFeed FeedOf(BackupSource& source) {
  return {.snapshot = [&source] { return source.Snapshot(); },
          .blob = [&source](const NamedBlob& blob,
                            std::uint64_t from) -> Result<std::unique_ptr<io::Source>> {
            BW_TRY(auto opened, source.Open(blob.digest));
            return std::unique_ptr<io::Source>(std::make_unique<Opened>(std::move(opened), from));
          },
          .keep = [&source](const NamedBlob& blob) -> Status {
            BW_TRY_STATUS(source.Keep(blob.digest));
            return Ok();
          }};
}

// One attempt.
inline Patience NoPatience() {
  Patience patience;
  patience.attempts = 1;
  patience.pause = [](std::chrono::milliseconds) {};
  return patience;
}

}  // namespace breakwater::admin::testing
