// A destination of the trail outside: one attempt to hand over what was sealed.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace breakwater::audit {

// One entry, or (in lines) one signed head, as the destination gets it.
struct SinkItem {
  std::int64_t sequence = 0;
  Timestamp time = {};
  std::string id;        // of the record, to tell repeats by; of a head empty
  std::string severity;  // "normal", "warning", "critical"
  std::string action;
  std::string text;  // one line, without its end
};

// One thread at a time.
class Sink {
 public:
  virtual ~Sink() = default;
  // OK only if the destination has taken all of them, as surely as its kind allows. After an error
  // all of them come again: whoever receives must bear repeats. The error's message is shown to
  // operators.
  virtual Status Deliver(std::span<const SinkItem> items) = 0;
};

}  // namespace breakwater::audit
