#include "net/sigv4.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/strings.h"
#include "crypto/hash.h"

namespace breakwater::net {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::chrono::seconds kLongestLife{std::chrono::days{7}};

// "20130524T000000Z"
std::string BasicTime(Timestamp t) {
  std::string text = FormatRfc3339(std::chrono::floor<std::chrono::seconds>(t));
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

std::string ScopeText(std::string_view date, const SigV4Scope& scope) {
  return std::string(date) + "/" + scope.region + "/" + scope.service + "/aws4_request";
}

struct SignedHeaders {
  std::string lines;
  std::string names;
};

SignedHeaders Canonical(const SigV4Request& request) {
  std::vector<std::pair<std::string, std::string>> fields{{"host", request.host}};
  for (const auto& [name, value] : request.headers.all()) {
    fields.emplace_back(LowerAscii(name), std::string(Trim(value)));
  }
  std::sort(fields.begin(), fields.end());
  SignedHeaders out;
  for (const auto& [name, value] : fields) {
    out.lines += name + ":" + value + "\n";
    out.names += (out.names.empty() ? "" : ";") + name;
  }
  return out;
}

std::string Signature(const AwsCredentials& credentials, const SigV4Scope& scope,
                      const std::string& time, const SigV4Request& request,
                      const SignedHeaders& headers, const std::string& query,
                      std::string_view payload_hash) {
  const std::string canonical = request.method + "\n" + request.path + "\n" + query + "\n" +
                                headers.lines + "\n" + headers.names + "\n" +
                                std::string(payload_hash);
  const std::string date = time.substr(0, 8);
  const std::string to_sign = std::string(kAlgorithm) + "\n" + time + "\n" +
                              ScopeText(date, scope) + "\n" + crypto::Sha256Hex(canonical);
  return HexEncode(
      crypto::HmacSha256(SigningKey(credentials.secret_key, date, scope), AsBytes(to_sign)));
}

}  // namespace

std::string CanonicalQuery(const QueryParameters& query) {
  QueryParameters encoded;
  for (const auto& [name, value] : query) {
    encoded.emplace_back(PercentEncode(name), PercentEncode(value));
  }
  std::sort(encoded.begin(), encoded.end());
  std::string out;
  for (const auto& [name, value] : encoded) {
    out += (out.empty() ? "" : "&") + name + "=" + value;
  }
  return out;
}

Bytes SigningKey(const Secret& secret_key, std::string_view date, const SigV4Scope& scope) {
  // The key of the first step is made of the secret itself.
  Bytes key = crypto::HmacSha256(AsBytes("AWS4" + secret_key.Reveal()), AsBytes(date));
  for (const std::string_view step :
       {std::string_view(scope.region), std::string_view(scope.service),
        std::string_view("aws4_request")}) {
    key = crypto::HmacSha256(key, AsBytes(step));
  }
  return key;
}

void SignV4(const AwsCredentials& credentials, const SigV4Scope& scope, Timestamp now,
            SigV4Request& request) {
  const std::string time = BasicTime(now);
  request.headers.Set("X-Amz-Date", time);
  request.headers.Set("X-Amz-Content-Sha256", request.payload_hash);
  if (!credentials.session_token.empty()) {
    request.headers.Set("X-Amz-Security-Token", credentials.session_token.Reveal());  // to be sent
  }
  const SignedHeaders headers = Canonical(request);
  const std::string signature = Signature(credentials, scope, time, request, headers,
                                          CanonicalQuery(request.query), request.payload_hash);
  request.headers.Set("Authorization",
                      std::string(kAlgorithm) + " Credential=" + credentials.access_key + "/" +
                          ScopeText(time.substr(0, 8), scope) + ",SignedHeaders=" + headers.names +
                          ",Signature=" + signature);
}

std::string PresignV4(const AwsCredentials& credentials, const SigV4Scope& scope, Timestamp now,
                      std::chrono::seconds life, const SigV4Request& request) {
  const std::string time = BasicTime(now);
  const SignedHeaders headers = Canonical(request);
  const auto seconds = std::clamp(life, std::chrono::seconds(1), kLongestLife).count();
  QueryParameters query = request.query;
  query.emplace_back("X-Amz-Algorithm", kAlgorithm);
  query.emplace_back("X-Amz-Credential",
                     credentials.access_key + "/" + ScopeText(time.substr(0, 8), scope));
  query.emplace_back("X-Amz-Date", time);
  query.emplace_back("X-Amz-Expires", std::to_string(seconds));
  if (!credentials.session_token.empty()) {
    query.emplace_back("X-Amz-Security-Token", credentials.session_token.Reveal());  // to be sent
  }
  query.emplace_back("X-Amz-SignedHeaders", headers.names);
  const std::string unsigned_query = CanonicalQuery(query);
  return unsigned_query + "&X-Amz-Signature=" +
         Signature(credentials, scope, time, request, headers, unsigned_query, "UNSIGNED-PAYLOAD");
}

}  // namespace breakwater::net
