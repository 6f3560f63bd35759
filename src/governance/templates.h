// Templates: made, attached and applied (ibm-scc 1.10).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "condition/catalogue.h"
#include "control/change.h"
#include "control/defaults.h"
#include "control/hierarchy.h"
#include "db/database.h"
#include "governance/attachments.h"
#include "governance/template.h"

namespace breakwater::governance {

struct TemplatesDeps {
  db::Database& database;
  control::ChangePath& changes;
  control::Authorizer& authorizer;
  const condition::Catalogue& catalogue;
  const control::Hierarchy& hierarchy;
  const Clock& clock;
  TemplateLimits limits;
};

struct TemplateFilter {
  std::optional<bool> attached = {};
  std::vector<std::string> scopes = {};  // an attachment includes one of these scope ids
  std::int64_t offset = 0;
  std::int64_t limit = 100;
};

struct TemplatePage {
  std::int64_t total = 0;
  std::vector<Template> templates;  // oldest first
};

// Thread-safe. Everything is found only by the account that owns it; what is another's is
// kNotFound. `expected` as in Governance.
class Templates {
 public:
  explicit Templates(TemplatesDeps deps);

  // kInvalid with reason "template_error" or "limit_exceeded"; nothing is stored then.
  Result<Template> Create(const control::Caller& caller, const TemplateDraft& draft);
  Result<Template> Find(const AccountId& account, const std::string& id) const;
  Result<TemplatePage> List(const AccountId& account, const TemplateFilter& filter) const;
  // kConflict "template_conflict" if it is attached where another sets one of its properties.
  Result<Template> Replace(const control::Caller& caller, const std::string& id,
                           const std::optional<std::string>& expected, const TemplateDraft& draft);
  // With its attachments.
  Status Delete(const control::Caller& caller, const AccountId& account, const std::string& id);

  // A property may be set by one template per scope: kConflict "template_conflict" names the other.
  Attachments& attachments() { return attachments_; }
  const TemplateLimits& limits() const { return deps_.limits; }

 private:
  Attachments::Kind AttachmentKind() const;

  TemplatesDeps deps_;
  Attachments attachments_;
};

// What attached templates say a new resource starts with. Of two that cover it, the one nearer to
// it counts: a resource group's before an account's before what is inherited. Thread-safe.
class TemplateDefaults final : public control::Defaults {
 public:
  TemplateDefaults(const condition::Catalogue& catalogue, const control::Hierarchy& hierarchy)
      : catalogue_(catalogue), hierarchy_(hierarchy) {}

  Result<Map> For(db::Transaction& tx, const control::Resource& resource) const override;

 private:
  const condition::Catalogue& catalogue_;
  const control::Hierarchy& hierarchy_;
};

}  // namespace breakwater::governance
