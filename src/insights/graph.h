// The graph of findings: queries in a part of GraphQL (ibm-scc 3.7). One query of fields with
// arguments and aliases; no variables, fragments or directives.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "json/json.h"

namespace breakwater::insights {

struct GraphField {
  std::string name;   // "noteName"
  std::string alias;  // as the answer calls it: the name, if nothing else is said
  std::vector<std::pair<std::string, json::Value>> arguments = {};
  std::vector<GraphField> fields = {};

  // Null if it is not given.
  const json::Value* Argument(std::string_view argument) const;
};

// The fields of the query itself. kInvalid with the offset of the first mistake.
Result<std::vector<GraphField>> ParseGraphQuery(std::string_view text);

// What is asked for of a document of the wire, whose members have the same names with underscores.
// What it does not have is null.
json::Value Project(const json::Value& document, const std::vector<GraphField>& fields);

}  // namespace breakwater::insights
