#include "report/oscal_resolve.h"

#include <algorithm>
#include <set>

#include "posture/profile.h"

namespace breakwater::report {
namespace {

using json::Reader;

constexpr std::size_t kMaxList = 10'000;
constexpr std::size_t kMaxNodes = 20'000;

class CatalogReader {
 public:
  OscalNodes Read(const Reader& catalog) {
    catalog.OnlyFields({"uuid", "metadata", "params", "controls", "groups", "back-matter"});
    Children(catalog, "");
    return std::move(nodes_);
  }

 private:
  void Children(const Reader& holder, const std::string& parent) {
    if (const auto groups = holder.Optional("groups")) {
      for (const Reader& group : groups->Items(kMaxList)) Add(group, parent, true);
    }
    if (const auto controls = holder.Optional("controls")) {
      for (const Reader& control : controls->Items(kMaxList)) Add(control, parent, false);
    }
  }

  void Add(const Reader& reader, const std::string& parent, bool is_group) {
    if (reader.failed()) return;
    if (nodes_.size() >= kMaxNodes) return reader.Fail("is one of too many controls");
    reader.OnlyFields(
        {"id", "class", "title", "params", "props", "links", "parts", "groups", "controls"});
    const std::string title = reader.Field("title").String();
    std::string id = is_group ? reader.String("id", "") : reader.Field("id").String();
    if (id.empty()) id = "group " + title;
    if (reader.failed()) return;
    if (!seen_.insert(id).second) return reader.Fail("has the id of another: " + id);
    OscalNode node{
        .id = id, .parent = parent, .is_group = is_group, .document = reader.value().as_object()};
    node.document.erase("groups");
    node.document.erase("controls");
    nodes_.push_back(std::move(node));
    Children(reader, id);
  }

  OscalNodes nodes_;
  std::set<std::string> seen_;
};

// Which controls a list of selections means.
class Selection {
 public:
  explicit Selection(const OscalNodes& nodes) : nodes_(nodes) {
    for (const auto& node : nodes) {
      if (!node.is_group) known_.insert(node.id);
    }
  }

  std::set<std::string> Read(const Reader& list) {
    std::set<std::string> chosen;
    for (const Reader& one : list.Items(kMaxList)) {
      one.OnlyFields({"with-ids", "matching", "with-child-controls"});
      std::set<std::string> here;
      if (const auto ids = one.Optional("with-ids")) Ids(*ids, here);
      if (const auto patterns = one.Optional("matching")) Patterns(*patterns, here);
      const std::string children = one.String("with-child-controls", "no");
      if (children == "yes") {
        Children(here);
      } else if (children != "no") {
        one.Field("with-child-controls").Fail("must be yes or no");
      }
      chosen.merge(here);
    }
    return chosen;
  }

 private:
  void Ids(const Reader& ids, std::set<std::string>& chosen) const {
    for (const Reader& id : ids.Items(kMaxList)) {
      const std::string text = id.String();
      if (!known_.contains(text)) id.Fail("names a control that is not there");
      chosen.insert(text);
    }
  }

  void Patterns(const Reader& patterns, std::set<std::string>& chosen) const {
    for (const Reader& pattern : patterns.Items(100)) {
      pattern.OnlyFields({"pattern"});
      const std::string text = pattern.Field("pattern").String();
      if (text.size() > 200) pattern.Fail("is too long");
      for (const auto& id : known_) {
        if (!pattern.failed() && MatchesPattern(text, id)) chosen.insert(id);
      }
    }
  }

  // Parents come before their children.
  void Children(std::set<std::string>& chosen) const {
    for (const auto& node : nodes_) {
      if (!node.is_group && chosen.contains(node.parent)) chosen.insert(node.id);
    }
  }

  const OscalNodes& nodes_;
  std::set<std::string> known_;
};

}  // namespace

bool MatchesPattern(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]) && pattern[p] != '*') {
      ++p;
      ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

OscalNodes NodesOf(const Reader& catalog) {
  return CatalogReader().Read(catalog);
}

OscalNodes Select(const OscalNodes& from, const Reader& import) {
  import.OnlyFields({"href", "include-all", "include-controls", "exclude-controls"});
  Selection selection(from);
  std::set<std::string> chosen;
  const auto all = import.Optional("include-all");
  const auto some = import.Optional("include-controls");
  if (all && some) some->Fail("cannot stand beside include-all");
  if (some) {
    chosen = selection.Read(*some);
  } else {
    for (const auto& node : from) {
      if (!node.is_group) chosen.insert(node.id);
    }
  }
  if (const auto excluded = import.Optional("exclude-controls")) {
    for (const auto& id : selection.Read(*excluded)) chosen.erase(id);
  }
  // From the last to the first, so that each group knows whether anything in it is wanted. A
  // control whose parent is not wanted lies where its parent lay.
  std::map<std::string, std::string> parents;
  std::set<std::string> groups;
  for (const auto& node : from) {
    const auto above = parents.find(node.parent);
    std::string parent = node.parent;
    if (above != parents.end()) parent = above->second;
    if (!node.is_group && !chosen.contains(node.id)) parents[node.id] = parent;
  }
  OscalNodes out;
  for (auto node = from.rbegin(); node != from.rend(); ++node) {
    const bool wanted = node->is_group ? groups.contains(node->id) : chosen.contains(node->id);
    if (!wanted) continue;
    OscalNode copy = *node;
    if (const auto above = parents.find(copy.parent); above != parents.end()) {
      copy.parent = above->second;
    }
    groups.insert(copy.parent);
    out.push_back(std::move(copy));
  }
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace breakwater::report
