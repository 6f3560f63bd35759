// An object's bytes read as they come, whatever happens to the connections that bring them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "blob/s3/retry.h"
#include "io/stream.h"
#include "net/http_client.h"

namespace breakwater::blob {

// Bytes [from, to) of an object of `size` bytes.
struct S3Range {
  std::uint64_t size = 0;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};

// After a reset, a truncation or a failure that may pass it asks for the rest. As long as bytes
// come the attempts start anew. An object of another size than `range.size` is kDataCorrupt.
class S3Source final : public io::Source {
 public:
  // Sends a GET for [from, to); `begin` gives the attempts at the next bytes.
  using OpenRange = std::function<Result<std::unique_ptr<net::ClientStream>>(std::uint64_t from,
                                                                             std::uint64_t to)>;
  S3Source(OpenRange open, std::function<Attempts()> begin, std::string what, S3Range range);

  // Asks for the first bytes, so that what is wrong shows before anybody relies on them.
  Status Open();
  Result<std::size_t> Read(std::span<std::byte> out) override;

 private:
  // Makes stream_ deliver what comes next, with the attempts that are left.
  Status Connect();
  // kNotFound, or another failure that no attempt cures; Ok if one may.
  Status Judge(net::ClientStream& stream);
  Error Broken(std::string why) const;

  const OpenRange open_;
  const std::function<Attempts()> begin_;
  const std::string what_;
  S3Range range_;
  std::unique_ptr<net::ClientStream> stream_;
  std::optional<Attempts> attempts_;  // at the next bytes, once one has failed
  std::optional<Error> failed_;
};

}  // namespace breakwater::blob
