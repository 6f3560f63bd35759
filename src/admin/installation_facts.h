// What goals ask of the installation as a whole: facts of container-registry/backup, /content,
// /audit and /audit-sink. They are resources of the account that runs it.
#pragma once

#include <vector>

#include "admin/processes.h"
#include "base/ids.h"
#include "base/time.h"
#include "control/facts.h"

namespace breakwater::admin {

// The types, for events.
condition::ResourceType BackupType();
condition::ResourceType ContentType();
condition::ResourceType AuditType();
condition::ResourceType AuditSinkType();

// Thread-safe.
class InstallationFacts final : public control::FactSource {
 public:
  // `owner` must outlive it; empty until it is known.
  InstallationFacts(const Clock& clock, const AccountId& owner) : clock_(clock), owner_(owner) {}

  std::vector<condition::ResourceType> Types() const override;
  Result<std::vector<control::Resource>> List(db::Transaction& tx,
                                              const condition::ResourceType& type,
                                              const AccountId& account) override;
  Result<condition::Facts> Read(db::Transaction& tx, const control::Resource& resource) override;

 private:
  Result<condition::Facts> ReadBackup(db::Transaction& tx) const;
  Result<condition::Facts> ReadContent(db::Transaction& tx) const;
  Result<condition::Facts> ReadAudit(db::Transaction& tx) const;
  Result<condition::Facts> ReadSink(db::Transaction& tx, const std::string& name) const;

  const Clock& clock_;
  const AccountId& owner_;
};

}  // namespace breakwater::admin
