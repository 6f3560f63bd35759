// Tags that cannot move: a namespace's setting, the facts that rules and goals judge of it, and the
// checks that everything which moves or removes a tag makes inside its own transaction.
//
// What an immutable tag names stays what it was: the tag does not move and is not deleted, the
// manifest it points at keeps its media type, and no manifest of the tree under it is deleted. (A
// blob that a manifest needs is never deleted anyway.) Whoever may change the setting can lift it
// first; that leaves a record. An operator who repairs a damaged store gives up what is lost, tags
// included.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "control/change.h"
#include "control/facts.h"
#include "control/registries.h"
#include "control/remedy.h"
#include "db/database.h"
#include "oci/digest.h"
#include "registry/namespaces.h"
#include "registry/tag_patterns.h"
#include "registry/types.h"

namespace breakwater::registry {

// Thread-safe. Source of the facts of container-registry/namespace.
class TagImmutability final : public control::FactSource, public control::Remedy {
 public:
  // `rules`: that ask about the repositories whose tags it protects; null: none.
  TagImmutability(db::Database& database, const Clock& clock, const control::Registries& registries,
                  control::ChangePath& changes, const ContentRules* rules = nullptr)
      : database_(database),
        clock_(clock),
        registries_(registries),
        changes_(changes),
        rules_(rules) {}

  // Empty lists where nothing was set. kNotFound "name_unknown" if the account has no such
  // namespace.
  Result<TagPatterns> Get(const AccountId& account, const RegistryName& registry,
                          std::string_view name_space) const;
  // Replaces what was set. kInvalid "tag_pattern_invalid"; kNotFound; or the gate's refusal.
  Status Set(const control::Caller& caller, const AccountId& account,
             const control::RegistryInfo& registry, const std::string& name_space,
             const TagPatterns& patterns);

  // control::FactSource
  std::vector<condition::ResourceType> Types() const override;
  Result<std::vector<control::Resource>> List(db::Transaction& tx,
                                              const condition::ResourceType& type,
                                              const AccountId& account) override;
  Result<condition::Facts> Read(db::Transaction& tx, const control::Resource& resource) override;

  // control::Remedy
  condition::ResourceType Type() const override;
  bool CanSet(std::string_view property) const override;
  Status Check(std::string_view property, const condition::Value& value) const override;
  Status Set(const control::Caller& caller, const control::Resource& name_space,
             const Assignments& assignments) override;

 private:
  db::Database& database_;
  const Clock& clock_;
  const control::Registries& registries_;
  control::ChangePath& changes_;
  const ContentRules* rules_;
};

// What a namespace that is being made begins with. kInvalid "tag_pattern_invalid".
Status StartWithTagPatterns(db::Transaction& tx, const Namespace& name_space,
                            const std::vector<std::string>& list, Timestamp now);

// A namespace's setting; empty lists where nothing was set.
Result<TagPatterns> ReadTagPatterns(db::Transaction& tx, const RegistryName& registry,
                                    std::string_view name_space);

// A manifest of a repository, by the repository's row id.
struct ManifestKey {
  std::string repository;
  oci::Digest digest;
};

// Each is kDenied "tag_immutable", with a message that says what to do, where an immutable tag
// stands in the way.
//
// A tag that points at `now` is about to point elsewhere, or to go.
Status CheckTagMayMove(db::Transaction& tx, const RepositoryPath& path, std::string_view tag,
                       const oci::Digest& now);
// A manifest is about to go, with every tag on it, or to be served as another media type.
Status CheckManifestMayChange(db::Transaction& tx, const RepositoryPath& path,
                              const ManifestKey& manifest);
// A namespace is about to go, with everything in it.
Status CheckNamespaceMayGo(db::Transaction& tx, const RegistryName& registry,
                           std::string_view name_space);

}  // namespace breakwater::registry
