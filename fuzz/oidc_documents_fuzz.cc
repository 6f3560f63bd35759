// What an identity provider sends: its discovery document, the answers of its endpoints, and the
// claims of its ID tokens. The first byte says which.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/strings.h"
#include "iam/oidc/documents.h"
#include "json/json.h"

namespace {

namespace oidc = breakwater::iam::oidc;

void Discovery(std::string_view text) {
  const auto read = oidc::ParseDiscovery(text, "https://idp.example");
  if (!read.ok()) {
    BW_CHECK(read.error().reason() == "provider_document");
    return;
  }
  for (const std::string* url : {&read->authorization_endpoint, &read->token_endpoint,
                                 &read->device_endpoint, &read->jwks_uri}) {
    BW_CHECK(url->empty() || url->starts_with("https://"));
    BW_CHECK(url->find_first_of(" \r\n") == std::string::npos);
  }
  BW_CHECK(!read->jwks_uri.empty());
}

void Answers(std::string_view text) {
  for (const int status : {200, 400, 500}) {
    const auto token = oidc::ParseTokenAnswer(status, text);
    BW_CHECK(!token.ok() || token->id_token.empty() != token->error.empty());
    const auto device = oidc::ParseDeviceAnswer(status, text);
    if (!device.ok()) continue;
    BW_CHECK(status == 200 && !device->user_code.empty() && !device->device_code.empty());
    BW_CHECK(device->interval >= 1 && device->expires_in >= 0);
  }
}

void Claims(std::string_view text) {
  const auto document = breakwater::json::Parse(text);
  if (!document.ok() || !document->is_object()) return;
  const auto& claims = document->get_object();
  const breakwater::Status checked = oidc::CheckIdToken(claims, "client", "nonce");
  BW_CHECK(checked.ok() || !checked.error().reason().empty());
  const auto person = oidc::PersonOf(claims);
  if (!person.ok()) return;
  BW_CHECK(!person->subject.empty() && person->subject.size() <= 255);
  BW_CHECK(person->email.empty() || claims.contains("email_verified"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 4) {
    case 0: Discovery(input); break;
    case 1: Answers(input); break;
    case 2: Claims(input); break;
    default: {
      const auto issuer = oidc::ClaimedIssuer(input);
      BW_CHECK(!issuer || !issuer->empty());
    }
  }
  return 0;
}
