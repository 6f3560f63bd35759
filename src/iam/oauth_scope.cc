#include "iam/oauth_scope.h"

#include <algorithm>

#include "base/strings.h"

namespace breakwater::iam {
namespace {

constexpr std::string_view kActions[] = {"pull", "push", "delete", "*"};

Error BadScope() {
  return Invalid("a scope must be type:name:actions, say repository:team/app:pull,push")
      .Reason("invalid_scope");
}

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

void AddOnce(std::vector<std::string>& actions, std::string_view action) {
  if (std::find(actions.begin(), actions.end(), action) == actions.end()) {
    actions.emplace_back(action);
  }
}

Result<Scope> ParseScope(std::string_view text) {
  // A name may hold a colon of its own (a port): the first and the last one separate.
  const std::size_t first = text.find(':');
  const std::size_t last = text.rfind(':');
  if (text.size() > kMaxScopeOctets || first == std::string_view::npos || first == last ||
      !IsPrintable(text)) {
    return BadScope();
  }
  Scope scope;
  const std::string_view type = text.substr(0, first);
  scope.type = std::string(type.substr(0, type.find('(')));
  scope.name = std::string(text.substr(first + 1, last - first - 1));
  if (scope.type.empty() || scope.name.empty()) return BadScope();
  for (const std::string_view action : Split(text.substr(last + 1), ',')) {
    // Actions of other registries' making cannot be granted: the same as not asked for.
    const bool known =
        std::find(std::begin(kActions), std::end(kActions), action) != std::end(kActions);
    if (known) AddOnce(scope.actions, action);
  }
  return scope;
}

void Merge(std::vector<Scope>& scopes, Scope scope) {
  for (Scope& known : scopes) {
    if (known.type == scope.type && known.name == scope.name) {
      for (const std::string& action : scope.actions) AddOnce(known.actions, action);
      return;
    }
  }
  scopes.push_back(std::move(scope));
}

}  // namespace

Result<std::vector<Scope>> ParseScopes(const std::vector<std::string_view>& values) {
  std::vector<Scope> scopes;
  for (const std::string_view value : values) {
    for (const std::string_view word : Split(value, ' ')) {
      if (word.empty()) continue;
      BW_TRY(auto scope, ParseScope(word));
      Merge(scopes, std::move(scope));
      if (scopes.size() > kMaxScopes) {
        return TooLarge("at most " + std::to_string(kMaxScopes) + " scopes in one request")
            .Reason("too_many_scopes");
      }
    }
  }
  return scopes;
}

std::string FormatScopes(const std::vector<Scope>& scopes) {
  std::string text;
  for (const Scope& scope : scopes) {
    if (scope.actions.empty()) continue;
    if (!text.empty()) text += ' ';
    text += scope.type + ':' + scope.name + ':' + Join(scope.actions, ",");
  }
  return text;
}

}  // namespace breakwater::iam
