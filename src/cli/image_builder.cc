#include "cli/image_builder.h"

#include <algorithm>
#include <set>

#include "io/decompress.h"
#include "io/file.h"
#include "json/json.h"
#include "oci/media_types.h"

namespace breakwater::cli {
namespace {

namespace fs = std::filesystem;
using json::Text;

constexpr std::size_t kMaxFile = 64U << 20;
constexpr std::size_t kMaxLayer = 256U << 20;
constexpr std::string_view kConfigType = "application/vnd.oci.image.config.v1+json";
constexpr std::string_view kLayerType = "application/vnd.oci.image.layer.v1.tar+gzip";
constexpr const char* kStatus = "var/lib/dpkg/status";
constexpr const char* kStatusDirectory = "var/lib/dpkg/status.d";
constexpr const char* kOsRelease = "usr/lib/os-release";
constexpr const char* kEtcOsRelease = "etc/os-release";
constexpr const char* kDebianVersion = "etc/debian_version";

std::int64_t ModifiedAt(const fs::path& path) {
  std::error_code error;
  const auto time = fs::last_write_time(path, error);
  if (error) return 0;
  return std::chrono::floor<std::chrono::seconds>(std::chrono::file_clock::to_sys(time))
      .time_since_epoch()
      .count();
}

// Reads the file, through symbolic links, into the layer under the name `path`.
Status Take(const fs::path& root, const std::string& path, std::vector<ImageFile>& files) {
  BW_TRY(std::string body, io::ReadFile(root / path, kMaxFile).Context("/" + path));
  files.push_back({{.path = path, .mtime = ModifiedAt(root / path)}, std::move(body)});
  return Ok();
}

Status TakeIfThere(const fs::path& root, const std::string& path, std::vector<ImageFile>& files) {
  std::error_code error;
  return fs::is_regular_file(root / path, error) ? Take(root, path, files) : Ok();
}

Status TakeStatusDirectory(const fs::path& root, std::vector<ImageFile>& files) {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator at(root / kStatusDirectory, error), end; !error && at != end;
       at.increment(error)) {
    if (at->is_regular_file(error)) names.push_back(at->path().filename().string());
  }
  std::ranges::sort(names);
  for (const std::string& name : names) {
    BW_TRY_STATUS(Take(root, std::string(kStatusDirectory) + "/" + name, files));
  }
  return Ok();
}

// As Debian has it: the file in /usr/lib, a link in /etc. Elsewhere /etc may hold the file itself.
Status TakeOsRelease(const fs::path& root, std::vector<ImageFile>& files) {
  std::error_code error;
  const bool in_lib = fs::is_regular_file(root / kOsRelease, error);
  if (!in_lib) return Take(root, kEtcOsRelease, files);
  BW_TRY_STATUS(Take(root, kOsRelease, files));
  files.push_back({{.path = kEtcOsRelease,
                    .type = io::TarType::kSymlink,
                    .link_target = std::string("../") + kOsRelease,
                    .mode = 0777,
                    .mtime = ModifiedAt(root / kOsRelease)},
                   ""});
  return Ok();
}

// Every directory above an entry, before what is in it.
std::vector<ImageFile> WithDirectories(std::vector<ImageFile> files) {
  std::set<std::string> directories;
  for (const ImageFile& file : files) {
    for (fs::path up = fs::path(file.entry.path).parent_path(); !up.empty();
         up = up.parent_path()) {
      directories.insert(up.generic_string());
    }
  }
  std::vector<ImageFile> all;
  for (const std::string& directory : directories) {
    all.push_back({{.path = directory, .type = io::TarType::kDirectory, .mode = 0755}, ""});
  }
  std::ranges::sort(files, {}, [](const ImageFile& file) { return file.entry.path; });
  std::ranges::move(files, std::back_inserter(all));
  return all;
}

Result<std::string> Tar(const std::vector<ImageFile>& files) {
  io::StringSink sink(kMaxLayer);
  io::TarWriter tar(sink);
  for (const ImageFile& file : files) BW_TRY_STATUS(tar.Add(file.entry, file.body));
  BW_TRY_STATUS(tar.Finish());
  return sink.Take();
}

Result<std::string> Gzip(std::string_view bytes) {
  io::StringSink sink(kMaxLayer);
  io::GzipSink gzip(sink);
  BW_TRY_STATUS(gzip.Write(AsBytes(bytes)));
  BW_TRY_STATUS(gzip.Finish());
  return sink.Take();
}

std::string ConfigOf(const ImageSpec& spec, const oci::Digest& diff_id) {
  const std::string created = FormatRfc3339(spec.created);
  json::Object labels;
  for (const auto& [name, value] : spec.labels) labels[name] = Text(value);
  return json::Serialize(
      {{"created", Text(created)},
       {"architecture", Text(spec.architecture)},
       {"os", "linux"},
       {"config", {{"Labels", std::move(labels)}}},
       {"rootfs", {{"type", "layers"}, {"diff_ids", json::Array{Text(diff_id.text())}}}},
       {"history",
        json::Array{json::Object{{"created", Text(created)}, {"created_by", "breakwater tour"}}}}});
}

json::Object Descriptor(std::string_view type, const oci::Digest& digest, std::string_view bytes) {
  return {{"mediaType", Text(type)}, {"digest", Text(digest.text())}, {"size", bytes.size()}};
}

}  // namespace

Result<std::vector<ImageFile>> ReadDebianUserland(const fs::path& root) {
  std::vector<ImageFile> files;
  BW_TRY_STATUS(TakeIfThere(root, kStatus, files));
  BW_TRY_STATUS(TakeStatusDirectory(root, files));
  if (files.empty()) {
    return NotFound(
               "this machine has no dpkg database (/var/lib/dpkg/status), so there is no "
               "Debian userland to make an image of")
        .Reason("no_dpkg_database");
  }
  BW_TRY_STATUS(TakeOsRelease(root, files));
  BW_TRY_STATUS(TakeIfThere(root, kDebianVersion, files));
  return WithDirectories(std::move(files));
}

Result<BuiltImage> BuildImage(const std::vector<ImageFile>& files, const ImageSpec& spec) {
  BW_TRY(const std::string tar, Tar(files));
  const oci::Digest diff_id = oci::Digest::Of(AsBytes(tar));
  BW_TRY(std::string layer, Gzip(tar));
  const oci::Digest layer_digest = oci::Digest::Of(AsBytes(layer));
  std::string config = ConfigOf(spec, diff_id);
  const oci::Digest config_digest = oci::Digest::Of(AsBytes(config));
  std::string manifest =
      json::Serialize({{"schemaVersion", 2},
                       {"mediaType", Text(oci::kOciManifest)},
                       {"config", Descriptor(kConfigType, config_digest, config)},
                       {"layers", json::Array{Descriptor(kLayerType, layer_digest, layer)}}});
  const oci::Digest digest = oci::Digest::Of(AsBytes(manifest));
  return BuiltImage{.layer = std::move(layer),
                    .config = std::move(config),
                    .manifest = std::move(manifest),
                    .diff_id = diff_id,
                    .layer_digest = layer_digest,
                    .config_digest = config_digest,
                    .digest = digest};
}

std::string ArchitectureOf(std::string_view machine) {
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  if (machine == "i686" || machine == "i386") return "386";
  if (machine.starts_with("arm")) return "arm";
  return std::string(machine);  // ppc64le, s390x and riscv64 are the same word
}

}  // namespace breakwater::cli
