#include "db/schema.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/strings.h"

namespace breakwater::db {
namespace {

// The parts of a schema as they are read, by table.
struct Parts {
  std::map<std::string, Table> tables;

  Status AddColumn(const std::string& table, Result<Column> column) {
    BW_TRY(Column read, std::move(column));
    tables[table].columns.push_back(std::move(read));
    return Ok();
  }
};

Error UnknownType(const std::string& table, const std::string& column, std::string_view type) {
  return Unsupported("column " + table + "." + column + " has a type that no value here has")
      .Reason("column_type_unknown")
      .Log(std::string(type));
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// https://www.sqlite.org/datatype3.html §3.1
Result<Column> SqliteColumn(const std::string& table, std::string name, std::string_view declared) {
  const std::string type = LowerAscii(declared);
  if (Contains(type, "int")) return Column{std::move(name), ColumnType::kInteger};
  if (Contains(type, "char") || Contains(type, "clob") || Contains(type, "text")) {
    return Column{std::move(name), ColumnType::kText};
  }
  if (Contains(type, "blob")) return Column{std::move(name), ColumnType::kBytes};
  if (Contains(type, "real") || Contains(type, "floa") || Contains(type, "doub")) {
    return Column{std::move(name), ColumnType::kReal};
  }
  return UnknownType(table, name, declared);
}

// Of all tables but SQLite's own, joined with what a pragma tells of each.
std::string SqliteQuery(std::string_view columns, std::string_view pragma, std::string_view order) {
  return "SELECT m.name, " + std::string(columns) + " FROM sqlite_master m JOIN " +
         std::string(pragma) +
         "(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
         " ORDER BY " +
         std::string(order);
}

Result<Parts> ReadSqlite(Transaction& tx) {
  Parts parts;
  const std::string columns =
      SqliteQuery("p.name, p.type, p.pk, m.sql", "pragma_table_info", "p.pk");
  BW_TRY_STATUS(tx.Query(columns, {}, [&](const Row& row) -> Status {
    const std::string name = row.String(0);
    if (row.Int(3) > 0) {
      Table& table = parts.tables[name];
      table.primary_key.push_back(row.String(1));
      // Only an integer that is the whole key can be AUTOINCREMENT.
      if (Contains(LowerAscii(row.Text(4)), "autoincrement")) table.numbered = row.String(1);
    }
    return parts.AddColumn(name, SqliteColumn(name, row.String(1), row.Text(2)));
  }));
  BW_TRY_STATUS(tx.Query(SqliteQuery("p.\"table\"", "pragma_foreign_key_list", "p.id"), {},
                         [&](const Row& row) {
                           parts.tables[row.String(0)].references.push_back(row.String(1));
                           return Ok();
                         }));
  return parts;
}

Result<Column> PostgresColumn(const std::string& table, std::string name, std::string_view type) {
  if (type == "bigint" || type == "integer" || type == "smallint") {
    return Column{std::move(name), ColumnType::kInteger};
  }
  if (type == "text" || type == "character varying") {
    return Column{std::move(name), ColumnType::kText};
  }
  if (type == "bytea") return Column{std::move(name), ColumnType::kBytes};
  if (type == "double precision" || type == "real") {
    return Column{std::move(name), ColumnType::kReal};
  }
  return UnknownType(table, name, type);
}

// The tables of the schema that unqualified names go to.
constexpr std::string_view kOurTables =
    " c.relkind = 'r' AND c.relnamespace ="
    " (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) ";

std::string PostgresQuery(std::string_view columns, std::string_view joins, std::string_view where,
                          std::string_view order) {
  return "SELECT CAST(c.relname AS TEXT), " + std::string(columns) + " FROM pg_class c " +
         std::string(joins) + " WHERE" + std::string(kOurTables) + std::string(where) +
         " ORDER BY " + std::string(order);
}

Status ReadPostgresColumns(Transaction& tx, Parts& parts) {
  const std::string sql = PostgresQuery(
      "CAST(a.attname AS TEXT), format_type(a.atttypid, NULL),"
      " CASE WHEN a.attidentity = '' THEN 0 ELSE 1 END",
      "JOIN pg_attribute a ON a.attrelid = c.oid", "AND a.attnum > 0 AND NOT a.attisdropped",
      "a.attnum");
  return tx.Query(sql, {}, [&](const Row& row) -> Status {
    const std::string table = row.String(0);
    if (row.Bool(3)) parts.tables[table].numbered = row.String(1);
    return parts.AddColumn(table, PostgresColumn(table, row.String(1), row.Text(2)));
  });
}

Result<Parts> ReadPostgres(Transaction& tx) {
  Parts parts;
  BW_TRY_STATUS(ReadPostgresColumns(tx, parts));
  const std::string keys =
      PostgresQuery("CAST(a.attname AS TEXT)",
                    "JOIN pg_index i ON i.indrelid = c.oid"
                    " CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)"
                    " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum",
                    "AND i.indisprimary", "k.place");
  BW_TRY_STATUS(tx.Query(keys, {}, [&](const Row& row) {
    parts.tables[row.String(0)].primary_key.push_back(row.String(1));
    return Ok();
  }));
  const std::string references = PostgresQuery(
      "CAST(f.relname AS TEXT)",
      "JOIN pg_constraint k ON k.conrelid = c.oid JOIN pg_class f ON f.oid = k.confrelid",
      "AND k.contype = 'f'", "k.oid");
  BW_TRY_STATUS(tx.Query(references, {}, [&](const Row& row) {
    parts.tables[row.String(0)].references.push_back(row.String(1));
    return Ok();
  }));
  return parts;
}

void Tidy(const std::string& name, Table& table) {
  table.name = name;
  std::ranges::sort(table.columns, {}, &Column::name);
  std::erase(table.references, name);
  std::ranges::sort(table.references);
  const auto repeated = std::ranges::unique(table.references);
  table.references.erase(repeated.begin(), repeated.end());
}

Result<std::vector<Table>> InOrder(std::map<std::string, Table> waiting) {
  std::vector<Table> ordered;
  std::set<std::string, std::less<>> placed;
  while (!waiting.empty()) {
    const auto next = std::ranges::find_if(waiting, [&](const auto& entry) {
      return std::ranges::all_of(entry.second.references,
                                 [&](const auto& other) { return placed.contains(other); });
    });
    if (next == waiting.end()) {
      return Unsupported("tables refer to each other in a circle: " + waiting.begin()->first)
          .Reason("tables_in_a_circle");
    }
    placed.insert(next->first);
    ordered.push_back(std::move(next->second));
    waiting.erase(next);
  }
  return ordered;
}

}  // namespace

std::string_view ToString(ColumnType type) {
  switch (type) {
    case ColumnType::kInteger: return "integer";
    case ColumnType::kReal: return "real";
    case ColumnType::kText: return "text";
    case ColumnType::kBytes: return "bytes";
  }
  BW_UNREACHABLE();
}

int Table::IndexOf(std::string_view column) const {
  const auto found = std::ranges::find(columns, column, &Column::name);
  return found == columns.end() ? -1 : static_cast<int>(found - columns.begin());
}

Result<std::vector<Table>> ReadTables(Transaction& tx, Dialect dialect) {
  BW_TRY(Parts parts, dialect == Dialect::kSqlite ? ReadSqlite(tx) : ReadPostgres(tx));
  for (auto& [name, table] : parts.tables) Tidy(name, table);
  return InOrder(std::move(parts.tables));
}

Result<std::int64_t> LastNumber(Transaction& tx, Dialect dialect, const Table& table) {
  const auto number = [](const Row& row) { return row.Int(0); };
  if (dialect == Dialect::kSqlite) {
    BW_TRY(const auto last,
           tx.QueryOne("SELECT seq FROM sqlite_sequence WHERE name = $1", {table.name}, number));
    return last.value_or(0);
  }
  BW_TRY(const auto last,
         tx.QueryOne("SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence($1, $2)"
                     " AS regclass))",
                     {Quoted(table.name), table.numbered}, number));
  return last.value_or(0);
}

Status SetLastNumber(Transaction& tx, Dialect dialect, const Table& table, std::int64_t last) {
  if (dialect == Dialect::kPostgres) {
    // A sequence starts at 1: 0 is "not yet called".
    return tx.Query("SELECT setval(CAST(pg_get_serial_sequence($1, $2) AS regclass), $3, $4 <> 0)",
                    {Quoted(table.name), table.numbered, std::max<std::int64_t>(last, 1), last > 0},
                    [](const Row&) { return Ok(); });
  }
  BW_TRY(const auto changed,
         tx.Execute("UPDATE sqlite_sequence SET seq = $2 WHERE name = $1", {table.name, last}));
  if (changed > 0) return Ok();
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)", {table.name, last}));
  return Ok();
}

std::string Quoted(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += c;
    out += c;
  }
  return out + "\"";
}

std::string Bytewise(Dialect dialect, const Column& column) {
  if (column.type != ColumnType::kText) return Quoted(column.name);
  return Quoted(column.name) + (dialect == Dialect::kSqlite ? " COLLATE BINARY" : " COLLATE \"C\"");
}

}  // namespace breakwater::db
