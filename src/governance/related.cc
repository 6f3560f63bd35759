#include "governance/related.h"

namespace breakwater::governance {

bool IsInSight(const control::Resource& judged, const control::Resource& other) {
  if (judged.account != other.account) return false;
  return judged.registry.empty() || other.registry.empty() || judged.registry == other.registry;
}

const std::vector<condition::RelatedResource>* RelatedResources::Of(
    const control::Resource& judged, const condition::ResourceType& type) {
  const Key key(judged.account, judged.registry, type);
  auto found = read_.find(key);
  if (found == read_.end()) found = read_.emplace(key, Read(judged, type)).first;
  return found->second ? &*found->second : nullptr;
}

RelatedResources::Found RelatedResources::Read(const control::Resource& judged,
                                               const condition::ResourceType& type) {
  control::FactSource* source = sources_.For(type);
  if (source == nullptr) return std::nullopt;
  auto listed = source->List(tx_, type, judged.account);
  if (!listed.ok()) return std::nullopt;
  std::vector<condition::RelatedResource> related;
  for (const control::Resource& resource : *listed) {
    if (!IsInSight(judged, resource)) continue;
    // Without facts every property counts as unavailable.
    auto facts = source->Read(tx_, resource);
    related.push_back({resource.crn().ToString(), resource.Attributes(),
                       facts.ok() ? *std::move(facts) : condition::Facts()});
  }
  return related;
}

}  // namespace breakwater::governance
