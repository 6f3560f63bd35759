#include "report/references.h"

namespace breakwater::report {

void References::Add(std::string_view name, const json::Value& value) {
  Walk("", name, value);
}

void References::Define(Set& set, std::string_view id) {
  if (!set.emplace(id).second && repeated_.empty()) repeated_ = id;
}

// `list` is the name of the array whose element this is a member of.
void References::AddText(std::string_view list, std::string_view name, std::string_view text) {
  if (name == "uuid") return Define(uuids_, text);
  if (name == "id" && list == "roles") return Define(roles_, text);
  if (name == "id" && list == "params") return Define(params_, text);
  if (name == "id" && (list == "groups" || list == "controls" || list == "parts")) {
    return Define(ids_, text);
  }
  if (name == "role-id" || name == "role-ids") {
    role_pointers_.emplace(text);
  } else if (name == "control-id" || name == "with-ids") {
    control_pointers_.emplace(text);
  } else if (name.ends_with("-uuid") || name.ends_with("-uuids")) {
    uuid_pointers_.emplace(text);
  } else if (name == "href" && text.starts_with('#')) {
    uuid_pointers_.emplace(text.substr(1));
  }
}

void References::Walk(std::string_view list, std::string_view name, const json::Value& value) {
  if (value.is_string()) return AddText(list, name, json::View(value.as_string()));
  if (value.is_array()) {
    for (const auto& element : value.as_array()) {
      if (element.is_string()) {
        AddText(list, name, json::View(element.as_string()));
      } else if (element.is_object()) {
        for (const auto& member : element.as_object()) Walk(name, member.key(), member.value());
      }
    }
  } else if (value.is_object()) {
    for (const auto& member : value.as_object()) Walk("", member.key(), member.value());
  }
}

Status References::Check() const {
  if (!repeated_.empty()) return Invalid("'" + repeated_ + "' is there twice");
  for (const auto& uuid : uuid_pointers_) {
    if (!uuids_.contains(uuid)) return Invalid("'" + uuid + "' is pointed at and is not there");
  }
  for (const auto& role : role_pointers_) {
    if (!roles_.contains(role)) return Invalid("the role '" + role + "' is not there");
  }
  for (const auto& control : control_pointers_) {
    if (!controls_.empty() && !controls_.contains(control)) {
      return Invalid("the control '" + control + "' is not there");
    }
  }
  return Ok();
}

Status CheckReferences(const json::Value& document) {
  References references;
  references.Add("", document);
  return references.Check();
}

}  // namespace breakwater::report
