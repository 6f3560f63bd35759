// Makes one object of an upload's parts, within the service: no byte comes back through this
// process but the tail that was never sent.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "blob/s3/s3_parts.h"

namespace breakwater::blob {

// Consecutive parts [first, first + count) that become one object.
struct ComposeGroup {
  std::size_t first = 0;
  std::size_t count = 0;
};

// How `parts` become few enough for one multipart upload of at most `max_parts` with `has_tail`
// more. Empty: they are. Else each group becomes an object first, as large as one part may be.
std::vector<ComposeGroup> PlanGroups(const std::vector<StoredPart>& parts, bool has_tail,
                                     std::size_t max_parts);

// All of `parts`, which are of upload `upload`, and `tail` after them become the object `key`;
// there are parts. Nothing is at `key` before all is. kNotFound "upload_unknown" if a part is
// missing. What is left of a failed attempt below the upload's folder goes with that folder.
Status Compose(S3Parts& shared, const std::string& key, const std::string& upload,
               std::vector<StoredPart> parts, ByteView tail);

}  // namespace breakwater::blob
