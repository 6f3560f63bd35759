// What a backup consists of, as a directory or one tar file:
//
//   backup.json                  what it is of: program, schema, tables, installation
//   rows/TABLE/000000            rows in pieces, encoded (admin/values.h), in the key's order
//   blobs/sha256/HEX             blobs, whose names are their digests
//   manifest.json                SHA-256 of backup.json and of every piece, digest of every table
//   manifest.json.sha256         of that: what is written last
//
// So the last file vouches for everything: the manifest for the pieces, these for the blobs that
// they name. In a directory, all but the blobs lie in snapshots/MOMENT/, so that it may hold
// several backups of the same installation, which share blobs.
//
// Secrets in rows stay sealed with the installation's master key, which is no part of a backup.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "db/schema.h"
#include "json/json.h"
#include "oci/digest.h"

namespace breakwater::admin {

inline constexpr std::string_view kBackupFormat = "breakwater-backup/1";
inline constexpr std::string_view kHeaderFile = "backup.json";
inline constexpr std::string_view kManifestFile = "manifest.json";
inline constexpr std::string_view kSealFile = "manifest.json.sha256";
// Of one of these files, or of one piece: far beyond what is written.
inline constexpr std::size_t kMaxBackupFile = 256U << 20;

struct BackupHeader {
  std::string program;  // its version
  Timestamp created;
  std::string installation;            // ReadInstallation
  std::string master_key_fingerprint;  // app::MasterKeyFingerprint
  std::vector<std::int64_t> schema;    // versions of migrations
  std::vector<db::Table> tables;       // in the order of their rows; `references` are left out
};
json::Value ToJson(const BackupHeader& header);
// kDataCorrupt "backup_damaged"; kUnsupported "backup_format" if it is of another format.
Result<BackupHeader> ParseBackupHeader(std::string_view text);

struct BackupManifest {
  struct TableRows {
    std::string table;
    std::int64_t rows = 0;
    std::string sha256;  // over the encodings of all rows
    std::int64_t last_number = 0;
    std::vector<std::string> pieces;  // their SHA-256, in order
  };
  std::string header_sha256;
  std::vector<TableRows> tables;
  std::int64_t blobs = 0;
  std::uint64_t blob_bytes = 0;
};
json::Value ToJson(const BackupManifest& manifest);
Result<BackupManifest> ParseBackupManifest(std::string_view text);  // kDataCorrupt

// "rows/audit_record/000012"
std::string PiecePath(std::string_view table, std::size_t piece);
// The table and number of a path that PiecePath made; kDataCorrupt for others.
struct PieceName {
  std::string table;
  std::size_t piece = 0;
};
Result<PieceName> ParsePiecePath(std::string_view path);
std::string BlobPath(const oci::Digest& digest);  // "blobs/sha256/…"

// "… is damaged", with the file's name: kDataCorrupt "backup_damaged".
Error BackupDamaged(std::string_view file, std::string_view what);

}  // namespace breakwater::admin
