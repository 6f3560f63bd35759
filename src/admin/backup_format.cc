#include "admin/backup_format.h"

#include <algorithm>

#include "base/strings.h"
#include "json/reader.h"

namespace breakwater::admin {
namespace {

using json::Text;

constexpr std::size_t kMaxTables = 10'000;
constexpr std::size_t kMaxPieces = 10'000'000;
constexpr std::size_t kPieceDigits = 6;
constexpr db::ColumnType kTypes[] = {db::ColumnType::kInteger, db::ColumnType::kReal,
                                     db::ColumnType::kText, db::ColumnType::kBytes};

json::Value TableJson(const db::Table& table) {
  json::Array columns;
  for (const db::Column& column : table.columns) {
    columns.push_back({{"name", Text(column.name)}, {"type", Text(db::ToString(column.type))}});
  }
  json::Array key;
  for (const std::string& name : table.primary_key) key.emplace_back(Text(name));
  return {{"name", Text(table.name)},
          {"columns", std::move(columns)},
          {"primary_key", std::move(key)},
          {"numbered", Text(table.numbered)}};
}

// Names become parts of paths.
bool IsTableName(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

db::Table ReadTable(const json::Reader& in) {
  db::Table table;
  table.name = in.Field("name").String();
  if (!IsTableName(table.name)) in.Fail("has a name that no table has");
  for (const json::Reader& column : in.Field("columns").Items(kMaxTables)) {
    const std::string type = column.Field("type").String();
    const auto* const known = std::ranges::find(
        kTypes, type, [](db::ColumnType one) { return std::string(db::ToString(one)); });
    if (known == std::end(kTypes)) {
      column.Fail("has an unknown type");
      break;
    }
    table.columns.push_back({.name = column.Field("name").String(), .type = *known});
  }
  table.primary_key = in.Field("primary_key").Strings(kMaxTables);
  table.numbered = in.String("numbered", "");
  return table;
}

Result<json::Value> ParseFile(std::string_view file, std::string_view text) {
  auto document = json::Parse(text, {.max_bytes = kMaxBackupFile, .max_depth = 16});
  if (!document.ok()) return BackupDamaged(file, document.error().message());
  return document;
}

Status Finished(std::string_view file, const json::Reader& in) {
  const Status read = in.Finish();
  return read.ok() ? Ok() : Status(BackupDamaged(file, read.error().message()));
}

}  // namespace

Error BackupDamaged(std::string_view file, std::string_view what) {
  return DataCorrupt(std::string(file) + " is damaged: " + std::string(what))
      .Reason("backup_damaged")
      .Detail("file", std::string(file));
}

json::Value ToJson(const BackupHeader& header) {
  json::Array schema;
  for (const std::int64_t version : header.schema) schema.emplace_back(version);
  json::Array tables;
  for (const db::Table& table : header.tables) tables.push_back(TableJson(table));
  return {{"format", Text(kBackupFormat)},
          {"program", Text(header.program)},
          {"created", Text(FormatRfc3339(header.created))},
          {"installation", Text(header.installation)},
          {"master_key_fingerprint", Text(header.master_key_fingerprint)},
          {"schema", std::move(schema)},
          {"tables", std::move(tables)}};
}

Result<BackupHeader> ParseBackupHeader(std::string_view text) {
  BW_TRY(const json::Value document, ParseFile(kHeaderFile, text));
  const json::Reader in(document);
  if (const std::string format = in.Field("format").String(); format != kBackupFormat) {
    return Unsupported("this is no backup of a format that this program knows (" +
                       format.substr(0, 64) + "; known: " + std::string(kBackupFormat) + ")")
        .Reason("backup_format");
  }
  BackupHeader header;
  header.program = in.Field("program").String();
  if (const auto created = ParseRfc3339(in.Field("created").String()); created.ok()) {
    header.created = *created;
  } else {
    in.Fail("has no time");
  }
  header.installation = in.Field("installation").String();
  header.master_key_fingerprint = in.Field("master_key_fingerprint").String();
  for (const json::Reader& version : in.Field("schema").Items(kMaxTables)) {
    header.schema.push_back(version.Int());
  }
  for (const json::Reader& table : in.Field("tables").Items(kMaxTables)) {
    header.tables.push_back(ReadTable(table));
  }
  BW_TRY_STATUS(Finished(kHeaderFile, in));
  return header;
}

json::Value ToJson(const BackupManifest& manifest) {
  json::Array tables;
  for (const auto& table : manifest.tables) {
    json::Array pieces;
    for (const std::string& piece : table.pieces) pieces.emplace_back(Text(piece));
    tables.push_back({{"table", Text(table.table)},
                      {"rows", table.rows},
                      {"sha256", Text(table.sha256)},
                      {"last_number", table.last_number},
                      {"pieces", std::move(pieces)}});
  }
  return {{"header_sha256", Text(manifest.header_sha256)},
          {"tables", std::move(tables)},
          {"blobs", manifest.blobs},
          {"blob_bytes", static_cast<std::int64_t>(manifest.blob_bytes)}};
}

Result<BackupManifest> ParseBackupManifest(std::string_view text) {
  BW_TRY(const json::Value document, ParseFile(kManifestFile, text));
  const json::Reader in(document);
  BackupManifest manifest;
  manifest.header_sha256 = in.Field("header_sha256").String();
  for (const json::Reader& table : in.Field("tables").Items(kMaxTables)) {
    manifest.tables.push_back({.table = table.Field("table").String(),
                               .rows = table.Field("rows").Int(),
                               .sha256 = table.Field("sha256").String(),
                               .last_number = table.Field("last_number").Int(),
                               .pieces = table.Field("pieces").Strings(kMaxPieces)});
  }
  manifest.blobs = in.Field("blobs").Int();
  manifest.blob_bytes = static_cast<std::uint64_t>(in.Field("blob_bytes").Int());
  BW_TRY_STATUS(Finished(kManifestFile, in));
  return manifest;
}

std::string PiecePath(std::string_view table, std::size_t piece) {
  std::string number = std::to_string(piece);
  if (number.size() < kPieceDigits) number.insert(0, kPieceDigits - number.size(), '0');
  return "rows/" + std::string(table) + "/" + number;
}

Result<PieceName> ParsePiecePath(std::string_view path) {
  const auto parts = SplitN(path, '/', 3);
  if (parts.size() == 3 && parts[0] == "rows") {
    const auto number = ParseInt(parts[2]);
    if (number.ok() && *number >= 0 && IsTableName(parts[1])) {
      PieceName name{.table = std::string(parts[1]), .piece = static_cast<std::size_t>(*number)};
      if (PiecePath(name.table, name.piece) == path) return name;
    }
  }
  return BackupDamaged(path, "it is no file of a backup");
}

std::string BlobPath(const oci::Digest& digest) {
  return "blobs/" + std::string(digest.algorithm_name()) + "/" + std::string(digest.hex());
}

}  // namespace breakwater::admin
