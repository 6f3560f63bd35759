#include "base/wait.h"

#include "base/check.h"

namespace breakwater {
namespace {

struct ThreadState {
  bool must_not_wait = false;
  bool refused = false;
};

thread_local ThreadState state;

}  // namespace

NoWaitScope::NoWaitScope() {
  BW_CHECK(!state.must_not_wait);
  state = {.must_not_wait = true, .refused = false};
}

NoWaitScope::~NoWaitScope() {
  state = {};
}

bool NoWaitScope::refused() const {
  return state.refused;
}

Status BeforeWaiting() {
  if (!state.must_not_wait) [[likely]]
    return Ok();
  state.refused = true;
  return Unavailable("this thread must not wait").Reason("would_wait");
}

}  // namespace breakwater
