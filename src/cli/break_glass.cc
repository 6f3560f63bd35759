#include "cli/break_glass.h"

#include <cstdio>

#include "crypto/password.h"
#include "crypto/random.h"

namespace breakwater::cli {
namespace {

constexpr std::size_t kPasswordOctets = 24;

}  // namespace

int MakeBreakGlass() {
  const Secret password(crypto::RandomToken(kPasswordOctets));
  const auto hash = crypto::PasswordHasher().Hash(password);
  if (!hash.ok()) {
    std::fprintf(stderr, "breakwater: %s\n", hash.error().message().c_str());
    return 1;
  }
  // Shown this once: that is what the command is for.
  std::fprintf(stderr,
               "The password of the break-glass identity, shown this once. Lock it away:\n\n"
               "    %s\n\nPut this into the configuration of every process, and restart:\n\n",
               password.Reveal().c_str());
  std::printf("[break_glass]\npassword_hash = \"%s\"\n", hash->c_str());
  return 0;
}

}  // namespace breakwater::cli
