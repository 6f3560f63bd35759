// A database's values outside their row, and the one encoding of them that is the same whatever
// database they come from. Internal to admin/.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "db/database.h"
#include "db/schema.h"

namespace breakwater::admin {

using Value = std::variant<std::monostate, std::int64_t, double, std::string, Bytes>;
// A row, or the key of one.
using Values = std::vector<Value>;

Value ReadValue(const db::Row& row, int index, db::ColumnType type);
db::Param ToParam(const Value& value);
// Bytes of memory, about.
std::size_t SizeOf(const Value& value);

// A letter for the type, then 8 octets, most significant first: the number, the IEEE 754 bits, or
// the length of what follows. No two rows have the same encoding. 0.0 and -0.0 are one number, as
// SQLite keeps them.
void AppendEncoded(const Value& value, std::string& out);
std::string Encode(const Values& values);
// kDataCorrupt for what Encode does not make.
Result<Values> Decode(std::string_view encoded);

}  // namespace breakwater::admin
