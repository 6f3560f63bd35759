// Evidence that stays: signed bundles of a posture (report/evidence.h), kept as OCI artifacts in
// the registry itself. Whoever may pull from the repository gets them with any client; the push is
// in the audit trail like every other. image-spec, "Guidelines for Artifact Usage".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/heads.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "control/change.h"
#include "control/registries.h"
#include "db/database.h"
#include "evidence/bundle.h"
#include "jobs/jobs.h"
#include "posture/posture.h"
#include "registry/admission.h"
#include "registry/manifests.h"
#include "registry/namespaces.h"
#include "registry/uploads.h"

namespace breakwater::evidence {

inline constexpr std::string_view kArtifactType =
    "application/vnd.breakwater.posture.evidence.v1+json";
inline constexpr std::string_view kBundleType = "application/vnd.dsse.envelope.v1+json";

// A bundle of an attachment that is kept, or could not be.
struct Kept {
  Timestamp moment;
  std::string registry;
  std::string repository;  // "ns/evidence"
  std::string tag;         // of the attachment and the moment
  std::string digest;      // of the manifest; empty: it was not kept
  std::string bundle;      // digest of the signed document
  std::string error;       // why it was not kept
  Timestamp written;
  bool present = true;  // it still lies there; told by List
};

// "registry/ns/name": what an attachment names it by.
std::string NameOf(const registry::RepositoryPath& path);

struct ArchiveDeps {
  db::Database& database;
  jobs::Jobs& jobs;
  posture::Posture& posture;
  const audit::Heads& heads;
  control::Authorizer& authorizer;
  const control::Registries& registries;
  const registry::Namespaces& namespaces;
  const registry::Admission& admission;
  registry::Uploads& uploads;
  registry::Manifests& manifests;
  const Clock& clock;
};

// Thread-safe. After each scan of an attachment that names a repository, its bundle is kept there.
class Archive {
 public:
  // Registers its job: before jobs start.
  explicit Archive(ArchiveDeps deps);

  // Where "ns/name" or "host/ns/name" lies; the host is a registry's name. kInvalid if it is no
  // repository's name; kNotFound if the account has no such namespace.
  Result<registry::RepositoryPath> Locate(const AccountId& account,
                                          const control::RegistryInfo& fallback,
                                          std::string_view repository) const;

  // The same for who wants bundles to be kept there: kDenied if the caller may not push there.
  Result<registry::RepositoryPath> Pushable(const control::Caller& caller, const AccountId& account,
                                            const control::RegistryInfo& fallback,
                                            std::string_view repository) const;

  // Makes it and pushes it in the caller's name, to what Pushable gave. What is kept of a moment
  // that is named stays as it is.
  Result<Kept> Keep(const control::Caller& caller, const AccountId& account,
                    std::int64_t attachment, std::optional<Timestamp> at,
                    const registry::RepositoryPath& path) const;

  // Of an attachment, newest first; at most `limit`. kNotFound.
  Result<std::vector<Kept>> List(const AccountId& account, std::int64_t attachment,
                                 std::int64_t limit) const;

 private:
  // Of that moment in that repository, if it still lies there.
  Result<std::optional<Kept>> KeptOf(std::int64_t attachment, Timestamp moment,
                                     const registry::RepositoryPath& path) const;
  bool IsThere(const registry::RepositoryPath& path, const Kept& kept) const;
  Result<std::optional<Kept>> PushedAs(std::int64_t attachment, Timestamp moment,
                                       const registry::RepositoryPath& path) const;
  Status KeepOfScan(const jobs::Job& job) const;
  Result<Kept> Push(const control::Caller& caller, const registry::RepositoryPath& path,
                    std::int64_t attachment, const Bundle& bundle) const;
  Status Record(std::int64_t attachment, const Kept& kept) const;

  ArchiveDeps deps_;
};

}  // namespace breakwater::evidence
