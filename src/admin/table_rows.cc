#include "admin/table_rows.h"

#include <algorithm>

#include "base/strings.h"
#include "crypto/hash.h"

namespace breakwater::admin {
namespace {

// Parameters of one INSERT, within what both databases take.
constexpr std::size_t kMaxParams = 800;
constexpr std::size_t kMaxRowsAtOnce = 64;

std::string Placeholder(std::size_t number) {
  return "$" + std::to_string(number);
}

std::string ColumnList(const db::Table& table) {
  std::vector<std::string> names;
  for (const db::Column& column : table.columns) names.push_back(db::Quoted(column.name));
  return Join(names, ", ");
}

// An SQL expression for the bytes of a row's texts and bytes.
std::string SizeExpression(const db::Table& table, db::Dialect dialect) {
  std::string sum = "CAST(0 AS BIGINT)";
  for (const db::Column& column : table.columns) {
    const std::string name = db::Quoted(column.name);
    if (column.type != db::ColumnType::kText && column.type != db::ColumnType::kBytes) continue;
    sum += dialect == db::Dialect::kSqlite ? " + coalesce(length(CAST(" + name + " AS BLOB)), 0)"
                                           : " + coalesce(octet_length(" + name + "), 0)";
  }
  return sum;
}

std::string InsertText(const db::Table& table, std::size_t rows) {
  std::vector<std::string> tuples;
  std::size_t number = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    std::vector<std::string> places;
    for (std::size_t c = 0; c < table.columns.size(); ++c) places.push_back(Placeholder(++number));
    tuples.push_back("(" + Join(places, ", ") + ")");
  }
  return "INSERT INTO " + db::Quoted(table.name) + " (" + ColumnList(table) + ") VALUES " +
         Join(tuples, ", ");
}

}  // namespace

TableReader::TableReader(const db::Table& table, db::Dialect dialect, PieceLimits limits)
    : table_(table), limits_(limits) {
  BW_CHECK(!table.primary_key.empty());
  std::vector<std::string> order;
  std::vector<std::string> places;
  for (const std::string& name : table.primary_key) {
    const int index = table.IndexOf(name);
    BW_CHECK(index >= 0);
    key_.push_back(static_cast<std::size_t>(index));
    order.push_back(db::Bytewise(dialect, table.columns[key_.back()]));
    places.push_back(Placeholder(key_.size()));
  }
  const std::string from = " FROM " + db::Quoted(table.name);
  const std::string after = " WHERE (" + Join(order, ", ") + ") > (" + Join(places, ", ") + ")";
  const std::string ordered = " ORDER BY " + Join(order, ", ") + " LIMIT ";
  const std::string sizes = "SELECT " + SizeExpression(table, dialect) + from;
  const std::string rows = "SELECT " + ColumnList(table) + from;
  first_sizes_ = sizes + ordered + Placeholder(1);
  first_rows_ = rows + ordered + Placeholder(1);
  next_sizes_ = sizes + after + ordered + Placeholder(key_.size() + 1);
  next_rows_ = rows + after + ordered + Placeholder(key_.size() + 1);
}

Result<std::int64_t> TableReader::CountThatFit(db::Transaction& tx,
                                               const std::vector<db::Param>& key) const {
  std::vector<db::Param> params = key;
  params.emplace_back(limits_.rows);
  std::int64_t count = 0;
  std::int64_t bytes = 0;
  BW_TRY_STATUS(
      tx.QueryWith(key.empty() ? first_sizes_ : next_sizes_, params, [&](const db::Row& row) {
        bytes += row.Int(0);
        if (count == 0 || bytes <= limits_.bytes) ++count;
        return Ok();
      }));
  return count;
}

Result<std::vector<Values>> TableReader::Read(db::Transaction& tx, const Values& after) const {
  BW_CHECK(after.empty() || after.size() == key_.size());
  std::vector<db::Param> params;
  for (const Value& value : after) params.push_back(ToParam(value));
  BW_TRY(const std::int64_t count, CountThatFit(tx, params));
  std::vector<Values> rows;
  if (count == 0) return rows;
  params.emplace_back(count);
  BW_TRY_STATUS(
      tx.QueryWith(after.empty() ? first_rows_ : next_rows_, params, [&](const db::Row& row) {
        Values values;
        values.reserve(table_.columns.size());
        for (std::size_t i = 0; i < table_.columns.size(); ++i) {
          values.push_back(ReadValue(row, static_cast<int>(i), table_.columns[i].type));
        }
        rows.push_back(std::move(values));
        return Ok();
      }));
  return rows;
}

Values TableReader::KeyOf(const Values& row) const {
  Values key;
  for (const std::size_t index : key_) key.push_back(row[index]);
  return key;
}

Status InsertRows(db::Transaction& tx, const db::Table& table, const std::vector<Values>& rows) {
  const std::size_t most =
      std::clamp<std::size_t>(kMaxParams / table.columns.size(), 1, kMaxRowsAtOnce);
  std::vector<db::Param> params;
  for (std::size_t begin = 0; begin < rows.size();) {
    // Of a rest one by one: a table has two statements then, not one for every number of rows.
    const std::size_t count = rows.size() - begin >= most ? most : 1;
    params.clear();
    for (std::size_t r = begin; r < begin + count; ++r) {
      for (const Value& value : rows[r]) params.push_back(ToParam(value));
    }
    BW_TRY_STATUS(tx.ExecuteWith(InsertText(table, count), params));
    begin += count;
  }
  return Ok();
}

Result<TableDigest> DigestTable(db::Database& database, const db::Table& table,
                                const std::function<void(std::int64_t)>& progress,
                                PieceLimits limits) {
  const TableReader reader(table, database.dialect(), limits);
  crypto::Hasher hasher(crypto::HashAlgorithm::kSha256);
  TableDigest digest;
  Values after;
  for (;;) {
    BW_TRY(const auto rows,
           database.ReadValue([&](db::Transaction& tx) { return reader.Read(tx, after); }));
    if (rows.empty()) break;
    for (const Values& row : rows) hasher.Update(Encode(row));
    digest.rows += static_cast<std::int64_t>(rows.size());
    after = reader.KeyOf(rows.back());
    if (progress) progress(digest.rows);
  }
  digest.sha256 = HexEncode(hasher.Finish());
  if (table.numbered.empty()) return digest;
  BW_TRY(digest.last_number, database.ReadValue([&](db::Transaction& tx) {
    return db::LastNumber(tx, database.dialect(), table);
  }));
  return digest;
}

Result<std::int64_t> CountRows(db::Transaction& tx, std::span<const db::Table> tables) {
  std::string sum = "0";
  for (const db::Table& table : tables) {
    sum += " + (SELECT count(*) FROM " + db::Quoted(table.name) + ")";
  }
  BW_TRY(const auto count,
         tx.QueryOne("SELECT " + sum, {}, [](const db::Row& row) { return row.Int(0); }));
  return *count;
}

}  // namespace breakwater::admin
