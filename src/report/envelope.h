// in-toto statements in DSSE v1 envelopes: what is signed, and how it is opened.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/signing.h"
#include "json/json.h"

namespace breakwater::report {

inline constexpr std::string_view kPayloadType = "application/vnd.in-toto+json";
inline constexpr std::string_view kStatementType = "https://in-toto.io/Statement/v1";
inline constexpr std::size_t kMaxEnvelope = 256U << 20;

// The bytes that are signed: DSSE v1's pre-authentication encoding.
std::string PreAuthenticationEncoding(std::string_view payload_type, std::string_view payload);

using Sign = std::function<Bytes(ByteView message)>;
json::Value EnvelopeOf(const json::Value& statement, std::string_view kid, const Sign& sign);

// The statement, if the key signed it. kDataCorrupt says what is wrong.
Result<json::Value> OpenEnvelope(std::string_view bytes, const crypto::VerifyingKey& key);

}  // namespace breakwater::report
