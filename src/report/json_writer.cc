#include "report/json_writer.h"

namespace breakwater::report {

void JsonWriter::Separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (filled_.empty()) return;
  if (filled_.back()) out_ += ',';
  filled_.back() = true;
}

void JsonWriter::Open(char bracket) {
  Separate();
  out_ += bracket;
  filled_.push_back(false);
}

void JsonWriter::Close(char bracket) {
  filled_.pop_back();
  out_ += bracket;
}

void JsonWriter::Key(std::string_view name) {
  Separate();
  out_ += json::Serialize(json::Value(json::Text(name)));
  out_ += ':';
  after_key_ = true;
}

void JsonWriter::Value(const json::Value& value) {
  Separate();
  out_ += json::Serialize(value);
}

void JsonWriter::Members(const json::Object& object) {
  for (const auto& member : object) Member(member.key(), member.value());
}

}  // namespace breakwater::report
