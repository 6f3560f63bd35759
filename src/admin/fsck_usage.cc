#include "admin/fsck_checks.h"
#include "registry/stored_bytes.h"

namespace breakwater::admin {

Status CheckUsage(FsckRun& run) {
  // Rows that are wrong themselves say nothing of what should be counted.
  if (run.summary.found + run.summary.lost > 0) return Ok();
  BW_TRY(const auto books, run.database.ReadValue(registry::StoredBooks));
  for (const registry::BookKey& book : books) {
    BW_TRY(const std::string wrong, run.database.ReadValue([&](db::Transaction& tx) {
      return registry::CheckStoredBooks(tx, book);
    }));
    if (wrong.empty()) continue;
    const auto repair = [&] {
      return run.database.Write(
          [&](db::Transaction& tx) { return registry::RebuildStoredBooks(tx, book); });
    };
    BW_TRY_STATUS(run.Report({.problem = "usage_wrong",
                              .what = book.account.value() + " in " + book.registry.value(),
                              .text = "what the account stores is miscounted: " + wrong},
                             /*lost=*/false, repair));
  }
  return Ok();
}

}  // namespace breakwater::admin
