// Threads that many connections share must not wait: one slow disk would hold up everybody.
//
//   NoWaitScope scope;
//   Response response = handler(request);
//   if (scope.refused()) { /* drop the response, ask again on a thread that may wait */ }
#pragma once

#include "base/result.h"

namespace breakwater {

// While one lives on a thread, whatever would wait there (for a disk, a database, another machine)
// refuses and leaves a mark, whatever becomes of its error on the way up. Scopes do not nest.
class NoWaitScope {
 public:
  NoWaitScope();
  ~NoWaitScope();
  NoWaitScope(const NoWaitScope&) = delete;
  NoWaitScope& operator=(const NoWaitScope&) = delete;

  // Something would have waited: what was made in this scope is no answer.
  bool refused() const;
};

// Asked by what is about to wait. kUnavailable "would_wait" inside a NoWaitScope.
Status BeforeWaiting();

}  // namespace breakwater
