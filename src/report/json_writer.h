// JSON written piece by piece: a document of a hundred thousand resources is never held as a tree.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "json/json.h"

namespace breakwater::report {

// Writes to `out`, which must outlive it. Whoever calls keeps the order: a key before each value of
// an object, an End for each Begin.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void BeginObject() { Open('{'); }
  void BeginArray() { Open('['); }
  void EndObject() { Close('}'); }
  void EndArray() { Close(']'); }
  void Key(std::string_view name);
  void Value(const json::Value& value);
  void Member(std::string_view name, const json::Value& value) {
    Key(name);
    Value(value);
  }
  // Every member of an object, into the object that is open.
  void Members(const json::Object& object);

 private:
  void Separate();
  void Open(char bracket);
  void Close(char bracket);

  std::string& out_;
  std::vector<bool> filled_;  // of each open bracket: something is in it
  bool after_key_ = false;
};

}  // namespace breakwater::report
