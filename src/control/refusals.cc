#include "control/refusals.h"

namespace breakwater::control {
namespace {

thread_local RefusalWatch* innermost = nullptr;

}  // namespace

RefusalWatch::RefusalWatch() : outer_(innermost) {
  innermost = this;
}

RefusalWatch::~RefusalWatch() {
  innermost = outer_;
}

void NoteRefusalRecorded() {
  for (RefusalWatch* watch = innermost; watch != nullptr; watch = watch->outer_) {
    watch->seen_ = true;
  }
}

}  // namespace breakwater::control
