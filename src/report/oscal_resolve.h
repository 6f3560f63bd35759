// Steps of ImportOscal; private to this folder.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/json.h"
#include "json/reader.h"

namespace breakwater::report {

// A control or group while a profile is resolved: as its catalog has it, without those in it.
struct OscalNode {
  std::string id;
  std::string parent;
  bool is_group = false;
  json::Object document;
};
using OscalNodes = std::vector<OscalNode>;

// All of a catalog, parents before what is in them. Mistakes are the reader's.
OscalNodes NodesOf(const json::Reader& catalog);

// The controls that one import of a profile takes, with the groups and controls around them.
OscalNodes Select(const OscalNodes& from, const json::Reader& import);

// "*" and "?" as in file names.
bool MatchesPattern(std::string_view pattern, std::string_view text);

// A profile's "modify": values and alterations, on the nodes.
void Modify(OscalNodes& nodes, const json::Reader& modify);

}  // namespace breakwater::report
