// Puts an assessment together out of the ledger. Reads only.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "db/database.h"
#include "posture/assessment.h"
#include "posture/attachments.h"
#include "posture/evaluate.h"
#include "posture/ledger.h"
#include "posture/scans.h"

namespace breakwater::posture {

struct AssessOptions {
  std::optional<Timestamp> at;    // absent: now
  std::optional<Timestamp> from;  // a period: trend and changes since
  // Of each goal, failing ones first; the counts are of all. 0: none.
  std::size_t max_resources = 10'000;
};

// What an assessment is made from beside the ledger.
struct AssessSource {
  const Profiles& profiles;
  const Attachments& attachments;
  // At that moment: failures that were accepted, and goals that somebody answered for.
  Accepted accepted;
  std::set<std::string, std::less<>> attested;
};

// Names of the scope and of the installation are left to the caller. kNotFound before the
// attachment was made.
Result<Assessment> Assess(db::Transaction& tx, const AssessSource& source,
                          const Attachment& attachment, const AssessOptions& options,
                          Timestamp now);

// Goals, controls and score of a moment, without resources.
ScanCounts CountsOf(const Profile& profile, const ledger::GoalPoints& points);

}  // namespace breakwater::posture
