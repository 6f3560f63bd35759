// A profile's alterations: what is set, removed and added.
#include <algorithm>

#include "report/oscal_resolve.h"

namespace breakwater::report {
namespace {

using json::Reader;

constexpr std::size_t kMaxList = 10'000;

// The lists of a control, or of a part in it, and what one element of each is called.
struct List {
  std::string_view name;
  std::string_view item;
};
constexpr std::array<List, 4> kLists = {List{"params", "param"}, List{"props", "prop"},
                                        List{"links", "link"}, List{"parts", "part"}};

json::Object* FindById(json::Object& holder, std::string_view id) {
  for (const List& list : kLists) {
    auto* found = holder.if_contains(list.name);
    if (found == nullptr || !found->is_array()) continue;
    for (auto& element : found->as_array()) {
      if (!element.is_object()) continue;
      if (json::FindText(element, "id") == id) return &element.as_object();
      if (auto* inside = FindById(element.as_object(), id)) return inside;
    }
  }
  return nullptr;
}

// Where the parameter of that id is declared; null if nowhere.
json::Object* FindParameter(OscalNodes& nodes, std::string_view id) {
  for (auto& node : nodes) {
    auto* params = node.document.if_contains("params");
    if (params == nullptr || !params->is_array()) continue;
    for (auto& param : params->as_array()) {
      if (param.is_object() && json::FindText(param, "id") == id) return &param.as_object();
    }
  }
  return nullptr;
}

void SetParameter(OscalNodes& nodes, const Reader& set) {
  set.OnlyFields({"param-id", "label", "values", "constraints", "usage", "props", "links"});
  const Reader id = set.Field("param-id");
  json::Object* parameter = FindParameter(nodes, id.String());
  if (parameter == nullptr) return id.Fail("names a parameter that is not there");
  if (const auto values = set.Optional("values")) {
    json::Array list;
    for (const std::string& value : values->Strings(kMaxList)) list.push_back(json::Text(value));
    (*parameter)["values"] = std::move(list);
  }
  if (const auto label = set.Optional("label")) {
    (*parameter)["label"] = json::Text(label->String());
  }
}

struct Removal {
  std::string name;
  std::string kind;
  std::string id;
  std::string item;
  std::string space;

  bool Takes(std::string_view item_name, const json::Value& element) const {
    return (name.empty() || json::FindText(element, "name") == name) &&
           (kind.empty() || json::FindText(element, "class") == kind) &&
           (id.empty() || json::FindText(element, "id") == id) &&
           (item.empty() || item == item_name) &&
           (space.empty() || json::FindText(element, "ns") == space);
  }
};

void Remove(json::Object& holder, const Removal& removal) {
  for (const List& list : kLists) {
    auto* found = holder.if_contains(list.name);
    if (found == nullptr || !found->is_array()) continue;
    json::Array kept;
    for (auto& element : found->as_array()) {
      if (removal.Takes(list.item, element)) continue;
      if (element.is_object()) Remove(element.as_object(), removal);
      kept.push_back(std::move(element));
    }
    *found = std::move(kept);
  }
}

void Remove(json::Object& control, const Reader& remove) {
  remove.OnlyFields({"by-name", "by-class", "by-id", "by-item-name", "by-ns"});
  const Removal removal{.name = remove.String("by-name", ""),
                        .kind = remove.String("by-class", ""),
                        .id = remove.String("by-id", ""),
                        .item = remove.String("by-item-name", ""),
                        .space = remove.String("by-ns", "")};
  if (removal.name.empty() && removal.kind.empty() && removal.id.empty() && removal.item.empty() &&
      removal.space.empty()) {
    return remove.Fail("must say what to remove");
  }
  if (!remove.failed()) Remove(control, removal);
}

void Add(json::Object& control, const Reader& add) {
  add.OnlyFields({"position", "by-id", "title", "params", "props", "links", "parts"});
  const std::string position = add.String("position", "ending");
  if (position != "starting" && position != "ending") {
    return add.Field("position").Fail("cannot be honoured: starting and ending can");
  }
  json::Object* holder = &control;
  if (const auto id = add.Optional("by-id")) {
    holder = FindById(control, id->String());
    if (holder == nullptr) return id->Fail("names nothing that is in the control");
  }
  if (const auto title = add.Optional("title")) (*holder)["title"] = json::Text(title->String());
  for (const List& list : kLists) {
    const auto added = add.Optional(list.name);
    if (!added) continue;
    json::Array elements;
    for (const Reader& element : added->Items(kMaxList)) {
      if (!element.value().is_object()) return element.Fail("must be an object");
      elements.push_back(element.value());
    }
    json::Value& list_there = (*holder)[list.name];
    if (!list_there.is_array()) list_there = json::Array();
    json::Array& there = list_there.as_array();
    there.insert(position == "starting" ? there.begin() : there.end(), elements.begin(),
                 elements.end());
  }
}

void Alter(OscalNodes& nodes, const Reader& alter) {
  alter.OnlyFields({"control-id", "removes", "adds"});
  const Reader id = alter.Field("control-id");
  const std::string wanted = id.String();
  const auto node = std::ranges::find_if(nodes, [&](const auto& n) { return n.id == wanted; });
  if (node == nodes.end()) return id.Fail("names a control that is not there");
  if (const auto removes = alter.Optional("removes")) {
    for (const Reader& remove : removes->Items(kMaxList)) Remove(node->document, remove);
  }
  if (const auto adds = alter.Optional("adds")) {
    for (const Reader& add : adds->Items(kMaxList)) {
      if (!add.failed()) Add(node->document, add);
    }
  }
}

}  // namespace

void Modify(OscalNodes& nodes, const Reader& modify) {
  modify.OnlyFields({"set-parameters", "alters"});
  if (const auto sets = modify.Optional("set-parameters")) {
    for (const Reader& set : sets->Items(kMaxList)) {
      if (!set.failed()) SetParameter(nodes, set);
    }
  }
  if (const auto alters = modify.Optional("alters")) {
    for (const Reader& alter : alters->Items(kMaxList)) {
      if (!alter.failed()) Alter(nodes, alter);
    }
  }
}

}  // namespace breakwater::report
