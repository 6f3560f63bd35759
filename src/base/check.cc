#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace breakwater {

void Fatal(const char* file, int line, const char* what) noexcept {
  std::fprintf(stderr, "fatal: %s:%d: %s\n", file, line, what);
  std::abort();
}

}  // namespace breakwater
