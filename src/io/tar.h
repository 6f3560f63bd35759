// Tar archives as streams (POSIX.1-2001 pax, ustar, GNU). Nothing is ever extracted to disk.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/stream.h"

namespace breakwater::io {

enum class TarType { kFile, kDirectory, kSymlink, kHardlink, kOther };

struct TarEntry {
  // As NormaliseTarPath gives it; "" is the root directory.
  std::string path;
  TarType type = TarType::kFile;
  // Symbolic link: as it stands. Hard link: normalised, a path of the same archive.
  std::string link_target{};  // braces: designated initialisers may leave it out
  std::uint64_t size = 0;     // of the body
  std::uint32_t mode = 0644;
  std::int64_t mtime = 0;  // seconds since 1970

  friend bool operator==(const TarEntry&, const TarEntry&) = default;
};

struct TarLimits {
  std::uint64_t max_entries = 1'000'000;
  std::size_t max_name = 4096;  // octets of a path or link target
  std::uint64_t max_total_size = 64ULL << 30;
};

// "./usr//lib/" and "/usr/lib" become "usr/lib", "./" becomes "". kInvalid with reason
// "malformed_tar" for a ".." component or a NUL.
Result<std::string> NormaliseTarPath(std::string_view path);

// Walks an archive. Errors: kInvalid "malformed_tar", kTooLarge "tar_too_large", or the source's.
// After an error every call fails. Not thread-safe.
//
// Ends at the archive's end mark, or where the source ends between two entries (as GNU tar and Go
// do); it leaves what follows the mark unread. A digest of the whole needs the rest drained.
class TarReader {
 public:
  // `source` must outlive it and give uncompressed tar.
  explicit TarReader(Source& source, const TarLimits& limits = {});
  ~TarReader();

  // The next entry, or nothing at the end. Skips what was not read of the entry before.
  Result<std::optional<TarEntry>> Next();
  // The body of the entry that Next gave last. Holes of sparse files read as zeros.
  Source& Body();

 private:
  class State;
  std::unique_ptr<State> state_;
};

// Writes ustar, with a pax header where a name, size or time does not fit. Owner is 0:0; the same
// entries give the same bytes. Not thread-safe.
class TarWriter {
 public:
  // `target` must outlive it.
  explicit TarWriter(Sink& target) : target_(target) {}

  // `body` must give exactly `entry.size` bytes: kInvalid if less, kTooLarge if more. `entry.path`
  // must be normalised and the type not kOther, else kInvalid.
  Status Add(const TarEntry& entry, Source& body);
  // An entry whose body is `body`; `entry.size` is not looked at.
  Status Add(TarEntry entry, std::string_view body = {});
  // Writes the end mark.
  Status Finish();

 private:
  Status WriteHeader(const TarEntry& entry);
  Status WritePadding(std::uint64_t size);

  Sink& target_;
};

}  // namespace breakwater::io
