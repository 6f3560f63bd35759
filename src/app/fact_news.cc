#include "app/fact_news.h"

#include "control/fact_events.h"
#include "iam/store.h"

namespace breakwater::app {
namespace {

constexpr std::string_view kJob = "app.facts_of_all";

Status TellAll(db::Transaction& tx, jobs::Jobs& jobs, const json::Value& governed) {
  BW_TRY(const auto accounts, iam::store::ListAccounts(tx));
  for (const AccountId& account : accounts) {
    BW_TRY_STATUS(
        jobs.Emit(tx, {std::string(control::kFactsChanged),
                       {{"account", json::Text(account.value())}, {"governed", governed}}}));
  }
  return Ok();
}

}  // namespace

void AnnounceFacts(jobs::Jobs& jobs, db::Database& database) {
  jobs.Register(std::string(kJob), {}, [&jobs, &database](const jobs::Job& job) -> Status {
    const json::Value* governed = json::Find(job.payload, "governed");
    if (governed == nullptr) return Ok();
    return database.Write([&](db::Transaction& tx) { return TellAll(tx, jobs, *governed); });
  });
  jobs.Subscribe(std::string(control::kFactsOfAllChanged), std::string(kJob));
}

}  // namespace breakwater::app
