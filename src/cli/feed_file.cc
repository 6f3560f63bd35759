#include "cli/feed_file.h"

#include <algorithm>
#include <vector>

#include "io/decompress.h"
#include "io/tar.h"

namespace breakwater::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kArchiveEndings[] = {".tar", ".tar.gz", ".tgz", ".tar.zst"};
constexpr std::string_view kRecordEnding = ".json";
constexpr std::uint64_t kMaxRecord = 4U << 20;
// The server unpacks what is sent over a fast line: speed counts more than size.
constexpr int kPackLevel = 1;

bool IsArchive(std::string_view name) {
  return std::any_of(std::begin(kArchiveEndings), std::end(kArchiveEndings),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

bool IsRecord(std::string_view name) {
  return name.ends_with(kRecordEnding);
}

// "debian-osv-2025-02-12.tar.zst" for "…/debian/debian-osv-2025-02-12.tar.zst".
std::string NameOf(const fs::path& path) {
  return path.filename().empty() ? path.parent_path().filename().string()
                                 : path.filename().string();
}

struct Listing {
  std::vector<fs::path> archives;  // of Debian
  std::vector<fs::path> records;
};

Result<Listing> ListDirectory(const fs::path& directory) {
  Listing listing;
  std::error_code error;
  fs::recursive_directory_iterator at(directory, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    std::error_code ignored;
    if (!fs::is_regular_file(at->symlink_status(ignored))) continue;
    const std::string name = at->path().filename().string();
    if (IsArchive(name) && name.find("debian") != std::string::npos) {
      listing.archives.push_back(at->path());
    } else if (IsRecord(name)) {
      listing.records.push_back(at->path());
    }
  }
  if (error) {
    return Unavailable("the directory could not be read").Log(error.message());
  }
  const auto by_name = [](const fs::path& path) { return path.filename().string(); };
  std::ranges::sort(listing.archives, {}, by_name);
  std::ranges::sort(listing.records);
  return listing;
}

Result<FeedFile> OpenAsIs(const fs::path& path) {
  BW_TRY(io::File file, io::File::Open(path));
  const bool record = IsRecord(path.filename().string());
  FeedFile feed{.name = NameOf(path),
                .content_type = record ? "application/json" : "application/x-tar",
                .source = nullptr,
                .size = file.size(),
                .description = (record ? "the record " : "the archive ") + path.string()};
  feed.source = std::make_unique<io::FileSource>(std::move(file));
  return feed;
}

Status PackRecords(const fs::path& root, const std::vector<fs::path>& records, io::Sink& sink) {
  io::GzipSink packed(sink, kPackLevel);
  io::TarWriter tar(packed);
  for (const fs::path& path : records) {
    BW_TRY(io::File file, io::File::Open(path));
    if (file.size() > kMaxRecord) continue;  // no OSV record is as large
    BW_TRY(const std::string name,
           io::NormaliseTarPath(path.lexically_relative(root).generic_string()));
    const io::TarEntry entry{.path = name, .size = file.size()};
    io::FileSource source(std::move(file));
    BW_TRY_STATUS(tar.Add(entry, source));
  }
  BW_TRY_STATUS(tar.Finish());
  return packed.Finish();
}

Result<FeedFile> Pack(const fs::path& root, const std::vector<fs::path>& records) {
  std::error_code error;
  const fs::path scratch = fs::temp_directory_path(error);
  if (error) return Unavailable("there is no directory for temporary files").Log(error.message());
  BW_TRY(io::DurableFile packed, io::DurableFile::Create(scratch));
  BW_TRY_STATUS(PackRecords(root, records, packed));
  BW_TRY(io::File file, io::File::Open(packed.path()));
  FeedFile feed{.name = NameOf(root),
                .content_type = "application/x-tar",
                .source = nullptr,
                .size = file.size(),
                .description = std::to_string(records.size()) + " files below " + root.string()};
  feed.source = std::make_unique<io::FileSource>(std::move(file));
  feed.packed.emplace(std::move(packed));
  return feed;
}

}  // namespace

Result<FeedFile> OpenFeedFile(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return NotFound(path.string() + ": there is no such file or directory");
  if (!fs::is_directory(status)) {
    const std::string name = path.filename().string();
    if (IsArchive(name) || IsRecord(name)) return OpenAsIs(path);
    return Invalid(path.string() + ": must be a directory, .json, .tar, .tar.gz or .tar.zst");
  }
  BW_TRY(const Listing listing, ListDirectory(path));
  if (!listing.archives.empty()) return OpenAsIs(listing.archives.back());
  if (!listing.records.empty()) return Pack(path, listing.records);
  return NotFound(path.string() + ": it holds neither a *debian*.tar archive nor .json files");
}

}  // namespace breakwater::cli
