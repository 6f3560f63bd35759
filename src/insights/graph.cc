#include "insights/graph.h"

#include <algorithm>
#include <cctype>

namespace breakwater::insights {
namespace {

using json::Text;

constexpr std::size_t kMaxDepth = 8;
constexpr std::size_t kMaxFields = 1000;
constexpr std::size_t kMaxQuery = 64U << 10;

bool BeginsName(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
}

bool InName(char c) {
  return BeginsName(c) || std::isdigit(static_cast<unsigned char>(c)) != 0;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::vector<GraphField>> Parse() {
    SkipIgnored();
    if (BeginsName(Peek())) {
      BW_TRY(const std::string operation, Name());
      if (operation != "query") return Wrong("only queries can be asked");
      if (BeginsName(Peek())) {
        BW_TRY_STATUS(Name());
      }
    }
    BW_TRY(auto fields, Selection(1));
    if (at_ != text_.size()) return Wrong("one query was expected, and nothing behind it");
    return fields;
  }

 private:
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  // White space, commas, and comments to the end of their line.
  void SkipIgnored() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',') {
        ++at_;
      } else {
        return;
      }
    }
  }

  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    SkipIgnored();
    return true;
  }

  Error Wrong(std::string_view what) const {
    return Invalid("query, at character " + std::to_string(at_ + 1) + ": " + std::string(what))
        .Reason("invalid_query");
  }

  Result<std::string> Name() {
    if (!BeginsName(Peek())) return Wrong("a name was expected");
    const std::size_t begin = at_;
    while (InName(Peek())) ++at_;
    std::string name(text_.substr(begin, at_ - begin));
    SkipIgnored();
    return name;
  }

  Result<std::vector<GraphField>> Selection(std::size_t depth) {
    if (depth > kMaxDepth) return Wrong("queries are at most 8 levels deep");
    if (!Take('{')) return Wrong("'{' was expected");
    std::vector<GraphField> fields;
    while (!Take('}')) {
      if (++count_ > kMaxFields) return Wrong("queries have at most 1000 fields");
      BW_TRY(auto field, Field(depth));
      fields.push_back(std::move(field));
    }
    if (fields.empty()) return Wrong("a selection must name a field");
    return fields;
  }

  Result<GraphField> Field(std::size_t depth) {
    GraphField field;
    BW_TRY(field.name, Name());
    field.alias = field.name;
    if (Take(':')) {
      BW_TRY(field.name, Name());
    }
    if (Take('(')) {
      while (!Take(')')) {
        BW_TRY(std::string name, Name());
        if (!Take(':')) return Wrong("':' was expected");
        BW_TRY(auto value, Argument());
        field.arguments.emplace_back(std::move(name), std::move(value));
        if (field.arguments.size() > kMaxFields) return Wrong("too many arguments");
      }
    }
    if (Peek() == '{') {
      BW_TRY(field.fields, Selection(depth + 1));
    }
    return field;
  }

  // A string, a number, a word: as one of JSON.
  Result<json::Value> Argument() {
    if (BeginsName(Peek())) {
      BW_TRY(const std::string word, Name());
      if (word == "true" || word == "false") return json::Value(word == "true");
      if (word == "null") return json::Value(nullptr);
      return json::Value(Text(word));
    }
    std::size_t end = at_;
    if (Peek() == '"') {
      for (++end; end < text_.size() && text_[end] != '"'; ++end) {
        if (text_[end] == '\\') ++end;
      }
      ++end;
    } else {
      while (end < text_.size() && (InName(text_[end]) || text_[end] == '-' || text_[end] == '.')) {
        ++end;
      }
    }
    auto value = json::Parse(text_.substr(at_, end > text_.size() ? 0 : end - at_));
    if (!value.ok()) return Wrong("a string, a number or a word was expected");
    at_ = end;
    SkipIgnored();
    return *std::move(value);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t count_ = 0;
};

// "noteName" as the wire says it: "note_name".
std::string WithUnderscores(std::string_view name) {
  std::string words;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper) words += '_';
    words += upper ? static_cast<char>(c | 0x20) : c;
  }
  return words;
}

}  // namespace

const json::Value* GraphField::Argument(std::string_view argument) const {
  const auto found = std::find_if(arguments.begin(), arguments.end(),
                                  [&](const auto& given) { return given.first == argument; });
  return found == arguments.end() || found->second.is_null() ? nullptr : &found->second;
}

Result<std::vector<GraphField>> ParseGraphQuery(std::string_view text) {
  if (text.size() > kMaxQuery) return TooLarge("a query has at most 65536 bytes");
  return Parser(text).Parse();
}

json::Value Project(const json::Value& document, const std::vector<GraphField>& fields) {
  if (fields.empty()) return document;
  if (document.is_array()) {
    json::Array all;
    for (const json::Value& item : document.get_array()) all.push_back(Project(item, fields));
    return all;
  }
  if (!document.is_object()) return nullptr;
  json::Object out;
  for (const GraphField& field : fields) {
    const json::Value* member = json::Find(document, WithUnderscores(field.name));
    out[field.alias] = member == nullptr ? json::Value() : Project(*member, field.fields);
  }
  return out;
}

}  // namespace breakwater::insights
