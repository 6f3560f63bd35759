// What the store's files share; not for others.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "db/database.h"

namespace breakwater::iam::store {

inline std::string Sql(std::string_view columns, std::string_view rest) {
  return std::string(columns) + std::string(rest);
}

// The first column of the first row, or 0.
inline Result<std::int64_t> Number(db::Transaction& tx, std::string_view sql,
                                   std::initializer_list<db::Param> params) {
  BW_TRY(const auto number,
         tx.QueryOne(sql, params, [](const db::Row& row) { return row.Int(0); }));
  return number.value_or(0);
}

}  // namespace breakwater::iam::store
