// Finds the endpoint of a request by method and path.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "api/endpoint.h"

namespace breakwater::api {

// Immutable after construction; thread-safe.
class Router {
 public:
  // Of two patterns that fit a path the one given first wins. The endpoints must outlive it.
  explicit Router(const std::vector<Endpoint>& endpoints);

  struct Match {
    const Endpoint* endpoint = nullptr;  // null: no such path, or not this method
    PathValues values;
    std::vector<std::string_view> allowed;  // methods of the path, when only the method is wrong
  };
  // kInvalid if the path is malformed (broken escape, empty or dot segment in a wildcard, NUL).
  Result<Match> Find(std::string_view method, std::string_view raw_path) const;

 private:
  struct Segment {
    enum class Kind { kLiteral, kValue, kRest } kind;
    std::string_view text;  // of the endpoint's pattern
  };
  struct Route {
    const Endpoint* endpoint;
    std::vector<Segment> segments;
    std::size_t rest;  // index of the {…...} segment, or the number of segments
  };

  using Path = std::vector<std::string_view>;  // decoded segments

  static Route Compile(const Endpoint& endpoint);
  static bool Fits(const Route& route, const Path& path);
  // Of a route that fits.
  static PathValues ValuesOf(const Route& route, const Path& path);

  // By first segment, which is a literal in every pattern.
  std::map<std::string_view, std::vector<Route>> routes_;
};

}  // namespace breakwater::api
