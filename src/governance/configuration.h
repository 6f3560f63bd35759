// Rules and templates, with their attachments, as documents (control/configuration.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "control/configuration.h"
#include "governance/governance.h"
#include "governance/templates.h"

namespace breakwater::governance {

// "governance": rules by name, each with its attachments.
class RulesSection final : public control::ConfigurationSection {
 public:
  RulesSection(Governance& governance, const condition::Catalogue& catalogue)
      : governance_(governance), catalogue_(catalogue) {}

  std::string_view name() const override { return "governance"; }
  bool judges() const override { return true; }
  Result<std::vector<control::ConfigurationItem>> Export(const AccountId& account) override;
  Result<control::ConfigurationItem> Complete(const AccountId& account,
                                              control::ConfigurationItem item,
                                              const json::Value& now) override;
  Status Put(const control::Caller& caller, const AccountId& account,
             const control::ConfigurationItem& item) override;
  Status Remove(const control::Caller& caller, const AccountId& account,
                const control::ConfigurationItem& item) override;

 private:
  Governance& governance_;
  const condition::Catalogue& catalogue_;
};

// "templates": by name, each with its attachments.
class TemplatesSection final : public control::ConfigurationSection {
 public:
  TemplatesSection(Templates& templates, const condition::Catalogue& catalogue)
      : templates_(templates), catalogue_(catalogue) {}

  std::string_view name() const override { return "templates"; }
  Result<std::vector<control::ConfigurationItem>> Export(const AccountId& account) override;
  Result<control::ConfigurationItem> Complete(const AccountId& account,
                                              control::ConfigurationItem item,
                                              const json::Value& now) override;
  Status Put(const control::Caller& caller, const AccountId& account,
             const control::ConfigurationItem& item) override;
  Status Remove(const control::Caller& caller, const AccountId& account,
                const control::ConfigurationItem& item) override;

 private:
  Templates& templates_;
  const condition::Catalogue& catalogue_;
};

}  // namespace breakwater::governance
