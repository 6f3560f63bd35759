#include "api/router.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "base/strings.h"

namespace breakwater::api {
namespace {

constexpr std::size_t kMaxSegments = 256;

std::string_view WithoutSlashes(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

// A value must not smuggle in another level, or a way up.
bool Harmless(const std::string& value) {
  const auto parts = Split(value, '/');
  return std::none_of(parts.begin(), parts.end(), [](std::string_view part) {
    return part.empty() || part == "." || part == "..";
  });
}

}  // namespace

Router::Router(const std::vector<Endpoint>& endpoints) {
  for (const Endpoint& endpoint : endpoints) {
    Route route = Compile(endpoint);
    BW_CHECK(!route.segments.empty() && route.segments[0].kind == Segment::Kind::kLiteral);
    routes_[route.segments[0].text].push_back(std::move(route));
  }
}

Router::Route Router::Compile(const Endpoint& endpoint) {
  Route route{&endpoint, {}, 0};
  for (const std::string_view part : Split(WithoutSlashes(endpoint.path), '/')) {
    if (part.starts_with('{') && part.ends_with("...}")) {
      route.rest = route.segments.size();
      route.segments.push_back(
          {Segment::Kind::kRest, std::string(part.substr(1, part.size() - 5))});
    } else if (part.starts_with('{') && part.ends_with('}')) {
      route.segments.push_back(
          {Segment::Kind::kValue, std::string(part.substr(1, part.size() - 2))});
    } else {
      route.segments.push_back({Segment::Kind::kLiteral, std::string(part)});
    }
  }
  const auto has_rest =
      std::any_of(route.segments.begin(), route.segments.end(),
                  [](const Segment& s) { return s.kind == Segment::Kind::kRest; });
  if (!has_rest) route.rest = route.segments.size();
  return route;
}

bool Router::Fits(const Route& route, const std::vector<std::string>& path, PathValues* values) {
  const bool has_rest = route.rest < route.segments.size();
  const std::size_t fixed = route.segments.size() - (has_rest ? 1 : 0);
  if (has_rest ? path.size() < fixed + 1 : path.size() != fixed) return false;
  const std::size_t rest_length = path.size() - fixed;

  std::size_t at = 0;
  for (const Segment& segment : route.segments) {
    switch (segment.kind) {
      case Segment::Kind::kLiteral:
        if (path[at++] != segment.text) return false;
        break;
      case Segment::Kind::kValue: (*values)[segment.text] = path[at++]; break;
      case Segment::Kind::kRest: {
        std::string joined = path[at];
        for (std::size_t i = 1; i < rest_length; ++i) joined += "/" + path[at + i];
        at += rest_length;
        (*values)[segment.text] = std::move(joined);
        break;
      }
    }
  }
  return true;
}

Result<Router::Match> Router::Find(std::string_view method, std::string_view raw_path) const {
  std::vector<std::string> path;
  const auto parts = Split(WithoutSlashes(raw_path), '/');
  if (parts.size() > kMaxSegments) return Invalid("the path has too many segments");
  for (const std::string_view part : parts) {
    BW_TRY(std::string decoded, PercentDecode(part));
    path.push_back(std::move(decoded));
  }

  Match match;
  const auto bucket = routes_.find(path.front());
  if (bucket == routes_.end()) return match;
  for (const Route& route : bucket->second) {
    PathValues values;
    if (!Fits(route, path, &values)) continue;
    if (route.endpoint->method != method) {
      match.allowed.push_back(route.endpoint->method);
      continue;
    }
    for (const auto& [name, value] : values) {
      if (!Harmless(value)) return Invalid("the path has an empty or dot segment");
    }
    match.endpoint = route.endpoint;
    match.values = std::move(values);
    match.allowed.clear();
    return match;
  }
  return match;
}

}  // namespace breakwater::api
