#include "net/admission.h"

namespace breakwater::net {

Admission::Verdict Admission::Enter(const IpAddress& address) {
  std::string text = address.ToString();
  const MutexLock lock(mutex_);
  const auto known = by_address_.find(text);
  if (known != by_address_.end() && known->second >= limits_.per_address &&
      !trust_.Trusts(address)) {
    return Verdict::kAddressFull;
  }
  if (open_ >= limits_.connections) return Verdict::kFull;
  ++open_;
  ++by_address_[std::move(text)];
  ++counts_.accepted;
  return Verdict::kAdmitted;
}

void Admission::Leave(const IpAddress& address) {
  const std::string text = address.ToString();
  const MutexLock lock(mutex_);
  --open_;
  if (--by_address_[text] == 0) by_address_.erase(text);
}

void Admission::NoteRefused() {
  const MutexLock lock(mutex_);
  ++counts_.refused;
}

void Admission::NoteEvicted() {
  const MutexLock lock(mutex_);
  ++counts_.evicted;
}

Admission::Counts Admission::counts() const {
  const MutexLock lock(mutex_);
  return counts_;
}

}  // namespace breakwater::net
