// The files of a backup: a line that names one, and its content. What is read is written and read
// again as it was; no name leads out of the backup.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "admin/backup_format.h"
#include "admin/backup_pass.h"
#include "base/check.h"
#include "json/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace breakwater;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  const std::string_view name = text.substr(0, end);
  const std::string_view body = end == text.npos ? "" : text.substr(end + 1);

  if (const auto piece = admin::ParsePiecePath(name); piece.ok()) {
    BW_CHECK(admin::PiecePath(piece->table, piece->piece) == name);
    BW_CHECK(piece->table.find('/') == std::string::npos);
  }
  if (const auto header = admin::ParseBackupHeader(body); header.ok()) {
    const std::string written = json::Serialize(admin::ToJson(*header));
    const auto again = admin::ParseBackupHeader(written);
    BW_CHECK(again.ok() && json::Serialize(admin::ToJson(*again)) == written);
  }
  if (const auto manifest = admin::ParseBackupManifest(body); manifest.ok()) {
    const std::string written = json::Serialize(admin::ToJson(*manifest));
    const auto again = admin::ParseBackupManifest(written);
    BW_CHECK(again.ok() && json::Serialize(admin::ToJson(*again)) == written);
  }
  const db::Table table{.name = "blob",
                        .columns = {{"digest", db::ColumnType::kText},
                                    {"place", db::ColumnType::kInteger},
                                    {"size", db::ColumnType::kInteger}},
                        .primary_key = {"digest"},
                        .references = {},
                        .numbered = {}};
  if (const auto rows = admin::DecodeRows(table, body); rows.ok()) {
    std::string written;
    for (const admin::Values& row : *rows) written += admin::Encode(row);
    const auto again = admin::DecodeRows(table, written);
    BW_CHECK(again.ok() && again->size() == rows->size());
    std::vector<admin::NamedBlob> blobs;
    static_cast<void>(admin::CollectBlobs(table, *rows, blobs));
    BW_CHECK(blobs.size() <= rows->size());
  }
  return 0;
}
