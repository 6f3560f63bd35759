#include <algorithm>
#include <cerrno>

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include "io/tar.h"

namespace breakwater::io {
namespace {

Error MalformedTar(std::string log) {
  return Invalid("malformed tar archive").Reason("malformed_tar").Log(std::move(log));
}
Error TarTooLarge(std::string what) {
  return TooLarge(std::move(what)).Reason("tar_too_large");
}

// libarchive converts pax names, which are UTF-8, to the thread's character set, and with that of
// the "C" locale it would put question marks for all but ASCII.
class Utf8Scope {
 public:
  Utf8Scope() : before_(::uselocale(Utf8())) {}
  ~Utf8Scope() { ::uselocale(before_); }
  Utf8Scope(const Utf8Scope&) = delete;
  Utf8Scope& operator=(const Utf8Scope&) = delete;

 private:
  // A null locale, if the system has none of that name, leaves the thread's as it is.
  static locale_t Utf8() {
    static const locale_t kLocale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return kLocale;
  }
  locale_t before_;
};

TarType TypeOf(archive_entry* entry) {
  if (archive_entry_hardlink(entry) != nullptr) return TarType::kHardlink;
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG: return TarType::kFile;
    case AE_IFDIR: return TarType::kDirectory;
    case AE_IFLNK: return TarType::kSymlink;
    default: return TarType::kOther;  // an integer from the library, not an enum of ours
  }
}

std::string_view TextOf(const char* text) {
  return text == nullptr ? std::string_view{} : std::string_view(text);
}

}  // namespace

Result<std::string> NormaliseTarPath(std::string_view path) {
  std::string out;
  if (path.find('\0') != std::string_view::npos) return MalformedTar("NUL in a name");
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view component = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (component == "..") return MalformedTar("a name with '..'");
    if (component.empty() || component == ".") continue;
    if (!out.empty()) out += '/';
    out += component;
  }
  return out;
}

class TarReader::State final : public Source {
 public:
  State(Source& source, const TarLimits& limits)
      : source_(source), limits_(limits), buffer_(kPieceSize), archive_(archive_read_new()) {
    BW_CHECK(archive_ != nullptr);
    BW_CHECK(archive_read_support_format_tar(archive_.get()) == ARCHIVE_OK);
  }

  Result<std::optional<TarEntry>> Next() {
    if (failure_.has_value()) return *failure_;
    if (ended_) return std::optional<TarEntry>{};
    auto entry = ReadEntry();
    if (!entry.ok()) failure_ = entry.error();
    ended_ = entry.ok() && !entry->has_value();
    return entry;
  }

  // The body of the present entry.
  Result<std::size_t> Read(std::span<std::byte> out) override {
    if (failure_.has_value()) return *failure_;
    if (!in_entry_) return std::size_t{0};
    const la_ssize_t count = archive_read_data(archive_.get(), out.data(), out.size());
    if (count < 0) {
      failure_ = TakeFailure();
      return *failure_;
    }
    return static_cast<std::size_t>(count);
  }

 private:
  struct ArchiveDeleter {
    void operator()(archive* handle) const { archive_read_free(handle); }
  };

  static la_ssize_t Pull(archive* handle, void* self, const void** piece) {
    auto& state = *static_cast<State*>(self);
    auto count = state.source_.Read(state.buffer_);
    if (!count.ok()) {
      state.source_failure_ = std::move(count).error();
      archive_set_error(handle, EIO, "the source failed");
      return ARCHIVE_FATAL;
    }
    *piece = state.buffer_.data();
    return static_cast<la_ssize_t>(*count);
  }

  Error TakeFailure() {
    if (source_failure_.has_value()) return *source_failure_;
    return MalformedTar(std::string(TextOf(archive_error_string(archive_.get()))));
  }

  Result<std::optional<TarEntry>> ReadEntry() {
    const Utf8Scope utf8;
    if (!opened_) {
      opened_ = true;
      if (archive_read_open(archive_.get(), this, nullptr, &Pull, nullptr) != ARCHIVE_OK) {
        return TakeFailure();
      }
    }
    in_entry_ = false;
    archive_entry* raw = nullptr;
    const int code = archive_read_next_header(archive_.get(), &raw);
    if (code == ARCHIVE_EOF && !source_failure_.has_value()) return std::optional<TarEntry>{};
    // A warning is about what we do not use (owners, access lists, a name's encoding).
    if (code != ARCHIVE_OK && code != ARCHIVE_WARN) return TakeFailure();
    BW_TRY(TarEntry entry, Convert(raw));
    BW_TRY_STATUS(CheckLimits(entry));
    in_entry_ = true;
    return std::optional<TarEntry>(std::move(entry));
  }

  Result<TarEntry> Convert(archive_entry* raw) const {
    const std::string_view path = TextOf(archive_entry_pathname(raw));
    const std::string_view hardlink = TextOf(archive_entry_hardlink(raw));
    const std::string_view symlink = TextOf(archive_entry_symlink(raw));
    if (std::max({path.size(), hardlink.size(), symlink.size()}) > limits_.max_name) {
      return TarTooLarge("a name in the tar archive is longer than " +
                         std::to_string(limits_.max_name) + " bytes");
    }
    TarEntry entry;
    entry.type = TypeOf(raw);
    BW_TRY(entry.path, NormaliseTarPath(path));
    if (entry.path.empty() && (path.empty() || entry.type != TarType::kDirectory)) {
      return MalformedTar("an entry without a name");
    }
    if (entry.type == TarType::kHardlink) {
      BW_TRY(entry.link_target, NormaliseTarPath(hardlink));
    } else if (entry.type == TarType::kSymlink) {
      entry.link_target = symlink;
    }
    const la_int64_t size = archive_entry_size(raw);
    if (size < 0) return MalformedTar("a negative size");
    entry.size = static_cast<std::uint64_t>(size);
    entry.mode = static_cast<std::uint32_t>(archive_entry_perm(raw));
    entry.mtime = archive_entry_mtime(raw);
    return entry;
  }

  Status CheckLimits(const TarEntry& entry) {
    if (++entries_ > limits_.max_entries) {
      return TarTooLarge("the tar archive has more than " + std::to_string(limits_.max_entries) +
                         " entries");
    }
    if (entry.size > limits_.max_total_size - total_size_) {
      return TarTooLarge("the tar archive holds more than " +
                         std::to_string(limits_.max_total_size) + " bytes");
    }
    total_size_ += entry.size;
    return Ok();
  }

  Source& source_;
  const TarLimits limits_;
  Bytes buffer_;
  std::unique_ptr<archive, ArchiveDeleter> archive_;
  std::optional<Error> source_failure_;
  std::optional<Error> failure_;
  std::uint64_t entries_ = 0;
  std::uint64_t total_size_ = 0;
  bool opened_ = false;
  bool in_entry_ = false;
  bool ended_ = false;
};

TarReader::TarReader(Source& source, const TarLimits& limits)
    : state_(std::make_unique<State>(source, limits)) {}
TarReader::~TarReader() = default;

Result<std::optional<TarEntry>> TarReader::Next() {
  return state_->Next();
}
Source& TarReader::Body() {
  return *state_;
}

}  // namespace breakwater::io
