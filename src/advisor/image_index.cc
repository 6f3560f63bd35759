#include "advisor/image_index.h"

#include "advisor/image_issues.h"
#include "base/check.h"
#include "json/json.h"

namespace breakwater::advisor {
namespace {

std::string_view ToString(ImageKind kind) {
  switch (kind) {
    case ImageKind::kImage: return "image";
    case ImageKind::kNotAnImage: return "not_an_image";
  }
  BW_UNREACHABLE();
}

std::string ProblemsText(const std::vector<std::string>& problems) {
  json::Array array;
  for (const std::string& problem : problems) array.push_back(json::Text(problem));
  return json::Serialize(array);
}

Result<std::vector<std::string>> ParseProblems(std::string_view text) {
  BW_TRY(const json::Value value, json::Parse(text));
  std::vector<std::string> problems;
  for (const json::Value& problem : value.as_array()) {
    problems.emplace_back(json::View(problem.as_string()));
  }
  return problems;
}

ImageKind ParseKind(std::string_view text) {
  return text == "image" ? ImageKind::kImage : ImageKind::kNotAnImage;
}

Result<ImageIndex> IndexOf(const db::Row& row) {
  ImageIndex index;
  index.kind = ParseKind(row.Text(0));
  index.inventory.os.id = row.String(1);
  index.inventory.os.version_id = row.String(2);
  index.inventory.os.version_codename = row.String(3);
  index.inventory.os.pretty_name = row.String(4);
  BW_TRY(index.inventory.problems, ParseProblems(row.Text(5)));
  index.indexed = row.Time(6);
  return index;
}

package::Package PackageOf(const db::Row& row) {
  return {.type = row.String(0),
          .name = row.String(1),
          .version = row.String(2),
          .architecture = row.String(3),
          .source_name = row.String(4),
          .source_version = row.String(5),
          .location = row.String(6)};
}

Status SavePackage(db::Transaction& tx, const oci::Digest& digest, const package::Package& p) {
  // The same package in two databases of one image is the same package.
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO advisor_package (digest, name, architecture, version, source_name, "
                 "source_version, type, location) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
                 "ON CONFLICT DO NOTHING",
                 {digest.text(), p.name, p.architecture, p.version, p.source_name, p.source_version,
                  p.type, p.location}));
  return Ok();
}

}  // namespace

Result<std::optional<ImageIndex>> FindIndex(db::Transaction& tx, const oci::Digest& digest) {
  BW_TRY(auto index, tx.QueryOne("SELECT kind, os_id, os_version, os_codename, os_name, problems, "
                                 "indexed FROM advisor_image WHERE digest = $1 AND analyser = $2",
                                 {digest.text(), kAnalyserVersion}, IndexOf));
  if (!index) return index;
  BW_TRY(index->inventory.packages,
         tx.QueryAll("SELECT type, name, version, architecture, source_name, source_version, "
                     "location FROM advisor_package WHERE digest = $1 "
                     "ORDER BY name, architecture, version",
                     {digest.text()}, PackageOf));
  return index;
}

Result<std::optional<ImageKind>> FindKind(db::Transaction& tx, const oci::Digest& digest) {
  return tx.QueryOne("SELECT kind FROM advisor_image WHERE digest = $1 AND analyser = $2",
                     {digest.text(), kAnalyserVersion},
                     [](const db::Row& row) { return ParseKind(row.Text(0)); });
}

Status SaveIndex(db::Transaction& tx, const oci::Digest& digest, const ImageIndex& index) {
  BW_TRY_STATUS(RemoveIndex(tx, digest));
  const package::OsRelease& os = index.inventory.os;
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO advisor_image (digest, analyser, indexed, kind, os_id, os_version, os_codename, "
      "os_name, problems) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      {digest.text(), kAnalyserVersion, index.indexed, ToString(index.kind), os.id, os.version_id,
       os.version_codename, os.pretty_name, ProblemsText(index.inventory.problems)}));
  for (const package::Package& package : index.inventory.packages) {
    BW_TRY_STATUS(SavePackage(tx, digest, package));
  }
  return Ok();
}

Status RemoveIndex(db::Transaction& tx, const oci::Digest& digest) {
  BW_TRY_STATUS(RemoveIssues(tx, digest));
  BW_TRY_STATUS(tx.Execute("DELETE FROM advisor_package WHERE digest = $1", {digest.text()}));
  BW_TRY_STATUS(tx.Execute("DELETE FROM advisor_image WHERE digest = $1", {digest.text()}));
  return Ok();
}

}  // namespace breakwater::advisor
