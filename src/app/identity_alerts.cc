#include "app/identity_alerts.h"

#include "iam/alerts.h"
#include "insights/raised.h"

namespace breakwater::app {
namespace {

constexpr std::string_view kJob = "app.identity_alert";

}  // namespace

void AnnounceIdentityAlerts(jobs::Jobs& jobs, db::Database& database) {
  jobs.Register(std::string(kJob), {}, [&jobs, &database](const jobs::Job& job) -> Status {
    BW_TRY(const auto alert, iam::IdentityAlertFrom(job.payload));
    insights::Raised raised;
    raised.account = alert.account;
    raised.provider = std::string(kIdentityProvider);
    raised.finding_type = alert.type;
    BW_TRY(raised.severity, insights::ParseSeverity(alert.severity));
    raised.group = raised.finding_name = alert.name;
    raised.payload = alert.payload;
    return database.Write(
        [&](db::Transaction& tx) { return jobs.Emit(tx, insights::ToEvent(raised)); });
  });
  jobs.Subscribe(std::string(iam::kIdentityAlert), std::string(kJob));
}

}  // namespace breakwater::app
