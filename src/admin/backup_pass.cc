#include "admin/backup_pass.h"

#include <algorithm>
#include <map>

#include "admin/patience.h"
#include "registry/content.h"

namespace breakwater::admin {
namespace {

constexpr std::string_view kBlobTable = "blob";
constexpr std::size_t kPiece = 1U << 20;

bool IsDamage(const Error& error) {
  return error.code() == ErrorCode::kDataCorrupt;
}

class Pass {
 public:
  Pass(BackupReader& reader, const BackupVisitor& visitor) : reader_(reader), visitor_(visitor) {}

  Result<BackupContents> Run() {
    BW_TRY(const std::string header, reader_.Header());
    BW_TRY(contents_.header, ParseBackupHeader(header));
    header_sha256_ = crypto::Sha256Hex(header);
    if (visitor_.header) BW_TRY_STATUS(visitor_.header(contents_.header));
    BW_TRY_STATUS(
        reader_.Rows(contents_.header.tables, [&](std::string_view path, const std::string& body) {
          return Tolerated(ReadPiece(path, body));
        }));
    BW_TRY_STATUS(reader_.Blobs(blobs_, [&](const NamedBlob& blob, io::Source* body) {
      return Tolerated(ReadBlob(blob, body));
    }));
    BW_TRY_STATUS(Tolerated(CheckManifest()));
    return std::move(contents_);
  }

 private:
  // What is damaged is reported, and others' errors end the pass.
  Status Tolerated(const Status& status) {
    if (status.ok()) return Ok();
    const Error& error = status.error();
    if (!IsDamage(error)) return error;
    ++contents_.damaged;
    return visitor_.damaged(error);
  }

  Status ReadPiece(std::string_view path, const std::string& body) {
    BW_TRY(const PieceName name, ParsePiecePath(path));
    hashes_[std::string(path)] = crypto::Sha256Hex(body);
    const auto& tables = contents_.header.tables;
    const auto table = std::ranges::find(tables, name.table, &db::Table::name);
    if (table == tables.end()) return BackupDamaged(path, "there is no such table");
    const auto rows = DecodeRows(*table, body);
    if (!rows.ok()) return BackupDamaged(path, rows.error().message());
    contents_.rows += static_cast<std::int64_t>(rows->size());
    all_.try_emplace(name.table, crypto::HashAlgorithm::kSha256).first->second.Update(body);
    if (name.table == kBlobTable) {
      const Status collected = CollectBlobs(*table, *rows, blobs_);
      if (!collected.ok()) return BackupDamaged(path, collected.error().message());
    }
    return visitor_.rows ? visitor_.rows(*table, *rows) : Ok();
  }

  Status ReadBlob(const NamedBlob& blob, io::Source* body) {
    if (body == nullptr) return BackupDamaged(BlobPath(blob.digest), "it is not there");
    CheckedSource checked(*body, blob);
    if (visitor_.blob) {
      BW_TRY_STATUS(visitor_.blob(blob, checked));
    } else {
      Bytes buffer(kPiece);
      for (;;) {
        BW_TRY(const std::size_t count, checked.Read(buffer));
        if (count == 0) break;
      }
    }
    ++contents_.blobs;
    contents_.blob_bytes += blob.size;
    return Ok();
  }

  Status CheckManifest() {
    BW_TRY(const std::string text, reader_.Manifest());
    BW_TRY(const BackupManifest manifest, ParseBackupManifest(text));
    contents_.manifest_sha256 = crypto::Sha256Hex(text);
    if (manifest.header_sha256 != header_sha256_) {
      BW_TRY_STATUS(Tolerated(BackupDamaged(kHeaderFile, "it is not what its digest is of")));
    }
    for (const auto& table : manifest.tables) BW_TRY_STATUS(CheckTable(table));
    for (const auto& [path, hash] : hashes_) {
      BW_TRY_STATUS(Tolerated(BackupDamaged(path, "the manifest does not know it")));
    }
    if (contents_.damaged == 0 && (manifest.blobs != static_cast<std::int64_t>(blobs_.size()) ||
                                   manifest.blob_bytes != contents_.blob_bytes)) {
      return BackupDamaged(kManifestFile, "the blobs are not those it counts");
    }
    if (contents_.damaged == 0 && visitor_.end) return visitor_.end(manifest);
    return Ok();
  }

  Status CheckTable(const BackupManifest::TableRows& table) {
    bool whole = true;
    for (std::size_t piece = 0; piece < table.pieces.size(); ++piece) {
      const std::string path = PiecePath(table.table, piece);
      const auto found = hashes_.find(path);
      const bool there = found != hashes_.end();
      if (!there || found->second != table.pieces[piece]) {
        whole = false;
        BW_TRY_STATUS(Tolerated(
            BackupDamaged(path, there ? "it is not what its digest is of" : "it is not there")));
      }
      if (there) hashes_.erase(found);
    }
    const auto found = all_.find(table.table);
    const std::string sha256 =
        found == all_.end() ? crypto::Sha256Hex("") : HexEncode(found->second.Finish());
    if (!whole || sha256 == table.sha256) return Ok();
    return Tolerated(BackupDamaged(PiecePath(table.table, 0), "its table's digest is another"));
  }

  BackupReader& reader_;
  const BackupVisitor& visitor_;
  BackupContents contents_;
  std::string header_sha256_;
  std::map<std::string, std::string> hashes_;  // of pieces, by path
  std::map<std::string, crypto::Hasher> all_;  // of tables
  std::vector<NamedBlob> blobs_;
};

}  // namespace

Result<BackupContents> PassThrough(BackupReader& reader, const BackupVisitor& visitor) {
  return Pass(reader, visitor).Run();
}

Status CollectBlobs(const db::Table& table, const std::vector<Values>& rows,
                    std::vector<NamedBlob>& blobs) {
  const auto column = [&](std::string_view name) {
    return static_cast<std::size_t>(table.IndexOf(name));
  };
  if (table.IndexOf("digest") < 0 || table.IndexOf("size") < 0 || table.IndexOf("place") < 0) {
    return DataCorrupt("the table of blobs has other columns");
  }
  for (const Values& row : rows) {
    const auto* digest = std::get_if<std::string>(&row[column("digest")]);
    const auto* size = std::get_if<std::int64_t>(&row[column("size")]);
    const auto* place = std::get_if<std::int64_t>(&row[column("place")]);
    if (digest == nullptr || size == nullptr || place == nullptr || *size < 0) {
      return DataCorrupt("a row of the table of blobs is none");
    }
    if (*place != static_cast<std::int64_t>(registry::BlobPlace::kStore)) continue;
    const auto parsed = oci::Digest::Parse(*digest);
    if (!parsed.ok()) return DataCorrupt("a blob's digest is none");
    blobs.push_back({.digest = *parsed, .size = static_cast<std::uint64_t>(*size)});
  }
  return Ok();
}

Result<std::vector<Values>> DecodeRows(const db::Table& table, std::string_view piece) {
  BW_TRY(Values values, Decode(piece));
  const std::size_t width = table.columns.size();
  if (width == 0 || values.size() % width != 0) return DataCorrupt("it ends within a row");
  std::vector<Values> rows;
  rows.reserve(values.size() / width);
  for (auto at = values.begin(); at != values.end(); at += static_cast<std::ptrdiff_t>(width)) {
    const auto next = at + static_cast<std::ptrdiff_t>(width);
    rows.emplace_back(std::make_move_iterator(at), std::make_move_iterator(next));
  }
  return rows;
}

Error CheckedSource::Damaged(std::string_view what) {
  failed_ = true;
  return BackupDamaged(BlobPath(blob_.digest), what);
}

Result<std::size_t> CheckedSource::Read(std::span<std::byte> out) {
  if (failed_) return Damaged("its bytes are not those of its digest");
  auto read = source_.Read(out);
  if (!read.ok()) {
    failed_ = true;
    // Who does not give them says nothing about them.
    if (Passes(read.error())) return read;
    return Damaged(read.error().message());
  }
  const bool more = *read > 0;
  read_ += *read;
  if (read_ > blob_.size) return Damaged("it is longer than it was");
  if (!more && read_ < blob_.size) return Damaged("it is shorter than it was");
  hasher_.Update(ByteView(out).first(*read));
  if (more && read_ < blob_.size) return read;
  // An empty one, or the last piece.
  if (more || blob_.size == 0) {
    const auto found = oci::Digest::FromHash(blob_.digest.algorithm(), hasher_.Clone().Finish());
    if (found != blob_.digest) return Damaged("its bytes are not those of its digest");
  }
  return read;
}

}  // namespace breakwater::admin
