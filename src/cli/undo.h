// What must be taken back, newest first, whether or not all went well.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace breakwater::cli {

// Not thread-safe. Nothing happens by itself when it is destroyed.
class Undo {
 public:
  using Action = std::function<Status()>;
  struct Outcome {
    std::string what;
    Status status;
  };

  // `what`: "the namespace tour-x", as it is said afterwards.
  void Add(std::string what, Action action);
  // Does all of it, newest first, whatever fails on the way; then there is nothing left to do.
  std::vector<Outcome> Run();
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string what;
    Action action;
  };
  std::vector<Entry> entries_;
};

}  // namespace breakwater::cli
