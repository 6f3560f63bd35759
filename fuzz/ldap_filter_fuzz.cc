// Names that go into search filters of a directory: whatever they hold, the filter asks what it
// asked before.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "iam/ldap/filter.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace ldap = breakwater::iam::ldap;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string escaped = ldap::EscapeFilterValue(input);
  BW_CHECK(escaped.find_first_of(std::string_view("()*\0", 4)) == std::string::npos);
  const std::string filled = ldap::FillFilter("(&(a=b)(uid={name}))", "{name}", input);
  BW_CHECK(std::count(filled.begin(), filled.end(), '(') == 3);
  BW_CHECK(std::count(filled.begin(), filled.end(), ')') == 3);
  BW_CHECK(filled.find('*') == std::string::npos);
  // A filter of the configuration is taken or refused, and one that is taken stays whole.
  if (ldap::CheckFilter(input, "{name}").ok()) {
    BW_CHECK(ldap::CheckFilter(ldap::FillFilter(input, "{name}", "{name}"), "").ok() ||
             input.size() > 100);
  }
  return 0;
}
