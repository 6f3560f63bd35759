// Invariants that only a bug can break. They end the process; input never reaches them.
#pragma once

namespace breakwater {

// Prints the place and the text to standard error and aborts.
[[noreturn]] void Fatal(const char* file, int line, const char* what) noexcept;

}  // namespace breakwater

#define BW_CHECK(condition)                                \
  do {                                                     \
    if (!(condition)) [[unlikely]]                         \
      ::breakwater::Fatal(__FILE__, __LINE__, #condition); \
  } while (false)

#define BW_UNREACHABLE() ::breakwater::Fatal(__FILE__, __LINE__, "unreachable")
