// Values in and out in PostgreSQL's binary format (src/backend/utils/adt/*.c, the …recv and …send
// functions). Internal to db/.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "db/database.h"

struct pg_result;

namespace breakwater::db::postgres {

struct Clear {
  void operator()(pg_result* answer) const;
};
using Answer = std::unique_ptr<pg_result, Clear>;

// Parameters as libpq takes them. Refers to the caller's texts and bytes.
class Values {
 public:
  explicit Values(Transaction::Params params);
  Values(const Values&) = delete;
  Values& operator=(const Values&) = delete;

  int count() const { return static_cast<int>(types_.size()); }
  const unsigned* types() const { return types_.data(); }  // OIDs; 0: for the server to infer
  const char* const* pointers() const { return pointers_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }
  // One letter for each type.
  const std::string& signature() const { return signature_; }

 private:
  void Add(const Param::Variant& value, char* numbers);

  std::vector<char> numbers_;  // 8 bytes for each parameter
  std::vector<unsigned> types_;
  std::vector<const char*> pointers_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
  std::string signature_;
};

// Integers of all widths, booleans (0 and 1) and numerics read as Int; what a numeric has beyond
// 64 bits reads as the nearest. (sum of integers is numeric.)
class AnswerRow final : public Row {
 public:
  AnswerRow(const pg_result* answer, int row) : answer_(answer), row_(row) {}

  bool IsNull(int column) const override;
  std::int64_t Int(int column) const override;
  double Double(int column) const override;
  std::string_view Text(int column) const override;
  ByteView Blob(int column) const override;

 private:
  std::string_view Bytes(int column) const;
  unsigned Type(int column) const;

  const pg_result* answer_;
  int row_;
};

}  // namespace breakwater::db::postgres
