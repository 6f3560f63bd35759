// What configuration rules ask about of a repository that a change alters: its images, and the
// repository itself. Where no rule asks, nothing is read.
#pragma once

#include <set>
#include <vector>

#include "base/result.h"
#include "control/change.h"
#include "control/registries.h"
#include "control/resource.h"
#include "db/database.h"
#include "oci/digest.h"
#include "registry/namespaces.h"
#include "registry/types.h"

namespace breakwater::registry {

// Who knows the rules. Implemented above. Thread-safe; asked inside the change's transaction.
class ContentRules {
 public:
  // Whether some rule applies to what lies in a namespace, or looks at its kind.
  struct Asked {
    bool images = false;
    bool repositories = false;
  };

  virtual ~ContentRules() = default;
  // Rules know both by where they lie: one answer for all of a namespace. What it says holds until
  // the transaction ends. The path's own name counts for nothing.
  virtual Result<Asked> AskedOf(db::Transaction& tx, const RepositoryPath& path) const = 0;
  // Of these manifests the images that are there.
  virtual Result<std::vector<control::Resource>> ImagesOf(
      db::Transaction& tx, const RepositoryPath& path,
      const std::set<oci::Digest>& digests) const = 0;
};

// Of one repository, in one transaction: asked anew whenever the transaction begins again. One that
// was not asked governs nothing.
class GovernedContent {
 public:
  GovernedContent() = default;
  // `rules` may be null: nothing. Both must outlive it.
  static Result<GovernedContent> In(db::Transaction& tx, const ContentRules* rules,
                                    const RepositoryPath& path);

  // What there is now and rules ask about: of these manifests the images, and the repository, if it
  // holds something.
  Result<std::vector<control::Resource>> Now(db::Transaction& tx,
                                             const std::set<oci::Digest>& digests) const;
  // Of these manifests the images alone.
  Result<std::vector<control::Resource>> Images(db::Transaction& tx,
                                                const std::set<oci::Digest>& digests) const;
  // After something was taken out: what there is now is governed, and a repository that holds
  // nothing any more is gone.
  Status TakenFrom(db::Transaction& tx, const std::set<oci::Digest>& digests,
                   control::Effect& effect) const;

 private:
  const ContentRules* rules_ = nullptr;
  const RepositoryPath* path_ = nullptr;
  ContentRules::Asked asked_;
};

// The repositories of a namespace that hold something, if rules ask about them: for what alters all
// of them at once.
Result<std::vector<control::Resource>> GovernedRepositories(db::Transaction& tx,
                                                            const ContentRules* rules,
                                                            const control::RegistryInfo& registry,
                                                            const Namespace& name_space);

}  // namespace breakwater::registry
