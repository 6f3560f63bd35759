#include "posture/selection.h"

#include <algorithm>

#include "base/strings.h"
#include "json/reader.h"
#include "posture/texts.h"

namespace breakwater::posture {
namespace {

constexpr std::size_t kMaxSelected = 1'000;

bool Selects(const std::vector<std::string>& list, std::string_view value) {
  return list.empty() || value.empty() || std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

bool InScope(const Selection& selection, const control::Resource& resource) {
  // What lies in a namespace that no group was given to is in none of those that are selected.
  if (!selection.resource_groups.empty() && !resource.name_space.empty() &&
      resource.resource_group.empty()) {
    return false;
  }
  return Selects(selection.registries, resource.registry.value()) &&
         Selects(selection.namespaces, resource.name_space) &&
         Selects(selection.resource_groups, resource.resource_group);
}

std::string Described(const Selection& selection) {
  std::string text;
  const auto add = [&](const char* what, const std::vector<std::string>& names) {
    if (names.empty()) return;
    text += text.empty() ? " Selects the " : "; the ";
    text += what;
    text += " " + Join(names, ", ");
  };
  add("registries", selection.registries);
  add("namespaces", selection.namespaces);
  add("resource groups", selection.resource_groups);
  return text.empty() ? text : text + ".";
}

json::Value ToJson(const Selection& selection) {
  return {{"registries", Texts(selection.registries)},
          {"namespaces", Texts(selection.namespaces)},
          {"resource_groups", Texts(selection.resource_groups)}};
}

Result<Selection> SelectionFrom(const json::Value& value) {
  Selection selection;
  if (value.is_null()) return selection;
  const json::Reader in(value);
  in.OnlyFields({"registries", "namespaces", "resource_groups"});
  const auto read = [&](std::string_view field, std::vector<std::string>& into) {
    if (const auto list = in.Optional(field)) into = list->Strings(kMaxSelected);
  };
  read("registries", selection.registries);
  read("namespaces", selection.namespaces);
  read("resource_groups", selection.resource_groups);
  BW_TRY_STATUS(in.Finish());
  return selection;
}

}  // namespace breakwater::posture
