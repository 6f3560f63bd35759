// The rows of any table, in the order of its primary key, read and written in bounded pieces.
// Internal to admin/.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "admin/values.h"
#include "db/database.h"
#include "db/schema.h"

namespace breakwater::admin {

// Rows of one piece: so many, and (beyond the first) so many bytes of texts and bytes.
struct PieceLimits {
  std::int64_t rows = 512;
  std::int64_t bytes = 8 << 20;
};

// Reads one table. Its table must outlive it; immutable.
class TableReader {
 public:
  TableReader(const db::Table& table, db::Dialect dialect, PieceLimits limits = {});

  // The rows that follow the one with the key `after` (empty: from the first), with the values in
  // the order of table.columns. None: the table ends there.
  Result<std::vector<Values>> Read(db::Transaction& tx, const Values& after) const;
  // Of a row that Read gave.
  Values KeyOf(const Values& row) const;

 private:
  Result<std::int64_t> CountThatFit(db::Transaction& tx, const std::vector<db::Param>& key) const;

  const db::Table& table_;
  const PieceLimits limits_;
  std::vector<std::size_t> key_;  // indexes of columns
  // For the rows from the first, and for those after a key: the sizes of rows, and rows.
  std::string first_sizes_, first_rows_, next_sizes_, next_rows_;
};

Status InsertRows(db::Transaction& tx, const db::Table& table, const std::vector<Values>& rows);

struct TableDigest {
  std::int64_t rows = 0;
  std::string sha256;  // over the encodings of all rows in order, in hex
  std::int64_t last_number = 0;
  friend bool operator==(const TableDigest&, const TableDigest&) = default;
};

// `progress` is told the rows so far after every piece.
Result<TableDigest> DigestTable(db::Database& database, const db::Table& table,
                                const std::function<void(std::int64_t)>& progress = {},
                                PieceLimits limits = {});

// Of all these tables together.
Result<std::int64_t> CountRows(db::Transaction& tx, std::span<const db::Table> tables);

}  // namespace breakwater::admin
