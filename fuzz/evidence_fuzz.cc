// Evidence bundles and signatures of reports: no crash, on any envelope and, signed by the right
// key, on any statement in it; what was not signed by it is never good.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "report/evidence.h"
#include "report/signature.h"

namespace {

const breakwater::crypto::SigningKey& Key() {
  static const auto key = breakwater::crypto::SigningKey::Generate();
  return key;
}

std::string Signed(std::string_view payload) {
  using breakwater::AsBytes;
  const auto signature = Key().Sign(AsBytes(
      breakwater::report::PreAuthenticationEncoding(breakwater::report::kPayloadType, payload)));
  return R"({"payloadType":")" + std::string(breakwater::report::kPayloadType) +
         R"(","payload":")" + breakwater::Base64Encode(AsBytes(payload)) +
         R"(","signatures":[{"keyid":")" + Key().kid() + R"(","sig":")" +
         breakwater::Base64Encode(signature) + R"("}]})";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto& key = Key().public_key();
  if (breakwater::report::VerifyEnvelope(text, key).ok()) std::abort();
  if (breakwater::report::VerifyReport(text, "report", key).ok()) std::abort();
  const std::string envelope = Signed(text);
  static_cast<void>(breakwater::report::VerifyEnvelope(envelope, key));
  static_cast<void>(breakwater::report::VerifyReport(envelope, "report", key));
  return 0;
}
