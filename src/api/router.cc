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
bool Harmless(std::string_view value) {
  for (;;) {
    const std::string_view part = value.substr(0, value.find('/'));
    if (part.empty() || part == "." || part == "..") return false;
    if (part.size() == value.size()) return true;
    value.remove_prefix(part.size() + 1);
  }
}

// Nothing in it needs decoding, and it is valid UTF-8.
bool IsPlain(std::string_view path) {
  return std::all_of(path.begin(), path.end(),
                     [](char c) { return c != '%' && static_cast<unsigned char>(c) < 0x80; });
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
      route.segments.push_back({Segment::Kind::kRest, part.substr(1, part.size() - 5)});
    } else if (part.starts_with('{') && part.ends_with('}')) {
      route.segments.push_back({Segment::Kind::kValue, part.substr(1, part.size() - 2)});
    } else {
      route.segments.push_back({Segment::Kind::kLiteral, part});
    }
  }
  const auto has_rest =
      std::any_of(route.segments.begin(), route.segments.end(),
                  [](const Segment& s) { return s.kind == Segment::Kind::kRest; });
  if (!has_rest) route.rest = route.segments.size();
  return route;
}

bool Router::Fits(const Route& route, const Path& path) {
  const bool has_rest = route.rest < route.segments.size();
  const std::size_t fixed = route.segments.size() - (has_rest ? 1 : 0);
  if (has_rest ? path.size() < fixed + 1 : path.size() != fixed) return false;
  // What stands behind a rest is matched from the right end.
  const std::size_t skipped = path.size() - route.segments.size();
  for (std::size_t i = 0; i < route.segments.size(); ++i) {
    if (route.segments[i].kind == Segment::Kind::kLiteral &&
        route.segments[i].text != path[i > route.rest ? i + skipped : i]) {
      return false;
    }
  }
  return true;
}

PathValues Router::ValuesOf(const Route& route, const Path& path) {
  PathValues values;
  std::size_t at = 0;
  for (const Segment& segment : route.segments) {
    std::size_t end = at + 1;
    if (segment.kind == Segment::Kind::kRest) end += path.size() - route.segments.size();
    if (segment.kind != Segment::Kind::kLiteral) {
      std::string value(path[at]);
      for (std::size_t i = at + 1; i < end; ++i) value.append("/").append(path[i]);
      values.emplace_back(segment.text, std::move(value));
    }
    at = end;
  }
  return values;
}

Result<Router::Match> Router::Find(std::string_view method, std::string_view raw_path) const {
  Path path = Split(WithoutSlashes(raw_path), '/');
  if (path.size() > kMaxSegments) return Invalid("the path has too many segments");
  std::vector<std::string> decoded;  // of a path that is not plain; never regrows
  if (!IsPlain(raw_path)) {
    decoded.reserve(path.size());
    for (std::string_view& segment : path) {
      BW_TRY(std::string text, PercentDecode(segment));
      segment = decoded.emplace_back(std::move(text));
    }
  }

  Match match;
  const auto bucket = routes_.find(path.front());
  if (bucket == routes_.end()) return match;
  for (const Route& route : bucket->second) {
    if (!Fits(route, path)) continue;
    if (route.endpoint->method != method) {
      match.allowed.push_back(route.endpoint->method);
      continue;
    }
    match.values = ValuesOf(route, path);
    for (const auto& [name, value] : match.values) {
      if (!Harmless(value)) return Invalid("the path has an empty or dot segment");
    }
    match.endpoint = route.endpoint;
    match.allowed.clear();
    return match;
  }
  return match;
}

}  // namespace breakwater::api
