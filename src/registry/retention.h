// Retention: a policy for each namespace, what it would delete, and deleting it: at once when it is
// set, and daily (ibm-registry 1.9, 3.8). What is deleted lies in the trash afterwards.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "audit/log.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "blob/blob_store.h"
#include "control/change.h"
#include "control/registries.h"
#include "db/database.h"
#include "jobs/jobs.h"
#include "registry/governed_content.h"
#include "registry/namespaces.h"
#include "registry/retention_rules.h"
#include "registry/types.h"

namespace breakwater::registry {

struct RetentionDeps {
  db::Database& database;
  blob::BlobStore& store;
  const Clock& clock;
  const control::Registries& registries;
  control::ChangePath& changes;
  const audit::Log& log;
  jobs::Jobs& jobs;
  std::chrono::seconds trash_life;
  const ContentRules* rules = nullptr;  // that ask about what is left; null: none
};

// A repository, and what a policy makes of its images.
struct JudgedRepository {
  std::string id;
  std::string name;  // "ns/app"
  RetentionJudgement judgement;
  std::vector<oci::Digest> newest = {};  // that the policy keeps; none of one that is gone on with
};

// Some of its images with what the policy makes of them.
struct JudgedImages {
  std::vector<RetentionCandidate> images;  // by digest
  std::vector<RetentionVerdict> verdicts;
  bool more = false;  // there may be more after them
};

// A namespace's; the default, which keeps everything, where none was set.
Result<RetentionPolicy> ReadRetentionPolicy(db::Transaction& tx, const RegistryName& registry,
                                            std::string_view name_space);

// Thread-safe. Register before the jobs start.
class Retention {
 public:
  explicit Retention(RetentionDeps deps) : deps_(deps) {}

  // The job that a change of policy asks for.
  void Register();

  // The default, which keeps everything, where none was set. kNotFound "name_unknown" if the
  // account has no such namespace.
  Result<RetentionPolicy> Get(const AccountId& account, const RegistryName& registry,
                              std::string_view name_space) const;
  // Of these namespaces, by name.
  Result<std::map<std::string, RetentionPolicy>> List(
      const RegistryName& registry, const std::vector<std::string>& namespaces) const;
  // Applied as soon as a job can. kInvalid "invalid_field"; kNotFound "name_unknown".
  Status Set(const control::Caller& caller, const AccountId& account,
             const control::RegistryInfo& registry, const std::string& name_space,
             const RetentionPolicy& policy);

  // Judges the first repository after `after` (by name) that has a manifest, or `after` itself if
  // it may be that one; nothing after the last. Each of its manifests is read, a few at a time.
  enum class Bound : std::uint8_t { kAfter, kFrom };
  Result<std::optional<JudgedRepository>> JudgeNext(const RegistryName& registry,
                                                    const std::string& name_space,
                                                    const RetentionPolicy& policy,
                                                    const std::string& after,
                                                    Bound bound = Bound::kAfter) const;
  // Goes on with what a client was given of an earlier judgement (RetentionJudgement::ToText),
  // without reading the repository again. Nothing where it is to be judged anew, or the namespace
  // has no such repository.
  Result<std::optional<JudgedRepository>> GoOn(const RegistryName& registry,
                                               const std::string& name_space,
                                               const RetentionPolicy& policy,
                                               const std::string& repository,
                                               std::string_view judgement) const;
  // The next of its images after a digest, at most so many and no more than kCandidatesAtOnce. As
  // they are now: an image that came since may be judged to stay, one that went is not told of.
  Result<JudgedImages> ImagesOf(const RegistryName& registry, const std::string& name_space,
                                const JudgedRepository& judged, std::string_view digest,
                                std::size_t most) const;

  // The tags of what is attached to images of a repository and goes with them, by their digests.
  // None for an image that is gone or has nothing attached.
  Result<std::map<std::string, std::vector<std::string>>> TagsGoingAlong(
      const RegistryName& registry, const std::string& name_space, const std::string& repository,
      const std::vector<oci::Digest>& images) const;

  // Deletes what a namespace's policy does not keep; how many images. Harmless where there is none.
  // What a configuration rule refuses stays, on record, and the others go.
  Result<std::int64_t> Apply(const RegistryName& registry, const std::string& name_space);
  // The same of every namespace that has a policy.
  Result<std::int64_t> ApplyAll();

 private:
  Status ReadConfigs(const std::string& repository_id) const;
  Result<std::int64_t> DeleteJudged(const control::RegistryInfo& registry,
                                    const Namespace& name_space, const JudgedRepository& judged,
                                    std::set<oci::Digest>& refused);
  // A repository with the newest images that its policy keeps.
  struct Place {
    RepositoryPath path;
    std::string repository_id;
    std::vector<oci::Digest> newest;
  };
  Result<std::int64_t> DeletePiece(const Place& place, std::span<const oci::Digest> going,
                                   const control::Resource& about);
  Result<std::int64_t> DeleteEach(const Place& place, std::span<const oci::Digest> going,
                                  std::set<oci::Digest>& refused);
  Result<std::vector<oci::Digest>> StillGoing(db::Transaction& tx, const Place& place,
                                              std::span<const oci::Digest> going) const;
  Result<std::set<oci::Digest>> OwnersOfAll(db::Transaction& tx, const RepositoryPath& path,
                                            const std::vector<oci::Digest>& going) const;

  const RetentionDeps deps_;
};

}  // namespace breakwater::registry
