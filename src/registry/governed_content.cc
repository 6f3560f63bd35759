#include "registry/governed_content.h"

#include "registry/repository_facts.h"

namespace breakwater::registry {

Result<GovernedContent> GovernedContent::In(db::Transaction& tx, const ContentRules* rules,
                                            const RepositoryPath& path) {
  GovernedContent content;
  if (rules == nullptr) return content;
  content.rules_ = rules;
  content.path_ = &path;
  BW_TRY(content.asked_, rules->AskedOf(tx, path));
  return content;
}

Result<std::vector<control::Resource>> GovernedContent::Images(
    db::Transaction& tx, const std::set<oci::Digest>& digests) const {
  if (!asked_.images || digests.empty()) return std::vector<control::Resource>();
  return rules_->ImagesOf(tx, *path_, digests);
}

Result<std::vector<control::Resource>> GovernedContent::Now(
    db::Transaction& tx, const std::set<oci::Digest>& digests) const {
  BW_TRY(auto now, Images(tx, digests));
  if (!asked_.repositories) return now;
  BW_TRY(const bool holds, HoldsSomething(tx, path_->registry, path_->name));
  if (holds) now.push_back(RepositoryResource(*path_));
  return now;
}

Status GovernedContent::TakenFrom(db::Transaction& tx, const std::set<oci::Digest>& digests,
                                  control::Effect& effect) const {
  BW_TRY(effect.governed, Now(tx, digests));
  if (!asked_.repositories) return Ok();
  const control::Resource repository = RepositoryResource(*path_);
  const bool left = !effect.governed.empty() && effect.governed.back() == repository;
  if (!left) effect.gone.push_back(repository);
  return Ok();
}

Result<std::vector<control::Resource>> GovernedRepositories(db::Transaction& tx,
                                                            const ContentRules* rules,
                                                            const control::RegistryInfo& registry,
                                                            const Namespace& name_space) {
  if (rules == nullptr) return std::vector<control::Resource>();
  const RepositoryPath any{.registry = registry.name,
                           .region = registry.region,
                           .account = name_space.account,
                           .name_space = name_space.name,
                           .resource_group = name_space.resource_group,
                           .name = {}};
  BW_TRY(const ContentRules::Asked asked, rules->AskedOf(tx, any));
  if (!asked.repositories) return std::vector<control::Resource>();
  return RepositoriesIn(tx, any);
}

}  // namespace breakwater::registry
