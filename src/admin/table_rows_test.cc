#include "admin/table_rows.h"

#include <algorithm>
#include <limits>
#include <map>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "admin/values.h"
#include "crypto/hash.h"
#include "db/testing.h"

namespace breakwater::admin {
namespace {

// Any text without NUL, which PostgreSQL does not have: code points of one to four octets.
std::string ArbitraryText() {
  std::string text;
  const auto letters = *rc::gen::container<std::vector<std::string>>(
      rc::gen::element<std::string>("a", "B", "_", "\x01", "'", "\"", "\\", "\u00e4", "\u65e5",
                                    "\U0001F40B", " ", "\n", "\x7f", "%", "$1"));
  for (const std::string& letter : letters) text += letter;
  return text;
}

std::int64_t ArbitraryInteger() {
  return *rc::gen::weightedOneOf<std::int64_t>(
      {{3, rc::gen::arbitrary<std::int64_t>()},
       {1, rc::gen::element(std::numeric_limits<std::int64_t>::min(),
                            std::numeric_limits<std::int64_t>::max(), std::int64_t{0},
                            std::int64_t{-1})}});
}

Bytes ArbitraryBytes() {
  const auto octets = *rc::gen::arbitrary<std::vector<std::uint8_t>>();
  Bytes bytes;
  for (const std::uint8_t octet : octets) bytes.push_back(static_cast<std::byte>(octet));
  return bytes;
}

double ArbitraryReal() {
  return *rc::gen::weightedOneOf<double>(
      {{3, rc::gen::arbitrary<double>()},
       {1, rc::gen::element(0.0, -0.0, 1.0, std::numeric_limits<double>::infinity(),
                            std::numeric_limits<double>::denorm_min(),
                            std::numeric_limits<double>::max())}});
}

template <class F>
Value OrNull(F make) {
  if (*rc::gen::inRange(0, 4) == 0) return {};
  return make();
}

// In the order of the columns' names: see kTable.
Values ArbitraryRow() {
  return {OrNull(ArbitraryInteger), OrNull(ArbitraryBytes), Value(ArbitraryInteger()),
          Value(ArbitraryText()),   OrNull(ArbitraryReal),  OrNull(ArbitraryText)};
}

class Rows : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string bytes = db().dialect() == db::Dialect::kSqlite ? "BLOB" : "BYTEA";
    const Status made = db().Write([&](db::Transaction& tx) {
      return tx.ExecuteScript(
          "CREATE TABLE thing (key_text TEXT NOT NULL, key_number BIGINT NOT NULL, a_number BIGINT,"
          " some_text TEXT, bytes " +
          bytes + ", real_number DOUBLE PRECISION, PRIMARY KEY (key_text, key_number));");
    });
    ASSERT_TRUE(made.ok()) << made.error().log();
    const auto tables =
        db().ReadValue([&](db::Transaction& tx) { return db::ReadTables(tx, db().dialect()); });
    ASSERT_TRUE(tables.ok());
    table_ = *std::ranges::find(*tables, "thing", &db::Table::name);
  }

  db::Database& db() { return database_->database(); }
  Status Insert(const std::vector<Values>& rows) {
    return db().Write([&](db::Transaction& tx) { return InsertRows(tx, table_, rows); });
  }
  void Empty() {
    ASSERT_TRUE(
        db().Write([](db::Transaction& tx) { return tx.ExecuteScript("DELETE FROM thing;"); })
            .ok());
  }
  // All rows, piece by piece, and how many there were in each.
  std::vector<Values> ReadAll(PieceLimits limits, std::vector<std::size_t>* pieces = nullptr) {
    const TableReader reader(table_, db().dialect(), limits);
    std::vector<Values> all;
    Values after;
    for (;;) {
      auto rows = *db().ReadValue([&](db::Transaction& tx) { return reader.Read(tx, after); });
      if (rows.empty()) return all;
      if (pieces != nullptr) pieces->push_back(rows.size());
      after = reader.KeyOf(rows.back());
      all.insert(all.end(), rows.begin(), rows.end());
    }
  }

  db::Table table_;

 private:
  std::unique_ptr<db::testing::TestDatabase> database_ = db::testing::OpenTestDatabase();
};

TEST_F(Rows, ComeBackAsTheyWentInWhateverTheyAre) {
  EXPECT_TRUE(rc::check([&] {
    std::map<std::pair<std::string, std::int64_t>, Values> by_key;
    const int count = *rc::gen::inRange(0, 40);
    for (int i = 0; i < count; ++i) {
      Values row = ArbitraryRow();
      by_key[{std::get<std::string>(row[3]), std::get<std::int64_t>(row[2])}] = row;
    }
    std::vector<Values> rows;
    for (const auto& [key, row] : by_key) rows.push_back(row);
    Empty();
    RC_ASSERT(Insert(rows).ok());
    const PieceLimits limits{.rows = *rc::gen::inRange(1, 20), .bytes = *rc::gen::inRange(1, 200)};
    // std::string compares bytewise, as the rows are to be ordered.
    RC_ASSERT(ReadAll(limits) == rows);
    std::string encoded;
    for (const Values& row : rows) encoded += Encode(row);
    const auto digest = DigestTable(db(), table_, {}, limits);
    RC_ASSERT(digest.ok());
    RC_ASSERT(digest->rows == static_cast<std::int64_t>(rows.size()));
    RC_ASSERT(digest->sha256 == crypto::Sha256Hex(encoded));
  }));
}

TEST_F(Rows, EncodingIsReversibleAndTellsEveryRowApart) {
  EXPECT_TRUE(rc::check([] {
    const Values one = ArbitraryRow();
    const Values other = ArbitraryRow();
    const auto decoded = Decode(Encode(one));
    RC_ASSERT(decoded.ok());
    RC_ASSERT(*decoded == one);
    RC_ASSERT((Encode(one) == Encode(other)) == (one == other));
  }));
}

TEST_F(Rows, DecodingRefusesWhatEncodingDoesNotMake) {
  const std::string good = Encode({Value(std::string("abc")), Value(std::int64_t{7})});
  for (std::size_t length = 1; length < good.size(); ++length) {
    if (length == Encode({Value(std::string("abc"))}).size()) continue;
    EXPECT_FALSE(Decode(good.substr(0, length)).ok()) << length;
  }
  std::string strange = good;
  strange[0] = 'x';
  EXPECT_FALSE(Decode(strange).ok());
}

TEST_F(Rows, EmptyIsNotNullAndTextIsNotBytes) {
  const auto digest_of = [&](const Value& text, const Value& bytes) {
    Empty();
    EXPECT_TRUE(
        Insert({{Value(), bytes, Value(std::int64_t{1}), Value(std::string("k")), Value(), text}})
            .ok());
    return DigestTable(db(), table_)->sha256;
  };
  const std::string with_null = digest_of(Value(), Value());
  const std::string with_empty_text = digest_of(Value(std::string()), Value());
  const std::string with_empty_bytes = digest_of(Value(), Value(Bytes()));
  EXPECT_NE(with_null, with_empty_text);
  EXPECT_NE(with_null, with_empty_bytes);
  EXPECT_NE(with_empty_text, with_empty_bytes);
}

TEST_F(Rows, PieceEndsAtItsBytesButHasAtLeastOneRow) {
  const auto row = [](std::int64_t key, std::size_t size) -> Values {
    return {Value(), Value(Bytes(size)), Value(key), Value(std::string("k")), Value(), Value()};
  };
  ASSERT_TRUE(
      Insert({row(1, 10), row(2, 10), row(3, 1000), row(4, 10), row(5, 90), row(6, 1)}).ok());
  std::vector<std::size_t> pieces;
  EXPECT_EQ(ReadAll({.rows = 100, .bytes = 102}, &pieces).size(), 6U);
  EXPECT_EQ(pieces, (std::vector<std::size_t>{2, 1, 2, 1}));
}

TEST_F(Rows, TableOfManyRowsIsInsertedAndReadWhole) {
  std::vector<Values> rows;
  for (std::int64_t i = 0; i < 1234; ++i) {
    rows.push_back({Value(i), Value(), Value(i), Value(std::string("k")), Value(), Value()});
  }
  ASSERT_TRUE(Insert(rows).ok());
  std::int64_t told = 0;
  const auto digest = DigestTable(db(), table_, [&](std::int64_t count) { told = count; });
  ASSERT_TRUE(digest.ok());
  EXPECT_EQ(digest->rows, 1234);
  EXPECT_EQ(told, 1234);
}

}  // namespace
}  // namespace breakwater::admin
