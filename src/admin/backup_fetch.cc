#include "admin/backup_fetch.h"

namespace breakwater::admin {
namespace {

// What counts as getting further: a server that breaks off after every few bytes does not.
constexpr std::uint64_t kFurther = 1U << 20;

}  // namespace

Result<std::size_t> FetchedBlob::Read(std::span<std::byte> out) {
  for (;;) {
    auto read = ReadOn(out);
    if (read.ok()) {
      read_ += *read;
      since_failure_ += *read;
      return read;
    }
    source_.reset();
    if (since_failure_ >= kFurther) attempts_.Progress();
    since_failure_ = 0;
    if (!attempts_.Again(read.error())) {
      failure_ = read.error();
      return read;
    }
  }
}

Result<std::size_t> FetchedBlob::ReadOn(std::span<std::byte> out) {
  if (failure_) return *failure_;
  if (source_ == nullptr) {
    // It broke off behind the last byte: there is nothing left to ask for.
    if (read_ > 0 && read_ == blob_.size) return 0;
    BW_TRY(source_, feed_.blob(blob_, read_));
  }
  return source_->Read(out);
}

}  // namespace breakwater::admin
