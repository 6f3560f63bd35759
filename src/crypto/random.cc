#include "crypto/random.h"

#include <cerrno>

#include <sys/random.h>

namespace breakwater::crypto {

Bytes RandomBytes(std::size_t count) {
  Bytes out(count);
  std::size_t filled = 0;
  while (filled < count) {
    const ssize_t got = ::getrandom(out.data() + filled, count - filled, 0);
    BW_CHECK(got > 0 || errno == EINTR);
    if (got > 0) filled += static_cast<std::size_t>(got);
  }
  return out;
}

std::string RandomToken(std::size_t octets) {
  return Base64UrlEncode(RandomBytes(octets));
}

}  // namespace breakwater::crypto
