// How many connections there may be, in all and of one address. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/ip.h"
#include "base/sync.h"
#include "net/forwarded.h"

namespace breakwater::net {

class Admission {
 public:
  struct Limits {
    std::size_t connections;
    std::size_t per_address;  // trusted proxies are exempt
  };
  struct Counts {
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;
    std::uint64_t evicted = 0;
  };
  enum class Verdict { kAdmitted, kFull, kAddressFull };

  Admission(Limits limits, const ProxyTrust& trust) : limits_(limits), trust_(trust) {}

  // kAdmitted counts it, until Leave.
  Verdict Enter(const IpAddress& address);
  void Leave(const IpAddress& address);

  void NoteRefused();
  void NoteEvicted();
  Counts counts() const;

 private:
  const Limits limits_;
  const ProxyTrust& trust_;
  mutable Mutex mutex_;
  std::size_t open_ BW_GUARDED_BY(mutex_) = 0;
  std::unordered_map<std::string, std::size_t> by_address_ BW_GUARDED_BY(mutex_);
  Counts counts_ BW_GUARDED_BY(mutex_);
};

}  // namespace breakwater::net
