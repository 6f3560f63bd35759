// A file that the build put into the binary (cmake/embed.cmake).
#pragma once

#include <span>
#include <string_view>

namespace breakwater {

struct EmbeddedFile {
  std::string_view name;  // relative to the project, e.g. "migrations/0001_core.sqlite.sql"
  std::string_view bytes;
};

}  // namespace breakwater
