// Helpers for tests of blob stores.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "blob/blob_store.h"

namespace breakwater::blob::testing {

// An empty store; goes away with everything in it.
class TestStore {
 public:
  virtual ~TestStore() = default;
  virtual BlobStore& store() = 0;
  // As after a restart of the server: a new BlobStore over the same content.
  virtual void Reopen() = 0;
};

struct BlobStoreBackend {
  std::string name;
  std::function<std::unique_ptr<TestStore>()> make;
};

inline void PrintTo(const BlobStoreBackend& backend, std::ostream* out) {
  *out << backend.name;
}

inline oci::Digest DigestOf(std::string_view content) {
  return oci::Digest::Of(AsBytes(content));
}

// Stages `content`; the upload, flushed.
inline std::unique_ptr<Staged> StageText(BlobStore& store, std::string_view content) {
  auto staged = store.Stage();
  EXPECT_TRUE(staged.ok());
  EXPECT_TRUE((*staged)->Append(AsBytes(content)).ok());
  EXPECT_TRUE((*staged)->Flush().ok());
  return *std::move(staged);
}

inline Status CommitOne(BlobStore& store, Staged& staged, const oci::Digest& digest) {
  const CommitItem item{&staged, digest};
  auto outcomes = store.Commit(std::span(&item, 1));
  EXPECT_EQ(outcomes.size(), 1U);
  return std::move(outcomes.front());
}

inline Result<std::string> ReadText(BlobStore& store, const oci::Digest& digest) {
  BW_TRY(const auto blob, store.Open(digest));
  BW_TRY(const auto source, blob->Read(0, blob->size()));
  return io::ReadAll(*source, std::size_t{1} << 30);
}

inline std::map<std::string, std::uint64_t> StagedSizes(BlobStore& store) {
  std::map<std::string, std::uint64_t> sizes;
  const Status listed = store.ListStaged([&](const BlobStore::StagedInfo& info) {
    sizes[info.id] = info.size;
    return Ok();
  });
  EXPECT_TRUE(listed.ok());
  return sizes;
}

}  // namespace breakwater::blob::testing
