#include "registry/blobs.h"

#include "base/check.h"
#include "registry/absent_layers.h"
#include "registry/content.h"

namespace breakwater::registry {
namespace {

constexpr db::EpochCacheLimits kKeptWhole{.max_bytes = 64U << 20,
                                          .max_entry_bytes = 2 * kMaxInlineBlob};
constexpr db::EpochCacheLimits kKeptRows{.max_bytes = 8U << 20};

// A part of bytes that it keeps alive.
class SharedSource final : public io::Source {
 public:
  SharedSource(OpenedBlob::Bytes bytes, std::uint64_t offset, std::uint64_t length)
      : bytes_(std::move(bytes)), source_(std::string_view(*bytes_).substr(offset, length)) {}
  Result<std::size_t> Read(std::span<std::byte> out) override { return source_.Read(out); }

 private:
  OpenedBlob::Bytes bytes_;
  io::StringSource source_;
};

// Keeps the blob open while it is read.
class BlobSource final : public io::Source {
 public:
  BlobSource(std::unique_ptr<blob::Blob> blob, std::unique_ptr<io::Source> source)
      : blob_(std::move(blob)), source_(std::move(source)) {}
  Result<std::size_t> Read(std::span<std::byte> out) override { return source_->Read(out); }

 private:
  std::unique_ptr<blob::Blob> blob_;
  std::unique_ptr<io::Source> source_;
};

}  // namespace

Result<std::unique_ptr<io::Source>> OpenedBlob::Read(std::uint64_t offset,
                                                     std::uint64_t length) && {
  BW_CHECK(offset <= size && length <= size - offset);
  if (auto* bytes = std::get_if<Bytes>(&content)) {
    return std::unique_ptr<io::Source>(
        std::make_unique<SharedSource>(std::move(*bytes), offset, length));
  }
  auto blob = std::get<std::unique_ptr<blob::Blob>>(std::move(content));
  BW_TRY(auto source, blob->Read(offset, length));
  return std::unique_ptr<io::Source>(
      std::make_unique<BlobSource>(std::move(blob), std::move(source)));
}

struct Blobs::Held {
  BlobRow row;
  std::string content;  // empty where only the row was asked for, or it lies in the store
};

// What a push may rely on.
struct Blobs::Promise {
  std::uint64_t size = 0;
  Timestamp leased_until;
  bool needed = false;  // by a manifest
};

Blobs::Blobs(db::Database& database, blob::BlobStore& store, const Clock& clock, BlobLinks links)
    : database_(database),
      store_(store),
      clock_(clock),
      links_(links),
      whole_(database, kKeptWhole, [](const Held& held) { return held.content.size(); }),
      rows_(database, kKeptRows),
      promises_(database, kKeptRows) {}

Blobs::~Blobs() = default;

Result<Blobs::Held> Blobs::Find(const RepositoryPath& path, const oci::Digest& digest,
                                bool with_content) const {
  return database_.ReadValue([&](db::Transaction& tx) -> Result<Held> {
    BW_TRY(const auto row, FindBlob(tx, path.registry, path.name, digest));
    if (!row) return BlobUnknown();
    Held held{.row = *row, .content = {}};
    if (with_content && row->place == BlobPlace::kRow) {
      BW_TRY(held.content, ReadBlobContent(tx, digest));
    }
    return held;
  });
}

Result<std::shared_ptr<const Blobs::Held>> Blobs::Row(const RepositoryPath& path,
                                                      const oci::Digest& digest) const {
  return rows_.Get({path.registry.value(), path.name, digest.text()},
                   [&] { return Find(path, digest, false); });
}

Result<std::uint64_t> Blobs::SizeOf(const RepositoryPath& path, const oci::Digest& digest) const {
  BW_TRY(const auto held, Row(path, digest));
  return held->row.size;
}

Result<Blobs::Promise> Blobs::FindPromise(const RepositoryPath& path,
                                          const oci::Digest& digest) const {
  return database_.ReadValue([&](db::Transaction& tx) -> Result<Promise> {
    BW_TRY(const auto found,
           tx.QueryOne("SELECT b.size, l.leased_until, CASE WHEN EXISTS (SELECT 1 FROM "
                       "manifest_reference e WHERE e.repository = l.repository "
                       "AND e.target = l.digest AND e.kind <> 2) THEN 1 ELSE 0 END "
                       "FROM repository r "
                       "JOIN repository_blob l ON l.repository = r.id AND l.digest = $3 "
                       "JOIN blob b ON b.digest = l.digest WHERE r.registry = $1 AND r.name = $2",
                       {path.registry, path.name, digest.text()}, [](const db::Row& row) {
                         return Promise{.size = static_cast<std::uint64_t>(row.Int(0)),
                                        .leased_until = row.Time(1),
                                        .needed = row.Bool(2)};
                       }));
    if (!found) return BlobUnknown();
    return *found;
  });
}

Result<std::uint64_t> Blobs::Head(const RepositoryPath& path, const oci::Digest& digest) const {
  BW_TRY(const auto promise, promises_.Get({path.registry.value(), path.name, digest.text()},
                                           [&] { return FindPromise(path, digest); }));
  if (promise->needed || promise->leased_until >= clock_.Now() + kLeaseAtHead) {
    return promise->size;
  }
  return BlobUnknown();
}

Result<std::optional<std::string>> Blobs::UrlOf(const RepositoryPath& path,
                                                const oci::Digest& digest,
                                                std::chrono::seconds life) const {
  BW_TRY(const auto held, Row(path, digest));
  if (held->row.place == BlobPlace::kRow) return std::optional<std::string>();
  return store_.PresignGet(digest, life);
}

Result<OpenedBlob> Blobs::Open(const RepositoryPath& path, const oci::Digest& digest) const {
  BW_TRY(const auto held, whole_.Get({path.registry.value(), path.name, digest.text()},
                                     [&] { return Find(path, digest, true); }));
  OpenedBlob opened{.size = held->row.size, .content = OpenedBlob::Bytes(held, &held->content)};
  if (held->row.place == BlobPlace::kRow) return opened;
  auto blob = store_.Open(digest);
  if (!blob.ok() && blob.error().code() == ErrorCode::kNotFound) {
    // Deleted between the row and here? Then it is as if it had never been there.
    BW_TRY_STATUS(SizeOf(path, digest));
    return DataCorrupt("the blob's bytes are missing").Log("blob store lacks " + digest.text());
  }
  BW_TRY(auto handle, std::move(blob));
  if (handle->size() != opened.size) {
    return DataCorrupt("the blob's bytes are damaged").Log("size of " + digest.text());
  }
  opened.content = std::move(handle);
  return opened;
}

Status Blobs::Delete(const RepositoryPath& path, const oci::Digest& digest) {
  return database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY(const auto repository, FindRepository(tx, path.registry, path.name));
    if (!repository) return BlobUnknown();
    BW_TRY(const auto needed,
           tx.QueryOne("SELECT 1 FROM manifest_reference WHERE repository = $1 AND target = $2 "
                       "AND kind <> 2 LIMIT 1",
                       {*repository, digest.text()}, [](const db::Row&) { return true; }));
    BW_TRY(const auto removed,
           tx.Execute("DELETE FROM repository_blob WHERE repository = $1 AND digest = $2",
                      {*repository, digest.text()}));
    if (removed == 0) return BlobUnknown();
    if (needed) {
      return Unsupported("a manifest of this repository needs the blob: delete the manifest first")
          .Reason("blob_in_use");
    }
    return NoteLapsedLink(tx, *repository, digest.text(), clock_.Now());
  });
}

Result<std::vector<std::string>> Blobs::Holders(const RegistryName& registry,
                                                const AccountId& account, const oci::Digest& digest,
                                                std::size_t limit) const {
  return database_.ReadValue([&](db::Transaction& tx) {
    return tx.QueryAll(
        "SELECT r.name FROM repository_blob l JOIN repository r "
        "ON r.id = l.repository JOIN namespace n ON n.registry = r.registry AND "
        "n.name = r.name_space WHERE l.digest = $1 AND r.registry = $2 AND n.account = $3 "
        "ORDER BY r.name LIMIT $4",
        {digest.text(), registry, account, limit},
        [](const db::Row& row) { return row.String(0); });
  });
}

Result<bool> Blobs::Mount(const RepositoryPath& target, const oci::Digest& digest,
                          const std::string& source) {
  BW_TRY(const Admission::Terms terms, links_.TermsOf(target));
  return database_.WriteValue([&](db::Transaction& tx) -> Result<bool> {
    BW_TRY(const auto row, FindBlob(tx, target.registry, source, digest));
    if (!row) return false;
    const Timestamp now = clock_.Now();
    BW_TRY(const std::string repository, EnsureRepository(tx, target, now));
    BW_TRY_STATUS(links_.Link(tx, target, repository, digest, now, terms));
    return true;
  });
}

}  // namespace breakwater::registry
