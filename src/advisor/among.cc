#include "advisor/among.h"

#include <algorithm>
#include <span>
#include <string>

namespace breakwater::advisor {

Status QueryAmong(db::Transaction& tx, std::string_view select,
                  const std::vector<db::Param>& params, const std::vector<oci::Digest>& digests,
                  const db::Transaction::RowCallback& row, std::size_t at_once) {
  std::string sql = std::string(select) + " IN (";
  for (std::size_t i = 0; i < at_once; ++i) {
    sql += (i == 0 ? "$" : ", $") + std::to_string(params.size() + i + 1);
  }
  sql += ")";
  for (std::span<const oci::Digest> rest = digests; !rest.empty();) {
    const auto some = rest.first(std::min(rest.size(), at_once));
    std::vector<db::Param> all = params;
    // Always as many, so that there is one statement.
    for (std::size_t i = 0; i < at_once; ++i) {
      all.emplace_back(some[std::min(i, some.size() - 1)].text());
    }
    BW_TRY_STATUS(tx.QueryWith(sql, all, row));
    rest = rest.subspan(some.size());
  }
  return Ok();
}

}  // namespace breakwater::advisor
