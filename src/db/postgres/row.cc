#include "db/postgres/row.h"

#include <bit>
#include <cstring>
#include <limits>

#include <libpq-fe.h>

namespace breakwater::db::postgres {
namespace {

// src/include/catalog/pg_type.dat; they never change.
constexpr Oid kBool = 16;
constexpr Oid kBytea = 17;
constexpr Oid kName = 19;
constexpr Oid kInt8 = 20;
constexpr Oid kInt2 = 21;
constexpr Oid kInt4 = 23;
constexpr Oid kText = 25;
constexpr Oid kUnknown = 705;
constexpr Oid kFloat8 = 701;
constexpr Oid kBpchar = 1042;
constexpr Oid kVarchar = 1043;
constexpr Oid kNumeric = 1700;

constexpr int kBinary = 1;

std::uint64_t BigEndian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8U | static_cast<unsigned char>(c);
  return value;
}

void PutBigEndian(std::uint64_t value, char* to) {
  for (int i = 7; i >= 0; --i, value >>= 8U) to[i] = static_cast<char>(value & 0xffU);
}

std::int64_t Signed(std::string_view bytes) {
  const std::uint64_t value = BigEndian(bytes);
  switch (bytes.size()) {
    case 1: return value != 0 ? 1 : 0;  // a boolean
    case 2: return static_cast<std::int16_t>(value);
    case 4: return static_cast<std::int32_t>(value);
    default: return static_cast<std::int64_t>(value);
  }
}

// numeric_send: the number of digits, the weight of the first, the sign, the decimal places, and
// the digits, each of two bytes; digits are of base 10 000.
std::int64_t FromNumeric(std::string_view bytes) {
  constexpr std::int64_t kBase = 10'000;
  constexpr std::uint64_t kNegative = 0x4000;
  const auto field = [&](std::size_t i) { return BigEndian(bytes.substr(2 * i, 2)); };
  BW_CHECK(bytes.size() >= 8);
  const auto digits = static_cast<std::int64_t>(field(0));
  const std::int64_t weight = Signed(bytes.substr(2, 2));
  BW_CHECK(field(2) == 0 || field(2) == kNegative);  // neither NaN nor infinite
  BW_CHECK(digits <= weight + 1);                    // nothing after the point
  const bool negative = field(2) == kNegative;
  const std::int64_t limit = negative ? std::numeric_limits<std::int64_t>::min()
                                      : std::numeric_limits<std::int64_t>::max();
  std::int64_t value = 0;
  for (std::int64_t i = 0; digits != 0 && i <= weight; ++i) {
    const std::int64_t size =
        i < digits ? static_cast<std::int64_t>(field(static_cast<std::size_t>(4 + i))) : 0;
    const std::int64_t digit = negative ? -size : size;
    if (__builtin_mul_overflow(value, kBase, &value)) return limit;
    if (__builtin_add_overflow(value, digit, &value)) return limit;
  }
  return value;
}

}  // namespace

void Clear::operator()(pg_result* answer) const {
  PQclear(answer);
}

Values::Values(Transaction::Params params) : numbers_(params.size() * 8) {
  char* numbers = numbers_.data();
  for (const Param& param : params) {
    Add(param.value(), numbers);
    numbers += 8;
  }
  formats_.assign(params.size(), kBinary);
}

void Values::Add(const Param::Variant& value, char* numbers) {
  const auto put = [this](unsigned type, char letter, const char* at, std::size_t size) {
    types_.push_back(type);
    signature_.push_back(letter);
    pointers_.push_back(at);
    lengths_.push_back(static_cast<int>(size));
  };
  const auto put_number = [&](unsigned type, char letter, std::uint64_t bits) {
    PutBigEndian(bits, numbers);
    put(type, letter, numbers, 8);
  };
  // A null pointer is NULL: empty is not NULL.
  const auto put_text = [&](unsigned type, char letter, const char* at, std::size_t size) {
    BW_CHECK(size <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
    put(type, letter, at == nullptr ? "" : at, size);
  };
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    put_number(kInt8, 'i', static_cast<std::uint64_t>(*integer));
  } else if (const auto* real = std::get_if<double>(&value)) {
    put_number(kFloat8, 'd', std::bit_cast<std::uint64_t>(*real));
  } else if (const auto* text = std::get_if<std::string_view>(&value)) {
    put_text(kText, 't', text->data(), text->size());
  } else if (const auto* bytes = std::get_if<ByteView>(&value)) {
    put_text(kBytea, 'b', AsText(*bytes).data(), bytes->size());
  } else {
    put(0, 'n', nullptr, 0);
  }
}

unsigned AnswerRow::Type(int column) const {
  BW_CHECK(column >= 0 && column < PQnfields(answer_));
  return PQftype(answer_, column);
}

bool AnswerRow::IsNull(int column) const {
  static_cast<void>(Type(column));
  return PQgetisnull(answer_, row_, column) != 0;
}

std::string_view AnswerRow::Bytes(int column) const {
  return {PQgetvalue(answer_, row_, column),
          static_cast<std::size_t>(PQgetlength(answer_, row_, column))};
}

std::int64_t AnswerRow::Int(int column) const {
  if (IsNull(column)) return 0;
  switch (Type(column)) {
    case kBool:
    case kInt2:
    case kInt4:
    case kInt8: return Signed(Bytes(column));
    case kNumeric: return FromNumeric(Bytes(column));
    default: BW_UNREACHABLE();
  }
}

double AnswerRow::Double(int column) const {
  if (IsNull(column)) return 0;
  BW_CHECK(Type(column) == kFloat8);
  return std::bit_cast<double>(BigEndian(Bytes(column)));
}

std::string_view AnswerRow::Text(int column) const {
  if (IsNull(column)) return {};
  const unsigned type = Type(column);
  BW_CHECK(type == kText || type == kVarchar || type == kName || type == kBpchar ||
           type == kUnknown);
  return Bytes(column);
}

ByteView AnswerRow::Blob(int column) const {
  if (IsNull(column)) return {};
  BW_CHECK(Type(column) == kBytea);
  return AsBytes(Bytes(column));
}

}  // namespace breakwater::db::postgres
