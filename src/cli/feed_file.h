// Advisory feeds as they lie on a disk, made ready to be sent.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "io/file.h"
#include "io/stream.h"

namespace breakwater::cli {

// What is sent as one request. Owns the temporary archive, if one was made.
struct FeedFile {
  std::string name;          // what the server remembers the feed by
  std::string content_type;  // "application/json" for a single record, else "application/x-tar"
  std::unique_ptr<io::Source> source;
  std::uint64_t size = 0;
  std::string description;                  // for people: what was chosen
  std::optional<io::DurableFile> packed{};  // a directory's records, packed for the way
};

// A file is taken as it is: .json (one OSV record), .tar, .tar.gz, .tgz or .tar.zst. In a directory
// the archive with "debian" in its name is looked for at any depth, the last by name if there are
// several; without one, all .json files below it are packed. Symbolic links are not followed.
// kNotFound if there is no such path or nothing of use in it; kInvalid for another kind of file.
Result<FeedFile> OpenFeedFile(const std::filesystem::path& path);

}  // namespace breakwater::cli
