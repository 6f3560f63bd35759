// Templates as values: what new resources of a kind start with. They never forbid anything.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "condition/catalogue.h"
#include "condition/condition.h"
#include "condition/target.h"
#include "condition/value.h"
#include "control/remedy.h"
#include "governance/attachment.h"
#include "json/json.h"

namespace breakwater::governance {

struct CustomizedDefault {
  std::string property;
  json::Value value;  // kept as received

  friend bool operator==(const CustomizedDefault&, const CustomizedDefault&) = default;
};

// What the owner decides about a template.
struct TemplateDraft {
  AccountId account;
  std::string name;
  std::string description;
  json::Value target;  // kept as received; its attributes are compared for equality
  std::vector<CustomizedDefault> defaults;
};

struct Template {
  std::string id;  // "template-" and a UUID
  TemplateDraft definition;
  std::string version;  // another one after each edit
  Timestamp created;
  std::string created_by;
  Timestamp modified;
  std::string modified_by;
};

// ibm-scc 1.12.
struct TemplateLimits {
  std::int64_t templates = 100;             // per account
  std::int64_t enterprise_templates = 500;  // per account that founded an enterprise
  std::size_t definition = 4096;            // characters of target and defaults
  std::size_t name = 32;
  std::size_t description = 256;
  std::size_t properties = 24;
  AttachmentLimits attachment = {};
  // Who sets properties knows which values they take; of others the type alone is checked.
  std::vector<const control::Remedy*> remedies = {};
};

// A template ready to apply. Immutable.
struct CompiledTemplate {
  condition::Target target;
  std::vector<std::pair<std::string, condition::Value>> defaults;
};

// kInvalid with reason "template_error" and the path if it is not acceptable: grammar, limits, a
// property that new resources cannot start with, or a value of another type.
Result<CompiledTemplate> Compile(const TemplateDraft& draft, const condition::Catalogue& catalogue,
                                 const TemplateLimits& limits);
// The same for a template that was accepted before, by whatever limits then held.
Result<CompiledTemplate> CompileAccepted(const TemplateDraft& draft,
                                         const condition::Catalogue& catalogue);

json::Array DefaultsJson(const std::vector<CustomizedDefault>& defaults);
// Document for the audit trail: what the owner decided, nothing else.
json::Value ToJson(const TemplateDraft& draft);

}  // namespace breakwater::governance
