#include <algorithm>
#include <map>

#include "oci/names.h"
#include "registry/content.h"
#include "registry/manifests.h"

namespace breakwater::registry {
namespace {

std::size_t LimitOf(const Page& page) {
  return std::min(page.n.value_or(kMaxPage), kMaxPage);
}

// Cuts a list that was read one longer than asked for.
NamesPage CutTo(std::vector<std::string> names, std::size_t limit) {
  const bool more = names.size() > limit;
  if (more) names.resize(limit);
  return {.names = std::move(names), .more = more};
}

// The smallest name after everything in a namespace: '0' is what follows '/'.
std::string AfterNamespace(std::string_view name_space) {
  return std::string(name_space) + "0";
}

// A stretch of repositories with manifests; `inclusive` for a bound that may itself be a name.
Result<std::vector<std::string>> Stretch(db::Transaction& tx, const RegistryName& registry,
                                         const std::string& from, bool inclusive,
                                         std::size_t limit) {
  const std::string sql =
      std::string("SELECT r.name FROM repository r WHERE r.registry = $1 AND r.name ") +
      (inclusive ? ">=" : ">") +
      " $2 AND EXISTS (SELECT 1 FROM manifest m WHERE m.repository = r.id) "
      "ORDER BY r.name LIMIT $3";
  return tx.QueryAll(sql, {registry, from, limit},
                     [](const db::Row& row) { return row.String(0); });
}

}  // namespace

Result<NamesPage> Manifests::Tags(const RepositoryPath& path, const Page& page) const {
  const std::size_t limit = LimitOf(page);
  return database_.ReadValue([&](db::Transaction& tx) -> Result<NamesPage> {
    BW_TRY(const auto repository, FindRepository(tx, path.registry, path.name));
    if (!repository) return NameUnknown();
    if (limit == 0) return NamesPage{};
    BW_TRY(auto names, tx.QueryAll("SELECT name FROM tag WHERE repository = $1 AND name > $2 "
                                   "ORDER BY name LIMIT $3",
                                   {*repository, page.last, limit + 1},
                                   [](const db::Row& row) { return row.String(0); }));
    return CutTo(std::move(names), limit);
  });
}

Result<NamesPage> Manifests::Catalogue(const RegistryName& registry, const Page& page,
                                       const Visible& visible) const {
  constexpr std::size_t kStretch = 1000;
  const std::size_t limit = LimitOf(page);
  if (limit == 0) return NamesPage{};
  std::vector<std::string> names;
  std::map<std::string, bool, std::less<>> decided;
  std::string from = page.last;
  bool inclusive = false;
  while (names.size() <= limit) {
    BW_TRY(const auto stretch, database_.ReadValue([&](db::Transaction& tx) {
      return Stretch(tx, registry, from, inclusive, kStretch);
    }));
    if (stretch.empty()) break;
    inclusive = false;
    from = stretch.back();
    for (const std::string& name : stretch) {
      const std::string name_space(oci::NamespaceOf(name));
      auto known = decided.find(name_space);
      if (known == decided.end()) {
        BW_TRY(const bool may_see, visible(name_space));
        known = decided.emplace(name_space, may_see).first;
      }
      if (!known->second) {
        // The rest of a hidden namespace is skipped, however large it is.
        from = AfterNamespace(name_space);
        inclusive = true;
        break;
      }
      names.push_back(name);
      from = name;
      if (names.size() > limit) break;
    }
  }
  return CutTo(std::move(names), limit);
}

}  // namespace breakwater::registry
