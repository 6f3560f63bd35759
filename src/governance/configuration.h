// Rules and their attachments as documents (control/configuration.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "control/configuration.h"
#include "governance/governance.h"

namespace breakwater::governance {

// "governance": rules by name, each with its attachments.
class RulesSection final : public control::ConfigurationSection {
 public:
  RulesSection(Governance& governance, const condition::Catalogue& catalogue)
      : governance_(governance), catalogue_(catalogue) {}

  std::string_view name() const override { return "governance"; }
  Result<std::vector<control::ConfigurationItem>> Export(const AccountId& account) override;
  Result<control::ConfigurationItem> Complete(const AccountId& account,
                                              control::ConfigurationItem item,
                                              const json::Value& now) override;
  Status Put(const control::Caller& caller, const AccountId& account,
             const control::ConfigurationItem& item) override;
  Status Remove(const control::Caller& caller, const AccountId& account,
                const control::ConfigurationItem& item) override;

 private:
  Status PutAttachments(const control::Caller& caller, const AccountId& account,
                        const std::string& rule_id, const std::vector<AttachmentDraft>& wanted);

  Governance& governance_;
  const condition::Catalogue& catalogue_;
};

}  // namespace breakwater::governance
