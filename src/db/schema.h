// What tables a database has, told in terms that both dialects share: for what treats every table
// alike, such as copying a whole database into another.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "db/database.h"

namespace breakwater::db {

// The types that Row and Param know.
enum class ColumnType { kInteger, kReal, kText, kBytes };

std::string_view ToString(ColumnType type);

struct Column {
  std::string name;
  ColumnType type = ColumnType::kInteger;
  friend bool operator==(const Column&, const Column&) = default;
};

struct Table {
  std::string name;
  std::vector<Column> columns;           // by name, bytewise: dialects may have them in any order
  std::vector<std::string> primary_key;  // in the key's own order; empty if there is none
  std::vector<std::string> references;   // other tables that foreign keys point to, by name
  std::string numbered;                  // the column that numbers itself, or empty

  // -1 if there is none of this name.
  int IndexOf(std::string_view column) const;
  friend bool operator==(const Table&, const Table&) = default;
};

// Every table of the schema, each behind those that it refers to, else by name; none of the
// database's own. kUnsupported for a column of a type that is none of the above, and for tables
// that refer to each other in a circle.
Result<std::vector<Table>> ReadTables(Transaction& tx, Dialect dialect);

// The greatest number that a table with a `numbered` column ever gave; 0 before the first.
Result<std::int64_t> LastNumber(Transaction& tx, Dialect dialect, const Table& table);
// The next number will be last + 1.
Status SetLastNumber(Transaction& tx, Dialect dialect, const Table& table, std::int64_t last);

// "name" in quotes, whatever it is.
std::string Quoted(std::string_view name);
// What to order and compare a column by, so that text goes bytewise in both dialects.
std::string Bytewise(Dialect dialect, const Column& column);

}  // namespace breakwater::db
