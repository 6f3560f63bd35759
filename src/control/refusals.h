// Whether a refusal stands in the audit trail already, for whoever would record it else. Refusals
// come from many places, and each is to be recorded once.
#pragma once

namespace breakwater::control {

// Knows of the refusals that are recorded on its thread while it lives.
class RefusalWatch {
 public:
  RefusalWatch();
  ~RefusalWatch();
  RefusalWatch(const RefusalWatch&) = delete;
  RefusalWatch& operator=(const RefusalWatch&) = delete;

  bool seen() const { return seen_; }

 private:
  friend void NoteRefusalRecorded();
  RefusalWatch* const outer_;
  bool seen_ = false;
};

// By who has recorded one.
void NoteRefusalRecorded();

}  // namespace breakwater::control
