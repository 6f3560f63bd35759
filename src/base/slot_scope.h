// What a piece of work is about, for what it calls on its own thread without handing it on.
#pragma once

#include <utility>

namespace breakwater {

// A pointer, as a thread has it, is `value` while this lives, and then what it was before. The
// pointer must outlive this; of several the last is ended first.
template <class T>
class SlotScope {
 public:
  SlotScope(T*& slot, T* value) : slot_(slot), before_(std::exchange(slot, value)) {}
  ~SlotScope() { slot_ = before_; }
  SlotScope(const SlotScope&) = delete;
  SlotScope& operator=(const SlotScope&) = delete;

 private:
  T*& slot_;
  T* const before_;
};

}  // namespace breakwater
