// A seam for tests: every system call of io/file.h that changes or syncs something asks here first.
#pragma once

#include <string_view>

namespace breakwater::io {

enum class FileCall {
  kOpen,
  kCreate,
  kWrite,
  kSync,
  kRename,
  kUnlink,
  kOpenDirectory,
  kSyncDirectory
};

std::string_view ToString(FileCall call);

class FileFaults {
 public:
  virtual ~FileFaults() = default;
  // 0 to go on, or the errno to fail with instead of calling. From any thread.
  virtual int Before(FileCall call) = 0;
};

// While it lives, `faults` is asked, in the whole process. One at a time. `faults` must outlive it.
class ScopedFileFaults {
 public:
  explicit ScopedFileFaults(FileFaults& faults);
  ~ScopedFileFaults();
  ScopedFileFaults(const ScopedFileFaults&) = delete;
  ScopedFileFaults& operator=(const ScopedFileFaults&) = delete;
};

}  // namespace breakwater::io
