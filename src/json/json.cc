#include "json/json.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <vector>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

namespace breakwater::json {
namespace {

using boost::json::error_code;
using boost::json::string_view;

// A value in memory is ten times the two bytes that "0," takes, and more: what a document of many
// tiny values costs is bounded by their number, which grows with the bytes it may have.
constexpr std::size_t kBytesOfValue = 16;
constexpr std::size_t kAlwaysTaken = 1U << 16;

std::size_t MostValues(const Limits& limits) {
  return std::max(kAlwaysTaken, limits.max_bytes / kBytesOfValue);
}

// Builds a value while refusing what Boost.JSON's own handler lets pass: duplicate keys, and more
// values than it may have.
class Handler {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  bool on_document_begin(error_code&) {
    stack_.reset();
    return true;
  }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code& ec) {
    keys_.emplace_back();
    return Count(ec);
  }
  bool on_object_end(std::size_t n, error_code&) {
    keys_.pop_back();
    stack_.push_object(n);
    return true;
  }
  bool on_array_begin(error_code& ec) { return Count(ec); }
  bool on_array_end(std::size_t n, error_code&) {
    stack_.push_array(n);
    return true;
  }
  bool on_key_part(string_view part, std::size_t, error_code&) {
    key_.append(part.data(), part.size());
    stack_.push_chars(part);
    return true;
  }
  bool on_key(string_view part, std::size_t, error_code& ec) {
    key_.append(part.data(), part.size());
    const bool fresh = keys_.back().insert(key_).second;
    if (!fresh) {
      refusal = "duplicate key '" + key_ + "'";
      ec = boost::json::error::exception;
      return false;
    }
    key_.clear();
    stack_.push_key(part);
    return true;
  }
  bool on_string_part(string_view part, std::size_t, error_code&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_string(string_view part, std::size_t, error_code& ec) {
    stack_.push_string(part);
    return Count(ec);
  }
  bool on_number_part(string_view, error_code&) { return true; }
  bool on_int64(std::int64_t i, string_view, error_code& ec) {
    stack_.push_int64(i);
    return Count(ec);
  }
  bool on_uint64(std::uint64_t u, string_view, error_code& ec) {
    stack_.push_uint64(u);
    return Count(ec);
  }
  bool on_double(double d, string_view, error_code& ec) {
    stack_.push_double(d);
    return Count(ec);
  }
  bool on_bool(bool b, error_code& ec) {
    stack_.push_bool(b);
    return Count(ec);
  }
  bool on_null(error_code& ec) {
    stack_.push_null();
    return Count(ec);
  }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

  Value Release() { return stack_.release(); }
  void set_most_values(std::size_t most) { most_values_ = most; }
  std::string refusal;  // why it is this handler that stops the parser

 private:
  bool Count(error_code& ec) {
    if (++values_ <= most_values_) return true;
    refusal = "more than " + std::to_string(most_values_) + " values";
    ec = boost::json::error::exception;
    return false;
  }

  std::size_t most_values_ = kAlwaysTaken;
  std::size_t values_ = 0;
  boost::json::value_stack stack_;
  std::vector<std::set<std::string>> keys_;
  std::string key_;
};

Error SyntaxError(std::string_view text, std::size_t offset, std::string_view what) {
  offset = std::min(offset, text.size());
  const std::string_view before = text.substr(0, offset);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto newline = before.rfind('\n');
  const std::size_t column = newline == std::string_view::npos ? offset + 1 : offset - newline;
  return Invalid("malformed JSON at line " + std::to_string(line) + ", column " +
                 std::to_string(column) + ": " + std::string(what))
      .Reason("malformed_json");
}

void AppendString(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          constexpr char kHex[] = "0123456789abcdef";
          out += "\\u00";
          out += kHex[static_cast<unsigned char>(c) >> 4];
          out += kHex[static_cast<unsigned char>(c) & 15U];
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

template <class Number>
void AppendNumber(std::string& out, Number number) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  out.append(text, end);
}

enum class Style { kCompact, kPretty, kCanonical };

class Printer {
 public:
  explicit Printer(Style style) : style_(style) {}

  void Print(const Value& value, int depth) {
    switch (value.kind()) {
      case boost::json::kind::null: out_ += "null"; return;
      case boost::json::kind::bool_: out_ += value.get_bool() ? "true" : "false"; return;
      case boost::json::kind::int64: AppendNumber(out_, value.get_int64()); return;
      case boost::json::kind::uint64: AppendNumber(out_, value.get_uint64()); return;
      case boost::json::kind::double_: AppendNumber(out_, value.get_double()); return;
      case boost::json::kind::string: AppendString(out_, View(value.get_string())); return;
      case boost::json::kind::array: PrintArray(value.get_array(), depth); return;
      case boost::json::kind::object: PrintObject(value.get_object(), depth); return;
    }
  }
  std::string Take() { return std::move(out_); }

 private:
  void PrintArray(const Array& array, int depth) {
    out_ += '[';
    bool first = true;
    for (const Value& item : array) {
      Separate(first, depth + 1);
      Print(item, depth + 1);
    }
    Close(first, depth, ']');
  }

  void PrintObject(const Object& object, int depth) {
    std::vector<const boost::json::key_value_pair*> members;
    members.reserve(object.size());
    for (const auto& member : object) members.push_back(&member);
    if (style_ == Style::kCanonical) {
      std::sort(members.begin(), members.end(),
                [](const auto* a, const auto* b) { return a->key() < b->key(); });
    }
    out_ += '{';
    bool first = true;
    for (const auto* member : members) {
      Separate(first, depth + 1);
      AppendString(out_, {member->key().data(), member->key().size()});
      out_ += style_ == Style::kPretty ? ": " : ":";
      Print(member->value(), depth + 1);
    }
    Close(first, depth, '}');
  }

  void Separate(bool& first, int depth) {
    if (!first) out_ += ',';
    first = false;
    if (style_ == Style::kPretty) NewLine(depth);
  }
  void Close(bool empty, int depth, char bracket) {
    if (!empty && style_ == Style::kPretty) NewLine(depth);
    out_ += bracket;
  }
  void NewLine(int depth) {
    out_ += '\n';
    out_.append(static_cast<std::size_t>(depth) * 2, ' ');
  }

  Style style_;
  std::string out_;
};

std::string Print(const Value& value, Style style) {
  Printer printer(style);
  printer.Print(value, 0);
  return printer.Take();
}

}  // namespace

Result<Value> Parse(std::string_view text, const Limits& limits) {
  if (text.size() > limits.max_bytes) {
    return TooLarge("JSON document of more than " + std::to_string(limits.max_bytes) + " bytes");
  }
  boost::json::parse_options options;
  options.max_depth = limits.max_depth;
  boost::json::basic_parser<Handler> parser(options);
  parser.handler().set_most_values(MostValues(limits));
  error_code code;
  const std::size_t consumed = parser.write_some(false, text.data(), text.size(), code);
  if (code) {
    const std::string& refusal = parser.handler().refusal;
    return SyntaxError(text, consumed, refusal.empty() ? code.message() : refusal);
  }
  if (consumed < text.size()) return SyntaxError(text, consumed, "text after the end");
  return parser.handler().Release();
}

std::string Serialize(const Value& value) {
  return Print(value, Style::kCompact);
}
std::string Pretty(const Value& value) {
  return Print(value, Style::kPretty);
}
std::string Canonical(const Value& value) {
  return Print(value, Style::kCanonical);
}

Value TextOrNull(std::string_view text) {
  return text.empty() ? Value(nullptr) : Value(Text(text));
}

const Value* Find(const Value& value, std::string_view name) {
  const auto* object = value.if_object();
  return object == nullptr ? nullptr : Find(*object, name);
}
const Value* Find(const Object& object, std::string_view name) {
  return object.if_contains({name.data(), name.size()});
}

std::string_view FindText(const Value& value, std::string_view name) {
  const auto* object = value.if_object();
  return object == nullptr ? std::string_view() : FindText(*object, name);
}
std::string_view FindText(const Object& object, std::string_view name) {
  const Value* member = Find(object, name);
  if (member == nullptr || !member->is_string()) return {};
  return View(member->get_string());
}

}  // namespace breakwater::json
