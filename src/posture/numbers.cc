#include "posture/numbers.h"

namespace breakwater::posture {

Result<std::int64_t> TakeNumbers(db::Transaction& tx, std::string_view series, std::int64_t first,
                                 std::int64_t count) {
  BW_TRY(const auto next,
         tx.QueryOne("INSERT INTO posture_number (name, next) VALUES ($1, $2 + $3) "
                     "ON CONFLICT (name) DO UPDATE SET next = posture_number.next + $3 "
                     "RETURNING next",
                     {series, first, count}, [](const db::Row& row) { return row.Int(0); }));
  if (!next) return Internal("there are no numbers for a " + std::string(series));
  return *next - count;
}

}  // namespace breakwater::posture
