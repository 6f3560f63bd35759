#include "report/envelope.h"

#include <utility>
#include <vector>

#include "json/reader.h"

namespace breakwater::report {
namespace {

using json::Text;

constexpr json::Limits kLimits{.max_bytes = kMaxEnvelope, .max_depth = 64};

}  // namespace

std::string PreAuthenticationEncoding(std::string_view payload_type, std::string_view payload) {
  return "DSSEv1 " + std::to_string(payload_type.size()) + " " + std::string(payload_type) + " " +
         std::to_string(payload.size()) + " " + std::string(payload);
}

json::Value EnvelopeOf(const json::Value& statement, std::string_view kid, const Sign& sign) {
  const std::string payload = json::Serialize(statement);
  const Bytes signature = sign(AsBytes(PreAuthenticationEncoding(kPayloadType, payload)));
  return {{"payloadType", Text(kPayloadType)},
          {"payload", Text(Base64Encode(AsBytes(payload)))},
          {"signatures", {{{"keyid", Text(kid)}, {"sig", Text(Base64Encode(signature))}}}}};
}

Result<json::Value> OpenEnvelope(std::string_view bytes, const crypto::VerifyingKey& key) {
  BW_TRY(const json::Value envelope,
         json::Parse(bytes, kLimits).Context("the bundle is no JSON document"));
  const json::Reader in(envelope);
  const std::string type = in.Field("payloadType").String();
  const std::string encoded = in.Field("payload").String();
  std::vector<std::string> signatures;
  for (const json::Reader& one : in.Field("signatures").Items(16)) {
    std::string signature = one.Field("sig").String();
    // The name is no part of what is signed: it must be the key's own.
    if (one.Field("keyid").String() == key.kid()) signatures.push_back(std::move(signature));
  }
  BW_TRY_STATUS(in.Finish());
  if (type != kPayloadType) return DataCorrupt("the payload is of the type " + type);
  BW_TRY(const Bytes payload, Base64Decode(encoded).Context("the payload"));
  const std::string message = PreAuthenticationEncoding(type, AsText(payload));
  for (const std::string& signature : signatures) {
    const auto decoded = Base64Decode(signature);
    if (decoded.ok() && key.Verify(AsBytes(message), *decoded)) {
      return json::Parse(AsText(payload), kLimits);
    }
  }
  return DataCorrupt("no signature is of this key");
}

}  // namespace breakwater::report
