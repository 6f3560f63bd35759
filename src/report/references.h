// What no schema says of an OSCAL document: that everything pointed at is there, and once.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

#include "base/result.h"
#include "json/json.h"

namespace breakwater::report {

// Takes a document in pieces of any size and order. Not thread-safe.
class References {
 public:
  // A control that lies in another document of the same export. Once one is known, every control
  // that is pointed at must be.
  void Know(std::string_view control_id) { controls_.emplace(control_id); }
  // A member of the document or of any object in it.
  void Add(std::string_view name, const json::Value& value);

  // kInvalid names what is pointed at and is not there, or is there twice: UUIDs ("#…" included),
  // roles, parameters, and ids of groups, controls and parts.
  Status Check() const;

 private:
  using Set = std::unordered_set<std::string>;

  void Walk(std::string_view list, std::string_view name, const json::Value& value);
  void AddText(std::string_view list, std::string_view name, std::string_view text);
  void Define(Set& set, std::string_view id);

  Set uuids_;
  Set ids_;
  Set params_;
  Set roles_;
  Set controls_;
  Set uuid_pointers_;
  Set role_pointers_;
  Set control_pointers_;
  std::string repeated_;
};

// Of a whole document.
Status CheckReferences(const json::Value& document);

}  // namespace breakwater::report
