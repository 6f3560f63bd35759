#include "registry/namespace_record.h"

#include <string>
#include <string_view>

#include "registry/content.h"
#include "registry/quotas.h"
#include "registry/retention.h"
#include "registry/tag_immutability.h"

namespace breakwater::registry {
namespace {

// Of one list. A record has room for all lists of a namespace, so that none is left out as a whole
// (audit::Bounded).
constexpr std::int64_t kMostNamed = 1'000;
constexpr std::size_t kMostOctets = 64U << 10;

class FirstOf {
 public:
  void Add(std::string text) {
    octets_ += text.size();
    if (octets_ <= kMostOctets) named_.push_back(json::Text(text));
  }
  json::Array named() && { return std::move(named_); }

 private:
  json::Array named_;
  std::size_t octets_ = 0;
};

// The advisor's, who stands above.
Result<json::Value> ExemptionsOf(db::Transaction& tx, const Namespace& ns) {
  BW_TRY(
      const auto number,
      tx.QueryOne("SELECT count(*) FROM advisor_exemption WHERE registry = $1 AND name_space = $2",
                  {ns.registry, ns.name}, [](const db::Row& row) { return row.Int(0); }));
  FirstOf first;
  BW_TRY_STATUS(
      tx.Query("SELECT scope, issue_type, issue_id FROM advisor_exemption WHERE registry = $1 AND "
               "name_space = $2 ORDER BY scope, issue_type, issue_id LIMIT $3",
               {ns.registry, ns.name, kMostNamed}, [&](const db::Row& row) -> Status {
                 first.Add(row.String(0) + " " + row.String(1) + " " + row.String(2));
                 return Ok();
               }));
  return json::Value{{"number", number.value_or(0)}, {"first", std::move(first).named()}};
}

Result<json::Value> SettingToRecord(db::Transaction& tx, const Namespace& ns,
                                    std::string_view table) {
  if (table == "retention_policy") {
    BW_TRY(const RetentionPolicy policy, ReadRetentionPolicy(tx, ns.registry, ns.name));
    return ToJson(policy);
  }
  if (table == "namespace_quota") {
    BW_TRY(const Limits limits, Quotas::GetNamespace(tx, ns.registry, ns.name));
    return ToJson(limits);
  }
  if (table == "tag_immutability") {
    BW_TRY(const TagPatterns patterns, ReadTagPatterns(tx, ns.registry, ns.name));
    return ToJson(patterns);
  }
  if (table == "advisor_exemption") return ExemptionsOf(tx, ns);
  return Internal("no record knows the setting " + std::string(table));
}

Result<std::int64_t> Count(db::Transaction& tx, const Namespace& ns, std::string_view of) {
  BW_TRY(const auto found,
         tx.QueryOne("SELECT count(*) FROM repository r " + std::string(of) +
                         " WHERE r.registry = $1 AND r.name_space = $2",
                     {ns.registry, ns.name}, [](const db::Row& row) { return row.Int(0); }));
  return found.value_or(0);
}

}  // namespace

Result<json::Value> SettingsToRecord(db::Transaction& tx, const Namespace& name_space) {
  json::Object settings;
  BW_TRY(const auto tables, SettingsOfNamespace(tx, name_space));
  for (const std::string& table : tables) {
    BW_TRY(settings[table], SettingToRecord(tx, name_space, table));
  }
  return settings;
}

Result<json::Value> ContentToRecord(db::Transaction& tx, const Namespace& name_space) {
  const Namespace& ns = name_space;
  BW_TRY(const std::int64_t repositories, Count(tx, ns, ""));
  BW_TRY(const std::int64_t images, Count(tx, ns, "JOIN manifest m ON m.repository = r.id"));
  BW_TRY(const std::int64_t tags, Count(tx, ns, "JOIN tag t ON t.repository = r.id"));
  BW_TRY(const std::int64_t trash, Count(tx, ns, "JOIN trash_image i ON i.repository = r.id"));
  FirstOf first;
  BW_TRY_STATUS(tx.Query(
      "SELECT i.name, i.digest, t.name FROM (SELECT r.id, r.name, m.digest FROM repository r JOIN "
      "manifest m ON m.repository = r.id WHERE r.registry = $1 AND r.name_space = $2 ORDER BY "
      "r.name, m.digest LIMIT $3) i LEFT JOIN tag t ON t.repository = i.id AND t.digest = i.digest "
      "ORDER BY i.name, i.digest, t.name LIMIT $3",
      {ns.registry, ns.name, kMostNamed}, [&](const db::Row& row) -> Status {
        const std::string tag = row.IsNull(2) ? "" : ":" + row.String(2);
        first.Add(row.String(0) + tag + "@" + row.String(1));
        return Ok();
      }));
  return json::Value{{"repositories", repositories},
                     {"images", images},
                     {"tags", tags},
                     {"images_in_trash", trash},
                     {"first_images", std::move(first).named()}};
}

}  // namespace breakwater::registry
