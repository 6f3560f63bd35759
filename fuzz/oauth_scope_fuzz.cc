// Scopes of the token service: each line is one value of the parameter. What was read, printed and
// read again is the same, and within the limits.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/strings.h"
#include "iam/oauth_scope.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace iam = breakwater::iam;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto parsed = iam::ParseScopes(breakwater::Split(input, '\n'));
  if (!parsed.ok()) {
    BW_CHECK(!parsed.error().reason().empty());
    return 0;
  }
  BW_CHECK(parsed->size() <= iam::kMaxScopes);
  std::vector<iam::Scope> with_actions;
  for (const iam::Scope& scope : *parsed) {
    BW_CHECK(!scope.type.empty() && !scope.name.empty() && scope.actions.size() <= 4);
    if (!scope.actions.empty()) with_actions.push_back(scope);
  }
  const std::string printed = iam::FormatScopes(*parsed);
  const auto again = iam::ParseScopes({printed});
  BW_CHECK(again.ok() && *again == with_actions);
  return 0;
}
