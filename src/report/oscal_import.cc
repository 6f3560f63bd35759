#include "report/oscal_import.h"

#include <algorithm>
#include <set>

#include "report/oscal.h"
#include "report/oscal_resolve.h"
#include "report/text.h"

namespace breakwater::report {
namespace {

using json::Reader;

// Profiles that import profiles may ask for the same one again and again.
constexpr int kMaxSteps = 200;
constexpr std::string_view kNist = "nist-sp-800-53-r5";

class Resolver {
 public:
  explicit Resolver(const std::vector<OscalFile>& bundle) : bundle_(bundle) {}

  Result<OscalNodes> Resolve(std::size_t file) {
    if (++steps_ > kMaxSteps) return TooLarge("the bundle has too many imports");
    const auto& document = bundle_[file].document;
    const Reader root(document);
    root.OnlyFields({"catalog", "profile", "$schema"});
    OscalNodes nodes;
    if (const auto catalog = root.Optional("catalog")) {
      nodes = NodesOf(*catalog);
    } else {
      stack_.push_back(file);
      auto resolved = Profile(root.Field("profile"));
      stack_.pop_back();
      if (!resolved.ok()) return std::move(resolved).error();
      nodes = *std::move(resolved);
    }
    if (auto read = root.Finish(); !read.ok()) {
      return std::move(read).error().Context(OneLine(bundle_[file].name, 100));
    }
    return nodes;
  }

 private:
  // Its own mistakes are the reader's; those of what it imports are the result's.
  Result<OscalNodes> Profile(const Reader& profile) {
    profile.OnlyFields({"uuid", "metadata", "imports", "merge", "modify", "back-matter"});
    OscalNodes nodes;
    bool flat = true;
    bool use_first = false;
    if (const auto merge = profile.Optional("merge")) ReadMerge(*merge, flat, use_first);
    for (const Reader& import : profile.Field("imports").Items(100)) {
      const auto place = Place(profile, import.Field("href"));
      if (profile.failed()) return nodes;
      BW_TRY(const OscalNodes whole, Resolve(place));
      Append(Select(whole, import), use_first, import, nodes);
    }
    if (flat) {
      std::erase_if(nodes, [](const auto& node) { return node.is_group; });
      for (auto& node : nodes) node.parent.clear();
    }
    if (const auto modify = profile.Optional("modify"); modify && !profile.failed()) {
      Modify(nodes, *modify);
    }
    return nodes;
  }

  static void ReadMerge(const Reader& merge, bool& flat, bool& use_first) {
    merge.OnlyFields({"combine", "flat", "as-is"});
    flat = !merge.Bool("as-is", false);
    if (const auto combine = merge.Optional("combine")) {
      combine->OnlyFields({"method"});
      const std::string method = combine->String("method", "keep");
      use_first = method == "use-first";
      if (method != "use-first" && method != "keep") {
        combine->Field("method").Fail("cannot be honoured: use-first and keep can");
      }
    }
  }

  static void Append(OscalNodes more, bool use_first, const Reader& import, OscalNodes& nodes) {
    std::set<std::string_view> there;
    for (const auto& node : nodes) there.insert(node.id);
    OscalNodes added;
    for (auto& node : more) {
      if (!there.contains(node.id)) {
        added.push_back(std::move(node));
      } else if (!use_first && !node.is_group) {
        import.Fail("brings " + node.id + " again: merge.combine.method use-first would allow it");
      }
    }
    std::ranges::move(added, std::back_inserter(nodes));
  }

  // The file that a relative reference names: by its whole path, or else by the last part of it,
  // for bundles are handed over without the folders they came from. The bundle's size if there is
  // none.
  std::size_t Named(std::string_view reference) const {
    const auto place = [this](std::string_view name) {
      const auto file = std::ranges::find(bundle_, name, &OscalFile::name);
      return static_cast<std::size_t>(file - bundle_.begin());
    };
    if (reference.starts_with("./")) reference.remove_prefix(2);
    if (reference.empty() || reference.find(':') != std::string_view::npos) return bundle_.size();
    const std::size_t whole = place(reference);
    const std::size_t slash = reference.rfind('/');
    if (whole != bundle_.size() || slash == std::string_view::npos) return whole;
    return place(reference.substr(slash + 1));
  }

  // Where in the bundle. 0 after a mistake.
  std::size_t Place(const Reader& profile, const Reader& href) const {
    std::string target = href.String();
    if (target.starts_with('#')) target = Linked(profile, target.substr(1));
    const std::size_t place = Named(target);
    if (place == bundle_.size()) {
      href.Fail("is not in the bundle, and nothing is fetched");
      return 0;
    }
    if (std::ranges::find(stack_, place) != stack_.end()) href.Fail("imports in a circle");
    return place;
  }

  // The link of a back-matter resource that names a file of the bundle, or "".
  std::string Linked(const Reader& profile, std::string_view uuid) const {
    const json::Value* matter = json::Find(profile.value(), "back-matter");
    const json::Value* resources = matter == nullptr ? nullptr : json::Find(*matter, "resources");
    if (resources == nullptr || !resources->is_array()) return "";
    for (const auto& resource : resources->as_array()) {
      const json::Value* links = json::Find(resource, "rlinks");
      if (json::FindText(resource, "uuid") != uuid || links == nullptr || !links->is_array()) {
        continue;
      }
      for (const auto& link : links->as_array()) {
        std::string href(json::FindText(link, "href"));
        if (Named(href) != bundle_.size()) return href;
      }
    }
    return "";
  }

  const std::vector<OscalFile>& bundle_;
  std::vector<std::size_t> stack_;
  int steps_ = 0;
};

const json::Array& ListOf(const json::Object& holder, std::string_view name) {
  static const json::Array kNone;
  const json::Value* list = holder.if_contains(name);
  return list == nullptr || !list->is_array() ? kNone : list->as_array();
}

const json::Array& ListOf(const json::Value& holder, std::string_view name) {
  static const json::Object kNone;
  return ListOf(holder.is_object() ? holder.as_object() : kNone, name);
}

std::string LabelOf(const OscalNode& node) {
  std::string label;
  for (const auto& property : ListOf(node.document, "props")) {
    if (json::FindText(property, "name") != "label") continue;
    // NIST's catalog has a zero-padded label beside the usual one.
    const bool usual = json::FindText(property, "class") != "zero-padded";
    if (label.empty() || usual) label = OneLine(json::FindText(property, "value"), 100);
    if (usual) break;
  }
  return label.empty() ? node.id : label;
}

// Goals that our own export names, in any part of the control.
template <class Holder>
void NamedGoals(const Holder& holder, std::set<std::string>& found) {
  for (const auto& property : ListOf(holder, "props")) {
    if (json::FindText(property, "ns") == kOscalNamespace &&
        json::FindText(property, "name") == "goal-id") {
      found.emplace(json::FindText(property, "value"));
    }
  }
  for (const auto& part : ListOf(holder, "parts")) NamedGoals(part, found);
}

std::vector<std::string> GoalsOf(const OscalNode& node, const Goals& goals) {
  std::set<std::string> named;
  NamedGoals(node.document, named);
  std::vector<std::string> found;
  for (const auto& goal : goals) {
    const auto mapped = goal->mappings.find(std::string(kNist));
    const bool maps = mapped != goal->mappings.end() &&
                      std::ranges::any_of(mapped->second, [&](const std::string& id) {
                        return TokenOf(id) == node.id;
                      });
    if (named.empty() ? maps : named.contains(goal->id)) found.push_back(goal->id);
  }
  return found;
}

void AddParameters(const OscalNode& node, std::vector<ImportedParameter>& parameters) {
  for (const auto& parameter : ListOf(node.document, "params")) {
    ImportedParameter out{.id = std::string(json::FindText(parameter, "id")),
                          .label = OneLine(json::FindText(parameter, "label")),
                          .values = {},
                          .control = node.id};
    for (const auto& value : ListOf(parameter, "values")) {
      if (value.is_string()) out.values.emplace_back(json::View(value.as_string()));
    }
    parameters.push_back(std::move(out));
  }
}

}  // namespace

Result<ImportedProfile> ImportOscal(const std::vector<OscalFile>& bundle, const Goals& goals) {
  if (bundle.empty()) return Invalid("the bundle is empty");
  BW_TRY(const OscalNodes nodes, Resolver(bundle).Resolve(0));
  if (nodes.size() > posture::kMaxControls) {
    return TooLarge("a profile has at most " + std::to_string(posture::kMaxControls) +
                    " controls, these are " + std::to_string(nodes.size()));
  }
  ImportedProfile out;
  const auto& root = bundle[0].document;
  const json::Value* content = json::Find(root, "catalog");
  if (content == nullptr) content = json::Find(root, "profile");
  if (const json::Value* metadata = json::Find(*content, "metadata")) {
    out.title = OneLine(json::FindText(*metadata, "title"), 200);
    out.version = OneLine(json::FindText(*metadata, "version"), 100);
  }
  for (const OscalNode& node : nodes) {
    out.controls.push_back(
        {.id = node.id,
         .external_id = LabelOf(node),
         .title = OneLine(json::FindText(node.document, "title"), 500),
         .parent = node.parent,
         .is_group = node.is_group,
         .goals = node.is_group ? std::vector<std::string>() : GoalsOf(node, goals)});
    AddParameters(node, out.parameters);
  }
  return out;
}

}  // namespace breakwater::report
