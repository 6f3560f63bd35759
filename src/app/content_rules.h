// Which pushes and deletions the configuration rules judge: those of images and repositories that
// some rule asks about. The others are not read back, so that a push costs nothing more where there
// is no such rule.
#pragma once

#include "advisor/image_facts.h"
#include "governance/gate.h"
#include "registry/governed_content.h"

namespace breakwater::app {

// Thread-safe. Both must outlive it.
class ContentRules final : public registry::ContentRules {
 public:
  ContentRules(const governance::RuleGate& gate, const advisor::ImageFacts& images)
      : gate_(gate), images_(images) {}

  Result<Asked> AskedOf(db::Transaction& tx, const registry::RepositoryPath& path) const override;
  Result<std::vector<control::Resource>> ImagesOf(
      db::Transaction& tx, const registry::RepositoryPath& path,
      const std::set<oci::Digest>& digests) const override;

 private:
  const governance::RuleGate& gate_;
  const advisor::ImageFacts& images_;
};

}  // namespace breakwater::app
