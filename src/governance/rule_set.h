// All that is attached where one account is, arranged so that judging a resource touches only the
// rules that can apply to it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "condition/catalogue.h"
#include "condition/parameters.h"
#include "condition/program.h"
#include "control/hierarchy.h"
#include "control/resource.h"
#include "governance/attachment.h"
#include "governance/rule.h"

namespace breakwater::governance {

// A rule with the parameters of one attachment. Made once, then immutable.
struct AttachedRule : std::enable_shared_from_this<AttachedRule> {
  std::string id;
  std::string name;
  std::string version;
  AccountId account;  // whose rule it is
  std::vector<Action> actions;
  std::optional<Timestamp> enforced_from;
  std::shared_ptr<const CompiledRule> compiled;  // null: it means nothing to this program any more
  condition::Parameters parameters;
  std::optional<condition::Program> program;  // of these two; judges
  std::string fault;                          // why it means nothing

  // Sets compiled, parameters and program.
  void Use(std::shared_ptr<const CompiledRule> rule, condition::Parameters values);
  bool Has(Action action) const;
};
using AttachedRulePtr = std::shared_ptr<const AttachedRule>;

// A rule, and the form of it that judges.
struct ApplicableRule {
  ApplicableRule(const AttachedRule* which) : ApplicableRule(which, which->program->ready()) {}
  ApplicableRule(const AttachedRule* which, condition::Program::Ready program)
      : rule(which), ready(program) {}

  const AttachedRule* operator->() const { return rule; }

  const AttachedRule* rule;
  condition::Program::Ready ready;
};
using ApplicableRuleList = std::vector<ApplicableRule>;

struct ApplicableRules {
  ApplicableRuleList rules;  // oldest first
  // Names exactly all rules attached where the account is, so that a record can be held against
  // them: "sha256:…" of their ids, versions and parameters.
  std::string digest;
  std::shared_ptr<const void> owner = nullptr;  // keeps the rules alive
};

// A rule and what attaches it.
struct Candidate {
  AttachedRulePtr rule;
  AttachmentDraft attachment;
  condition::ResourceType type;  // that its target names
};

// Immutable; safe to share between threads.
class RuleSet : public std::enable_shared_from_this<RuleSet> {
 public:
  // The candidates oldest first, an attachment of a rule behind the other.
  RuleSet(control::Place place, std::vector<Candidate> candidates);

  // Rules whose target matches the resource and of which an attachment covers it; one that is
  // attached with other parameters twice is there twice. kConflict, reason "rule_unreadable", if
  // one of them means nothing to this program any more: it cannot be judged, so it must not be
  // passed over.
  Result<ApplicableRules> For(const control::Resource& resource) const;
  // All of them, whatever their target.
  const std::vector<Candidate>& candidates() const { return candidates_; }
  // Whether a rule may apply to some resource of the type.
  bool Judges(const condition::ResourceType& type) const { return by_type_.contains(type); }
  // Types of resources that rules judge by looking at resources of `type`, too.
  const std::vector<condition::ResourceType>& LookingAt(const condition::ResourceType& type) const;

 private:
  // A candidate that may apply to some resource of the account.
  struct Entry {
    const Candidate* candidate = nullptr;
    const AttachedRule* rule = nullptr;
    std::uint32_t twin = 0;  // equal for attachments of one rule with the same parameters
    bool readable = true;
    bool scoped = false;        // whether it covers a resource depends on its resource group
    bool filtered = false;      // its target asks more than what it was found by
    std::uint32_t program = 0;  // if it is readable
  };
  // Of one type of resource: all entries, and where to find them. Lists of indices ascend.
  struct OfType {
    std::vector<Entry> entries;
    condition::ProgramPack programs;
    std::uint32_t readable = 0;  // as many programs
    std::vector<std::uint32_t> anywhere;
    // By an attribute that must have one of some values, and by these.
    std::map<std::string, std::map<std::string, std::vector<std::uint32_t>>> by_attribute;
  };

  void Add(const Candidate& candidate, std::uint32_t twin);
  std::vector<std::uint32_t> Found(const OfType& of_type,
                                   const std::map<std::string, std::string>& attributes) const;

  control::Place place_;
  std::vector<Candidate> candidates_;
  std::map<condition::ResourceType, OfType> by_type_;
  std::map<condition::ResourceType, std::vector<condition::ResourceType>> looking_;
  std::string digest_;
};
using RuleSetPtr = std::shared_ptr<const RuleSet>;

}  // namespace breakwater::governance
