#include "control/facts.h"

#include "base/check.h"

namespace breakwater::control {

void FactSources::Add(FactSource& source) {
  for (const condition::ResourceType& type : source.Types()) {
    BW_CHECK(For(type) == nullptr);
    sources_.emplace_back(type, &source);
  }
}

FactSource* FactSources::For(const condition::ResourceType& type) const {
  for (const auto& [known, source] : sources_) {
    if (known == type) return source;
  }
  return nullptr;
}

}  // namespace breakwater::control
