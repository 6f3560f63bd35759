// The bytes of a blob from a server that may break off. Internal to admin/.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "admin/backup.h"
#include "admin/patience.h"
#include "base/result.h"
#include "io/stream.h"

namespace breakwater::admin {

// Goes on where the server broke off, as often as it gets further. Everything must outlive it.
class FetchedBlob final : public io::Source {
 public:
  FetchedBlob(const BackupFeed& feed, const NamedBlob& blob, const Patience& patience)
      : feed_(feed), blob_(blob), attempts_(patience) {}

  Result<std::size_t> Read(std::span<std::byte> out) override;
  // Why the server gives no more of it.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  Result<std::size_t> ReadOn(std::span<std::byte> out);

  const BackupFeed& feed_;
  const NamedBlob& blob_;
  Attempts attempts_;
  std::unique_ptr<io::Source> source_;
  std::uint64_t read_ = 0;
  std::uint64_t since_failure_ = 0;  // bytes
  std::optional<Error> failure_;
};

}  // namespace breakwater::admin
