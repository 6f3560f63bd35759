// The first rows of each of many repositories, in order of repository and digest. Internal to
// registry/.
#pragma once

#include <string>
#include <string_view>

#include "db/database.h"

namespace breakwater::registry {

// What stands behind FROM: repositories as `r`, joined with what `table` has of them as `alias`,
// where `condition` holds of it. To be ordered by r.name and the alias's digest, and limited to
// `limit`, a parameter. SQLite reads no more than that. PostgreSQL would read a whole repository to
// put it in order, so it is given the limit for each of them as well.
inline std::string OfEachRepository(db::Dialect dialect, std::string_view table,
                                    std::string_view alias, std::string_view condition,
                                    std::string_view limit) {
  const std::string a(alias);
  const std::string rows = std::string(table) + " " + a;
  const std::string which =
      a + ".repository = r.id" + (condition.empty() ? "" : " AND ") + std::string(condition);
  if (dialect == db::Dialect::kSqlite) return "repository r JOIN " + rows + " ON " + which + " ";
  return "repository r CROSS JOIN LATERAL (SELECT " + a + ".* FROM " + rows + " WHERE " + which +
         " ORDER BY " + a + ".digest LIMIT " + std::string(limit) + ") " + a + " ";
}

}  // namespace breakwater::registry
