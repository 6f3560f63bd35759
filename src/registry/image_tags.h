// The tags of many images, with one statement for each repository. Internal to registry/.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "db/database.h"

namespace breakwater::registry {

// Adds to `image.tags` of each of `found`, which are in order of `repository_id` and
// `image.digest`. `sql`: digest and tag, in this order, of a repository's images from one digest to
// another: parameters $1, $2 and $3.
template <class Found>
Status AddTags(db::Transaction& tx, std::string_view sql, std::vector<Found>& found) {
  for (auto first = found.begin(); first != found.end();) {
    const auto last = std::find_if(first, found.end(), [&](const Found& one) {
      return one.repository_id != first->repository_id;
    });
    auto at = first;
    BW_TRY_STATUS(tx.Query(
        sql, {first->repository_id, first->image.digest.text(), (last - 1)->image.digest.text()},
        [&](const db::Row& row) -> Status {
          while (at != last && at->image.digest.text() < row.Text(0)) ++at;
          if (at != last && at->image.digest.text() == row.Text(0)) {
            at->image.tags.push_back(row.String(1));
          }
          return Ok();
        }));
    first = last;
  }
  return Ok();
}

}  // namespace breakwater::registry
