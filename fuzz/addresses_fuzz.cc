// A list of addresses as an account's settings have it, and on the next line an address that asks:
// a list that is taken allows each address it names, and a longer one allows no fewer.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/strings.h"
#include "iam/addresses.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace breakwater;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = input.find('\n');
  const std::string_view list = input.substr(0, line);
  const std::string_view from = line == std::string_view::npos ? "" : input.substr(line + 1);
  const auto allowed = iam::AllowedAddresses::Parse(list);
  if (!allowed.ok()) return 0;
  const bool may = allowed->Allows(from);
  const auto asking = IpAddress::Parse(from);
  BW_CHECK(!may || allowed->empty() || asking.ok());
  if (allowed->empty()) return 0;
  for (const std::string_view item : Split(list, ',')) {
    const auto named = IpAddress::Parse(Trim(item));
    if (named.ok()) BW_CHECK(allowed->Allows(named->ToString()));
  }
  if (!asking.ok()) return 0;
  const auto longer = iam::AllowedAddresses::Parse(std::string(list) + "," + asking->ToString());
  if (longer.ok()) BW_CHECK(longer->Allows(from) && (!may || longer->Allows(from)));
  const auto network = asking->is_v4() ? "0.0.0.0/0" : "::/0";
  BW_CHECK(iam::AllowedAddresses::Parse(network)->Allows(from));
  return 0;
}
