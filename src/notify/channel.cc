#include "notify/channel.h"

#include <algorithm>

#include "crypto/hash.h"
#include "insights/raised.h"
#include "json/reader.h"

namespace breakwater::notify {
namespace {

using json::Text;

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxDescription = 1024;
constexpr std::size_t kMaxUrl = 2048;
constexpr std::size_t kMaxSources = 64;
constexpr std::string_view kAll = "ALL";

bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Error Field(std::string_view field, std::string_view what) {
  return Invalid(std::string(field) + ": " + std::string(what)).Reason("invalid_field");
}

}  // namespace

bool Channel::Covers(std::string_view provider, std::string_view finding_type,
                     Severity severity) const {
  if (!enabled || !severities.contains(severity)) return false;
  if (sources.empty()) return true;
  return std::any_of(sources.begin(), sources.end(), [&](const AlertSource& source) {
    if (source.provider_name == kAll) return true;
    const auto& types = source.finding_types;
    return source.provider_name == provider &&
           (types.empty() || std::find(types.begin(), types.end(), kAll) != types.end() ||
            std::find(types.begin(), types.end(), finding_type) != types.end());
  });
}

bool CoversImageVulnerabilities(const Channel& channel) {
  const auto wanted = {Severity::kMedium, Severity::kHigh, Severity::kCritical};
  return std::all_of(wanted.begin(), wanted.end(), [&](Severity severity) {
    return channel.Covers(insights::kVulnerabilityAdvisor, insights::kImageWithVulnerabilities,
                          severity);
  });
}

Status Validate(const Channel& channel, bool allow_http) {
  if (channel.name.empty() || channel.name.size() > kMaxName) {
    return Field("name", "must have 1 to 255 characters");
  }
  if (channel.description.size() > kMaxDescription) {
    return Field("description", "must have at most 1024 characters");
  }
  const bool https = channel.endpoint.starts_with("https://");
  if (!https && !(allow_http && channel.endpoint.starts_with("http://"))) {
    return Field("endpoint", "must be an https:// URL");
  }
  if (channel.endpoint.size() > kMaxUrl || HasControlCharacter(channel.endpoint) ||
      channel.endpoint.find(' ') != std::string::npos) {
    return Field("endpoint", "must be a URL of at most 2048 characters");
  }
  if (channel.severities.empty()) return Field("severity", "must name at least one severity");
  if (channel.sources.size() > kMaxSources) {
    return Field("alert_source", "must have at most 64 entries");
  }
  for (const AlertSource& source : channel.sources) {
    if (source.provider_name.empty()) return Field("alert_source", "needs a provider_name");
    if (source.provider_name != kAll) continue;
    const auto& types = source.finding_types;
    if (channel.sources.size() > 1 || (!types.empty() && types != std::vector{std::string(kAll)})) {
      return Field("alert_source", "ALL excludes other providers and finding types");
    }
  }
  return Ok();
}

json::Value ToDocument(const Channel& channel) {
  json::Array severities;
  for (const Severity severity : channel.severities)
    severities.push_back(Text(insights::ToString(severity)));
  json::Array sources;
  for (const AlertSource& source : channel.sources) {
    json::Array types;
    for (const std::string& type : source.finding_types) types.push_back(Text(type));
    sources.push_back(
        {{"provider_name", Text(source.provider_name)}, {"finding_types", std::move(types)}});
  }
  return {{"name", Text(channel.name)},         {"description", Text(channel.description)},
          {"endpoint", Text(channel.endpoint)}, {"severity", std::move(severities)},
          {"enabled", channel.enabled},         {"alert_source", std::move(sources)}};
}

json::Value ToTrailDocument(const Channel& channel) {
  json::Value document = ToDocument(channel);
  const std::string_view url = channel.endpoint;
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t end = std::min(url.find_first_of("/?#", begin), url.size());
  const std::string_view authority = url.substr(begin, end - begin);
  // A name and a password may stand before the host.
  const std::size_t at = authority.rfind('@');
  const std::size_t host = begin + (at == std::string_view::npos ? 0 : at + 1);
  const std::string rest =
      std::string(url.substr(begin, host - begin)) + std::string(url.substr(end));
  json::Object endpoint{{"origin", Text(std::string(url.substr(0, begin)) +
                                        std::string(url.substr(host, end - host)))}};
  if (!rest.empty()) endpoint["rest_sha256"] = Text(crypto::Sha256Hex(rest));
  document.as_object()["endpoint"] = std::move(endpoint);
  return document;
}

Status FromDocument(const json::Value& document, Channel* channel) {
  const json::Reader in(document);
  channel->name = in.Field("name").String();
  channel->description = in.String("description", "");
  channel->endpoint = in.Field("endpoint").String();
  channel->enabled = in.Bool("enabled", false);
  if (const auto severities = in.Optional("severity")) {
    channel->severities.clear();
    for (const json::Reader& item : severities->Items(16)) {
      const auto severity = insights::ParseSeverity(item.String());
      if (severity.ok()) {
        channel->severities.insert(*severity);
      } else {
        item.Fail(severity.error().message());
      }
    }
  }
  if (const auto sources = in.Optional("alert_source")) {
    channel->sources.clear();
    for (const json::Reader& item : sources->Items(kMaxSources)) {
      AlertSource source{.provider_name = item.Field("provider_name").String(),
                         .finding_types = {}};
      if (const auto types = item.Optional("finding_types")) {
        source.finding_types = types->Strings(kMaxSources);
      }
      channel->sources.push_back(std::move(source));
    }
  }
  return in.Finish();
}

}  // namespace breakwater::notify
