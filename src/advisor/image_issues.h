// The issues that images had when they were last assessed, in the database: lists hold exemptions
// against them without an assessment of each image.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "advisor/assessment.h"
#include "base/result.h"
#include "db/database.h"
#include "oci/digest.h"

namespace breakwater::advisor {

struct ImageIssues {
  Issues issues;                             // those of kActionable
  ImageStatus otherwise = ImageStatus::kOk;  // its status, were there none
  friend bool operator==(const ImageIssues&, const ImageIssues&) = default;
};
ImageIssues ImageIssuesOf(const Assessment& assessment);

// All inside the caller's transaction.
// Nothing for an image without issues, or that is not assessed yet.
Result<std::optional<ImageIssues>> FindIssues(db::Transaction& tx, const oci::Digest& digest);
// In place of earlier ones; none at all are not kept.
Status SaveIssues(db::Transaction& tx, const oci::Digest& digest, const ImageIssues& issues);
Status RemoveIssues(db::Transaction& tx, const oci::Digest& digest);

// Calls `visit` for each of these images of which issues are kept, in any order, with one at a time
// in memory.
using VisitIssues = std::function<Status(const oci::Digest& digest, const ImageIssues& issues)>;
Status VisitIssuesOf(db::Transaction& tx, const std::vector<oci::Digest>& digests,
                     const VisitIssues& visit);

}  // namespace breakwater::advisor
