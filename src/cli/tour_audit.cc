// Step 8: walks the audit chain from its first entry, here and not on the server's word.
#include "audit/log.h"
#include "cli/tour_steps.h"

namespace breakwater::cli {
namespace {

// Adds the entries of one page; where the next begins, or 0.
Result<std::int64_t> VerifyPage(TourContext& tour, std::int64_t from,
                                audit::ChainVerifier& verifier) {
  BW_TRY(const json::Value page,
         tour.client.Must("GET", "/breakwater/v1/audit/entries?from=" + std::to_string(from)));
  const auto* entries = At(page, {"entries"}).if_array();
  if (entries == nullptr) return DataCorrupt("the audit export has no entries");
  for (const json::Value& document : *entries) {
    BW_TRY(const audit::Entry entry, audit::EntryFromJson(document));
    BW_TRY_STATUS(verifier.Add(entry));
  }
  return NumberAt(page, {"next_from"});
}

}  // namespace

Status ShowAuditChain(TourContext& tour) {
  audit::ChainVerifier verifier;
  for (std::int64_t from = 1; from > 0;) {
    if (Interrupted()) return Unavailable("interrupted");
    BW_TRY(from, VerifyPage(tour, from, verifier));
  }
  if (verifier.count() == 0) return DataCorrupt("the audit chain is empty");
  tour.report.Good("computed the chain anew from its first entry: " +
                   std::to_string(verifier.count()) + " entries, every hash as it was recorded");
  tour.report.Detail("head " + verifier.head());
  return Ok();
}

}  // namespace breakwater::cli
