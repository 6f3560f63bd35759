// Typed decoding of untrusted documents, with the exact path of the first mistake:
//
//   json::Reader body(document);
//   CreateRule out;
//   out.name = body.Field("name").String();
//   if (auto labels = body.Optional("labels")) for (auto item : labels->Items(32)) …
//   BW_TRY_STATUS(body.Finish());          // "rules[0].rule.name: must be a string"
//
// After a mistake every read returns an empty value, so decoders need no branches of their own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/json.h"

namespace breakwater::json {

// A value of a document and its path. The document must outlive every Reader over it.
class Reader {
 public:
  explicit Reader(const Value& document);

  // A member that must be there. An explicit null counts as absent.
  Reader Field(std::string_view name) const;
  std::optional<Reader> Optional(std::string_view name) const;
  // Members that decode themselves, with a fallback for absent ones.
  std::string String(std::string_view name, std::string_view fallback) const;
  bool Bool(std::string_view name, bool fallback) const;
  std::int64_t Int(std::string_view name, std::int64_t fallback) const;

  std::string String() const;
  bool Bool() const;
  std::int64_t Int() const;
  // Elements of an array of at most `limit`.
  std::vector<Reader> Items(std::size_t limit) const;
  std::vector<std::string> Strings(std::size_t limit) const;
  // Refuses members that are not in `known`, naming the nearest known one.
  void OnlyFields(const std::vector<std::string>& known) const;

  const Value& value() const { return *value_; }
  const std::string& path() const { return path_; }

  // Records a mistake of the caller's own at this path ("must be between 1 and 32 characters").
  void Fail(std::string_view what) const;
  bool failed() const;
  // The first mistake of the whole document, as kInvalid with reason "invalid_field".
  Status Finish() const;

 private:
  struct Shared {
    std::optional<Error> first;
  };
  Reader(const Value& value, std::string path, std::shared_ptr<Shared> shared);
  const Object* ObjectHere() const;

  const Value* value_;
  std::string path_;
  std::shared_ptr<Shared> shared_;  // one for all Readers over a document
};

}  // namespace breakwater::json
