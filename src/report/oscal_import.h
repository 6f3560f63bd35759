// Reads catalogs and profiles of others (OSCAL 1.x, NIST) into what a profile of ours is made from.
// Pure: a document is found in the bundle that was handed over or not at all; nothing is fetched.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/json.h"
#include "posture/profile.h"

namespace breakwater::report {

struct OscalFile {
  std::string name;  // as other documents of the bundle call it: "catalog.json"
  json::Value document;
};

struct ImportedParameter {
  std::string id;
  std::string label;
  std::vector<std::string> values;  // none: left to the organization
  std::string control;              // OSCAL id of the control that has it
};

struct ImportedControl {
  std::string id;           // "ac-6.5"
  std::string external_id;  // "AC-6(5)": its label, or the id
  std::string title;
  std::string parent;              // id of the group or control it lies in; may be empty
  bool is_group = false;           // holds others, has no goals
  std::vector<std::string> goals;  // ids, in the order of the goals given; none: nothing of ours
};

// A draft: who makes a profile of it decides what becomes of controls without goals.
struct ImportedProfile {
  std::string title;
  std::string version;
  std::vector<ImportedControl> controls;
  std::vector<ImportedParameter> parameters;
};

using Goals = std::vector<std::shared_ptr<const posture::Goal>>;

// Resolves bundle[0], a catalog or a profile: include-controls and exclude-controls (with-ids,
// matching, with-child-controls), imports of imports, merge flat and as-is, set-parameters, and
// alters. A goal belongs to a control that names it as our own export does, or whose id is among
// the goal's NIST SP 800-53 r5 mappings.
//
// kInvalid with the file and the JSON path: what is not understood or cannot be honoured (custom
// merges, choices of parameters), an import that is not in the bundle or goes in a circle, a
// control that is not there or comes twice. kTooLarge: over posture::kMaxControls.
Result<ImportedProfile> ImportOscal(const std::vector<OscalFile>& bundle, const Goals& goals);

}  // namespace breakwater::report
