// The scopes of the registry's token service (distribution's token specification): what a client
// asks to do, and what of it was granted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace breakwater::iam {

struct Scope {
  std::string type;                  // "repository", "registry"; a class in parentheses is dropped
  std::string name;                  // "ns/app", "catalog"
  std::vector<std::string> actions;  // in the order asked for, each once

  friend bool operator==(const Scope&, const Scope&) = default;
};

inline constexpr std::size_t kMaxScopes = 64;
inline constexpr std::size_t kMaxScopeOctets = 1024;

// The scopes of all `values` of the parameter, each of which may hold several between spaces. Those
// on one resource become one. An empty value asks for nothing. kInvalid "invalid_scope" for another
// grammar than type:name:action,action; kTooLarge beyond kMaxScopes.
Result<std::vector<Scope>> ParseScopes(const std::vector<std::string_view>& values);

// "repository:ns/app:pull,push registry:catalog:*"; scopes without actions are left out.
std::string FormatScopes(const std::vector<Scope>& scopes);

}  // namespace breakwater::iam
