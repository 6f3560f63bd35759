#include "control/hierarchy.h"

#include <algorithm>

namespace breakwater::control {

bool Place::IsBelow(std::string_view node) const {
  if (node.empty()) return false;
  return node == enterprise ||
         std::find(account_groups.begin(), account_groups.end(), node) != account_groups.end();
}

Result<std::string> ScopesVersion(db::Transaction& tx) {
  BW_TRY(auto token, tx.QueryOne("SELECT token FROM scopes_version WHERE id = 1", {},
                                 [](const db::Row& row) { return row.String(0); }));
  return std::move(token).value_or("");
}

Status HoldScopes(db::Transaction& tx, db::Dialect dialect) {
  // SQLite writes one transaction after the other.
  if (dialect == db::Dialect::kSqlite) return Ok();
  BW_TRY(const auto held, tx.QueryOne("SELECT id FROM scopes_version WHERE id = 1 FOR SHARE", {},
                                      [](const db::Row& row) { return row.Int(0); }));
  return held ? Ok() : TouchScopes(tx);  // before there is a row, there is nothing to hold
}

Status TouchScopes(db::Transaction& tx) {
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO scopes_version (id, token) VALUES (1, $1) "
                 "ON CONFLICT (id) DO UPDATE SET token = excluded.token",
                 {NewUuid()}));
  return Ok();
}

}  // namespace breakwater::control
