// What must be known before a rule that disallows is put in force: that it can be complied with,
// together with those that are in force already, and without locking everybody out.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "governance/attached_rules.h"

namespace breakwater::governance {

// A rule, and how it is to be attached.
struct Proposal {
  std::string rule_id;
  const RuleDraft& rule;
  const CompiledRule& compiled;
  std::vector<AttachmentDraft> attachments;
};

// kInvalid "attachment_error" if parameters do not fit the rule. kConflict "rule_contradiction",
// with the details rule_id and contradiction, if the rule contradicts itself or one that is
// attached where it would be; kConflict "last_way_in" if nobody could administer any more. Of the
// rule itself nothing that is attached counts but what is proposed.
Status CheckConflicts(db::Transaction& tx, const control::Hierarchy& hierarchy,
                      const AttachedRules& attached, const Proposal& proposal);

}  // namespace breakwater::governance
