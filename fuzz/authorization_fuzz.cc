// The Authorization header: what is presented lies inside of it, and Basic credentials that were
// printed are read as they were.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "iam/credentials.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace breakwater;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto presented = iam::ParseAuthorization(text);
  if (!presented.ok()) {
    BW_CHECK(presented.error().code() == ErrorCode::kUnauthenticated);
    BW_CHECK(!presented.error().reason().empty());
  } else if (presented->basic) {
    BW_CHECK(presented->token.empty());
    const std::string printed =
        "bAsIc " +
        Base64Encode(AsBytes(presented->basic->user + ":" + presented->basic->password.Reveal()));
    const auto again = iam::ParseAuthorization(printed);
    BW_CHECK(again.ok() && again->basic);
    BW_CHECK(again->basic->user == presented->basic->user);
    BW_CHECK(again->basic->password == presented->basic->password);
  } else {
    BW_CHECK(text.find(presented->token) != std::string_view::npos);
  }
  return 0;
}
