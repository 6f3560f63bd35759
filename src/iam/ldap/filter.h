// Texts that go into search filters (RFC 4515). Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace breakwater::iam::ldap {

// A value as it stands in a filter, whatever it holds: it can neither end nor begin anything.
std::string EscapeFilterValue(std::string_view value);

// The filter with `value` in place of each `placeholder` ("{name}"), escaped.
std::string FillFilter(std::string_view filter, std::string_view placeholder,
                       std::string_view value);
// The filter that takes any value there.
std::string OpenFilter(std::string_view filter, std::string_view placeholder);
// The filter for each of the values, any of which may match.
std::string AnyOf(std::string_view filter, std::string_view placeholder,
                  std::span<const std::string> values);

// Whether it can be filled: parentheses in pairs around it, and the placeholder in it. kInvalid.
Status CheckFilter(std::string_view filter, std::string_view placeholder);

}  // namespace breakwater::iam::ldap
