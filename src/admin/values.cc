#include "admin/values.h"

#include <bit>

namespace breakwater::admin {
namespace {

constexpr std::size_t kHead = 1 + 8;

void AppendHead(char letter, std::uint64_t number, std::string& out) {
  out += letter;
  for (int shift = 56; shift >= 0; shift -= 8) {
    out += static_cast<char>(static_cast<unsigned char>(number >> shift));
  }
}

struct Encoder {
  std::string& out;
  void operator()(std::monostate) const { AppendHead('n', 0, out); }
  void operator()(std::int64_t v) const { AppendHead('i', static_cast<std::uint64_t>(v), out); }
  void operator()(double v) const {
    AppendHead('r', std::bit_cast<std::uint64_t>(v == 0.0 ? 0.0 : v), out);
  }
  void operator()(const std::string& v) const {
    AppendHead('t', v.size(), out);
    out += v;
  }
  void operator()(const Bytes& v) const {
    AppendHead('b', v.size(), out);
    out += AsText(v);
  }
};

Error NotEncoded() {
  return DataCorrupt("the progress of the copy cannot be read").Reason("copy_progress_damaged");
}

// The value that `rest` begins with, which is taken off.
Result<Value> Take(std::string_view& rest) {
  if (rest.size() < kHead) return NotEncoded();
  const char letter = rest[0];
  std::uint64_t number = 0;
  for (std::size_t i = 1; i < kHead; ++i) {
    number = number << 8U | static_cast<unsigned char>(rest[i]);
  }
  rest.remove_prefix(kHead);
  switch (letter) {
    case 'n': return Value();
    case 'i': return Value(static_cast<std::int64_t>(number));
    case 'r': return Value(std::bit_cast<double>(number));
    case 't':
    case 'b': break;
    default: return NotEncoded();
  }
  if (number > rest.size()) return NotEncoded();
  const std::string_view text = rest.substr(0, number);
  rest.remove_prefix(number);
  if (letter == 't') return Value(std::string(text));
  const ByteView bytes = AsBytes(text);
  return Value(Bytes(bytes.begin(), bytes.end()));
}

}  // namespace

Value ReadValue(const db::Row& row, int index, db::ColumnType type) {
  if (row.IsNull(index)) return {};
  switch (type) {
    case db::ColumnType::kInteger: return row.Int(index);
    case db::ColumnType::kReal: return row.Double(index);
    case db::ColumnType::kText: return row.String(index);
    case db::ColumnType::kBytes: {
      const ByteView bytes = row.Blob(index);
      return Bytes(bytes.begin(), bytes.end());
    }
  }
  BW_UNREACHABLE();
}

db::Param ToParam(const Value& value) {
  struct Maker {
    db::Param operator()(std::monostate) const { return nullptr; }
    db::Param operator()(std::int64_t v) const { return v; }
    db::Param operator()(double v) const { return v; }
    db::Param operator()(const std::string& v) const { return v; }
    db::Param operator()(const Bytes& v) const { return v; }
  };
  return std::visit(Maker{}, value);
}

std::size_t SizeOf(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return sizeof(Value) + text->size();
  if (const auto* bytes = std::get_if<Bytes>(&value)) return sizeof(Value) + bytes->size();
  return sizeof(Value);
}

void AppendEncoded(const Value& value, std::string& out) {
  std::visit(Encoder{out}, value);
}

std::string Encode(const Values& values) {
  std::string out;
  for (const Value& value : values) AppendEncoded(value, out);
  return out;
}

Result<Values> Decode(std::string_view encoded) {
  Values values;
  while (!encoded.empty()) {
    BW_TRY(Value value, Take(encoded));
    values.push_back(std::move(value));
  }
  return values;
}

}  // namespace breakwater::admin
