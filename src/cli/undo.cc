#include "cli/undo.h"

#include <utility>

namespace breakwater::cli {

void Undo::Add(std::string what, Action action) {
  entries_.push_back({std::move(what), std::move(action)});
}

std::vector<Undo::Outcome> Undo::Run() {
  std::vector<Outcome> outcomes;
  while (!entries_.empty()) {
    Entry entry = std::move(entries_.back());
    entries_.pop_back();
    Status status = entry.action();
    outcomes.push_back({std::move(entry.what), std::move(status)});
  }
  return outcomes;
}

}  // namespace breakwater::cli
