// The configured destinations of the audit trail, and their alarms.
#pragma once

#include <memory>
#include <vector>

#include "audit/sinks/delivery.h"
#include "config/settings.h"
#include "jobs/jobs.h"
#include "observe/metrics.h"

namespace breakwater::app {

// Whether what each names is there: files of secrets and certificates.
Status CheckAuditSinks(const std::vector<config::AuditSink>& configured);

struct AuditSinkDeps {
  db::Database& database;
  const audit::Log& log;
  const audit::Heads& heads;
  const audit::Segments& segments;
  jobs::Jobs& jobs;
  const Clock& clock;
  AccountId account;     // whose trail and channels tell of a destination that is down
  std::string hostname;  // ours
};

class AuditSinks {
 public:
  // They have passed CheckAuditSinks; of each that cannot be opened it is said why.
  static Result<std::unique_ptr<AuditSinks>> Open(const std::vector<config::AuditSink>& configured,
                                                  const AuditSinkDeps& deps);

  // A job for each. Before jobs start.
  void Schedule(jobs::Jobs& jobs);
  void Expose(observe::Metrics& metrics);

 private:
  std::vector<std::unique_ptr<audit::SinkDelivery>> deliveries_;
};

}  // namespace breakwater::app
