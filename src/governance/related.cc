#include "governance/related.h"

namespace breakwater::governance {

const std::vector<condition::RelatedResource>* RelatedResources::Of(
    const condition::ResourceType& type) const {
  auto found = read_.find(type);
  if (found == read_.end()) found = read_.emplace(type, Read(type)).first;
  return found->second ? &*found->second : nullptr;
}

RelatedResources::Found RelatedResources::Read(const condition::ResourceType& type) const {
  control::FactSource* source = sources_.For(type);
  if (source == nullptr) return std::nullopt;
  auto listed = source->List(tx_, type, judged_.account);
  if (!listed.ok()) return std::nullopt;
  std::vector<condition::RelatedResource> related;
  for (const control::Resource& resource : *listed) {
    const bool elsewhere = !resource.registry.value().empty() &&
                           !judged_.registry.value().empty() &&
                           resource.registry != judged_.registry;
    if (elsewhere) continue;
    // Without facts every property counts as unavailable.
    auto facts = source->Read(tx_, resource);
    related.push_back({resource.crn().ToString(), resource.Attributes(),
                       facts.ok() ? *std::move(facts) : condition::Facts()});
  }
  return related;
}

}  // namespace breakwater::governance
