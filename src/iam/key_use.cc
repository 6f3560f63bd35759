#include "iam/key_use.h"

#include <vector>

#include "control/fact_events.h"
#include "iam/identity_facts.h"

namespace breakwater::iam {
namespace {

// From a use to its row, of any process, and the difference of their clocks.
constexpr std::chrono::minutes kLate{5};

struct Use {
  ApiKey key;
  std::chrono::sys_days day;
};

}  // namespace

Status KeyUse::Tell() {
  const MutexLock lock(mutex_);
  const Timestamp now = clock_.Now();
  const auto today = std::chrono::floor<std::chrono::days>(now);
  if (looked_ == Timestamp{}) looked_ = today;
  std::erase_if(told_, [&](const auto& one) { return one.second < today; });
  const Timestamp since = looked_ - kLate;
  BW_TRY(const auto uses, database_.ReadValue([&](db::Transaction& tx) {
    return tx.QueryAll(
        "SELECT k.id, k.account_id, a.last_at FROM iam_activity a JOIN iam_api_key k ON k.id = "
        "a.subject WHERE a.last_at >= $1 ORDER BY k.id",
        {since}, [](const db::Row& row) {
          Use use{.key = {}, .day = std::chrono::floor<std::chrono::days>(row.Time(2))};
          use.key.id = row.String(0);
          use.key.account = AccountId(row.String(1));
          return use;
        });
  }));
  std::vector<const Use*> news;
  for (const Use& use : uses) {
    const auto told = told_.find(use.key.id);
    if (told == told_.end() || told->second < use.day) news.push_back(&use);
  }
  if (!news.empty()) {
    BW_TRY_STATUS(database_.Write([&](db::Transaction& tx) -> Status {
      for (const Use* use : news) {
        BW_TRY_STATUS(jobs_.Emit(tx, control::FactsChanged(GovernedApiKey(use->key))));
      }
      return Ok();
    }));
  }
  for (const Use* use : news) told_.insert_or_assign(use->key.id, use->day);
  looked_ = now;
  return Ok();
}

}  // namespace breakwater::iam
