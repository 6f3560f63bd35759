#include "registry/content_reader.h"

#include <algorithm>

#include "registry/blobs.h"
#include "registry/content.h"

namespace breakwater::registry {
namespace {

template <class T>
bool Allows(const std::vector<T>& list, std::string_view name) {
  return list.empty() || std::find(list.begin(), list.end(), name) != list.end();
}

// One row for each manifest and tag; `t.name` is null for an untagged manifest.
constexpr std::string_view kImages =
    "SELECT r.registry, r.name, r.name_space, m.digest, m.media_type, m.config_digest, "
    "m.content_size, m.created, m.pushed, t.name "
    "FROM namespace n JOIN repository r ON r.registry = n.registry AND r.name_space = n.name "
    "JOIN manifest m ON m.repository = r.id "
    "LEFT JOIN tag t ON t.repository = m.repository AND t.digest = m.digest "
    "WHERE n.account = $1 AND ($2 = '' OR n.registry = $2) "
    "ORDER BY r.registry, r.name, m.digest, t.name";

Result<ImageInfo> FromRow(const AccountId& account, const db::Row& row) {
  BW_TRY(oci::Digest digest, oci::Digest::Parse(row.Text(3)));
  ImageInfo image{.account = account,
                  .registry = RegistryName(row.String(0)),
                  .repository = row.String(1),
                  .digest = std::move(digest),
                  .media_type = row.String(4),
                  .config = std::nullopt,
                  .size = static_cast<std::uint64_t>(row.Int(6)),
                  .tags = {},
                  .created = row.Time(7),
                  .pushed = row.Time(8)};
  if (!row.IsNull(5)) {
    BW_TRY(image.config, oci::Digest::Parse(row.Text(5)));
  }
  return image;
}

}  // namespace

Result<ManifestBytes> ContentReader::ReadManifest(const std::optional<AccountId>& account,
                                                  const RegistryName& registry,
                                                  std::string_view repository,
                                                  const oci::Reference& reference) const {
  if (account) {
    const auto owner = OwnerOf(registry, repository);
    if (!owner.ok() && owner.error().code() != ErrorCode::kNotFound) return owner.error();
    if (!owner.ok() || *owner != *account) return ManifestUnknown();
  }
  const std::string sql =
      std::string("SELECT m.digest, m.media_type, m.content FROM repository r ") +
      (reference.is_digest() ? "JOIN manifest m ON m.repository = r.id AND m.digest = $3 "
                             : "JOIN tag t ON t.repository = r.id AND t.name = $3 "
                               "JOIN manifest m ON m.repository = r.id AND m.digest = t.digest ") +
      "WHERE r.registry = $1 AND r.name = $2";
  BW_TRY(auto found, database_.ReadValue([&](db::Transaction& tx) {
    return tx.QueryOne(sql, {registry, repository, reference.text()},
                       [](const db::Row& row) -> Result<ManifestBytes> {
                         BW_TRY(oci::Digest digest, oci::Digest::Parse(row.Text(0)));
                         return ManifestBytes{.digest = std::move(digest),
                                              .media_type = row.String(1),
                                              .content = std::string(AsText(row.Blob(2)))};
                       });
  }));
  if (!found) return ManifestUnknown();
  return *std::move(found);
}

Result<AccountId> ContentReader::OwnerOf(const RegistryName& registry,
                                         std::string_view repository) const {
  return database_.ReadValue([&](db::Transaction& tx) -> Result<AccountId> {
    BW_TRY(Namespace ns, Namespaces::Get(tx, registry, oci::NamespaceOf(repository)));
    return std::move(ns.account);
  });
}

Result<std::unique_ptr<io::Source>> ContentReader::OpenBlob(const oci::Digest& digest) const {
  OpenedBlob opened;
  BlobPlace place = BlobPlace::kRow;
  BW_TRY_STATUS(database_.Read([&](db::Transaction& tx) -> Status {
    BW_TRY(const auto row, tx.QueryOne("SELECT size, place FROM blob WHERE digest = $1",
                                       {digest.text()}, [](const db::Row& r) {
                                         return BlobRow{
                                             .size = static_cast<std::uint64_t>(r.Int(0)),
                                             .place = static_cast<BlobPlace>(r.Int(1))};
                                       }));
    if (!row) return BlobUnknown();
    opened.size = row->size;
    place = row->place;
    if (place == BlobPlace::kRow) {
      BW_TRY(std::string content, ReadBlobContent(tx, digest));
      opened.content = std::make_shared<const std::string>(std::move(content));
    }
    return Ok();
  }));
  if (place == BlobPlace::kStore) {
    BW_TRY(opened.content, store_.Open(digest));
  }
  const std::uint64_t size = opened.size;
  return std::move(opened).Read(0, size);
}

Result<std::string> ContentReader::ReadBlob(const oci::Digest& digest, std::size_t limit) const {
  BW_TRY(const auto source, OpenBlob(digest));
  return io::ReadAll(*source, limit);
}

Status ContentReader::VisitImages(const AccountId& account, const ImageFilter& filter,
                                  const std::function<Status(const ImageInfo&)>& visit) const {
  const std::string registry = filter.registry ? filter.registry->value() : std::string();
  return database_.Read([&](db::Transaction& tx) -> Status {
    std::optional<ImageInfo> current;
    BW_TRY_STATUS(tx.Query(kImages, {account, registry}, [&](const db::Row& row) -> Status {
      if (!Allows(filter.namespaces, row.Text(2)) || !Allows(filter.repositories, row.Text(1))) {
        return Ok();
      }
      BW_TRY(ImageInfo image, FromRow(account, row));
      const bool same = current && current->registry == image.registry &&
                        current->repository == image.repository && current->digest == image.digest;
      if (!same) {
        if (current) BW_TRY_STATUS(visit(*current));
        current = std::move(image);
      }
      if (!row.IsNull(9)) current->tags.push_back(row.String(9));
      return Ok();
    }));
    return current ? visit(*current) : Ok();
  });
}

Result<std::vector<ImageInfo>> ContentReader::ListImages(const AccountId& account,
                                                         const ImageFilter& filter) const {
  std::vector<ImageInfo> images;
  BW_TRY_STATUS(VisitImages(account, filter, [&](const ImageInfo& image) -> Status {
    images.push_back(image);
    return Ok();
  }));
  return images;
}

}  // namespace breakwater::registry
