#include "app/quota_alerts.h"

#include <map>

#include "insights/raised.h"
#include "json/reader.h"
#include "observe/log.h"
#include "registry/quota_warnings.h"

namespace breakwater::app {
namespace {

constexpr std::string_view kKind = "registry.quota_alert";
constexpr std::string_view kProvider = "container-registry";
constexpr std::string_view kFindingType = "quota";

struct Warning {
  std::string account;
  std::string registry;
  std::string name_space;
  std::string quota;
  std::int64_t percent = 0;
  std::int64_t used = 0;
  std::int64_t limit = 0;
};

Result<Warning> WarningOf(const json::Value& payload) {
  const json::Reader in(payload);
  Warning warning{.account = in.Field("account").String(),
                  .registry = in.Field("registry").String(),
                  .name_space = in.Field("namespace").String(),
                  .quota = in.Field("quota").String(),
                  .percent = in.Field("percent").Int(),
                  .used = in.Field("used").Int(),
                  .limit = in.Field("limit").Int()};
  BW_TRY_STATUS(in.Finish());
  return warning;
}

insights::Severity SeverityOf(std::int64_t percent) {
  if (percent >= 100) return insights::Severity::kHigh;
  return percent >= 95 ? insights::Severity::kMedium : insights::Severity::kLow;
}

// `job`: one alert for each warning, however often its job runs.
insights::Raised AlertOf(const Warning& warning, std::int64_t job) {
  const std::string scope =
      warning.name_space.empty() ? warning.registry : warning.registry + "/" + warning.name_space;
  const std::string name = "quota/" + warning.quota + "/" + scope;
  return {.account = AccountId(warning.account),
          .provider = std::string(kProvider),
          .finding_type = std::string(kFindingType),
          .severity = SeverityOf(warning.percent),
          .group = name + "/" + std::to_string(job),
          .finding_name =
              warning.account + "/providers/" + std::string(kProvider) + "/occurrences/" + name,
          .payload = {{"short_description", "A quota of the registry is nearly used up"},
                      {"remediation",
                       "Delete images that are not needed, raise the quota or change the plan"},
                      {"registry", json::Text(warning.registry)},
                      {"namespace", json::Text(warning.name_space)},
                      {"quota", json::Text(warning.quota)},
                      {"percent", warning.percent},
                      {"used", warning.used},
                      {"limit", warning.limit}}};
}

}  // namespace

void RegisterQuotaAlerts(Installation::Parts& parts) {
  std::map<std::pair<std::string, std::int64_t>, observe::Counter*> counters;
  for (const char* quota : {"storage", "traffic"}) {
    for (const std::int64_t percent : {80, 95, 100}) {
      counters[{quota, percent}] = &parts.metrics.AddCounter(
          "breakwater_quota_warnings_total", "Quotas whose use has passed this many per cent.",
          {{"quota", quota}, {"percent", std::to_string(percent)}});
    }
  }
  parts.jobs->Register(std::string(kKind), {},
                       [&parts, counters = std::move(counters)](const jobs::Job& job) -> Status {
                         BW_TRY(const Warning warning, WarningOf(job.payload));
                         BW_TRY_STATUS(parts.database->Write([&](db::Transaction& tx) {
                           return parts.jobs->Emit(tx, insights::ToEvent(AlertOf(warning, job.id)));
                         }));
                         const auto counter = counters.find({warning.quota, warning.percent});
                         if (counter != counters.end()) counter->second->Increment();
                         observe::Log(observe::Level::kWarning, "a quota is nearly used up",
                                      {{"account", warning.account},
                                       {"registry", warning.registry},
                                       {"namespace", warning.name_space},
                                       {"quota", warning.quota},
                                       {"percent", warning.percent}});
                         return Ok();
                       });
  parts.jobs->Subscribe(std::string(registry::event::kQuotaWarning), std::string(kKind));
}

}  // namespace breakwater::app
