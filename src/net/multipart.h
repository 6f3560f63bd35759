// Bodies of the form multipart/form-data (RFC 7578, RFC 2046 §5.1), in memory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace breakwater::net {

struct FormPart {
  std::string name;
  std::string file_name;  // empty if none was given
  std::string content_type;
  std::string_view body;  // of the text that was parsed
};

inline constexpr std::size_t kMaxFormParts = 32;

// The boundary that a Content-Type of multipart/form-data names.
Result<std::string> BoundaryOf(std::string_view content_type);
// kInvalid "malformed_form" says what is wrong.
Result<std::vector<FormPart>> ParseForm(std::string_view text, std::string_view boundary);

}  // namespace breakwater::net
