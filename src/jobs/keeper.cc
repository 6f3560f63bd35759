#include "jobs/keeper.h"

#include <utility>
#include <vector>

#include "observe/log.h"

namespace breakwater::jobs {

Keeper::Keeper(Queue& queue, std::chrono::milliseconds every)
    : queue_(queue), every_(every), thread_([this] { Loop(); }) {}

Keeper::~Keeper() {
  ReleaseAll();
  thread_.join();
}

Keeper::Hold::Hold(Keeper& keeper, const Claim& claim) : keeper_(keeper), id_(claim.id) {
  const MutexLock lock(keeper_.mutex_);
  if (keeper_.stopping_) return;
  keeper_.claims_.insert_or_assign(id_, claim);
  keeper_.changed_.notify_all();
}

Keeper::Hold::~Hold() {
  const MutexLock lock(keeper_.mutex_);
  keeper_.claims_.erase(id_);
}

void Keeper::ReleaseAll() {
  const MutexLock lock(mutex_);
  stopping_ = true;
  claims_.clear();
  changed_.notify_all();
}

void Keeper::Loop() {
  for (;;) {
    std::vector<Claim> held;
    {
      const MutexLock lock(mutex_);
      while (claims_.empty() && !stopping_) changed_.wait(mutex_);
      const auto next = std::chrono::steady_clock::now() + every_;
      while (!stopping_ && changed_.wait_until(mutex_, next) != std::cv_status::timeout) {
      }
      if (stopping_) return;
      for (const auto& [id, claim] : claims_) held.push_back(claim);
    }
    if (held.empty()) continue;
    // Twice more before the lease ends.
    if (const Status renewed = queue_.Renew(held); !renewed.ok()) {
      observe::LogError(observe::Level::kWarning, "job leases were not prolonged", renewed.error());
    }
  }
}

}  // namespace breakwater::jobs
