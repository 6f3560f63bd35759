// The vulnerability advisor: reads images as they are pushed, and says at every question what
// today's advisories make of them (ibm-registry 2.1, "v4": index once, match always).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/assessment.h"
#include "advisor/exemptions.h"
#include "advisor/image_issues.h"
#include "advisor/image_states.h"
#include "advisor/indexer.h"
#include "advisor/locations.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "jobs/jobs.h"
#include "oci/names.h"
#include "registry/content_reader.h"

namespace breakwater::advisor {

struct AdvisorOptions {
  IndexerLimits limits;
};

// An image and today's word on it.
struct ImageReport {
  oci::Digest digest;  // of the manifest that was assessed: for an image list, one of its children
  Assessment assessment;
  NamedImage named;  // as it was asked for
};

// Thread-safe. Register before the jobs start.
class Advisor {
 public:
  Advisor(AdvisorOptions options, db::Database& database, jobs::Jobs& jobs, const Clock& clock,
          const registry::ContentReader& content)
      : options_(options), database_(database), jobs_(jobs), clock_(clock), content_(content) {}

  // Handlers of the advisor's jobs, subscribed to image.pushed, image.completed, tag.deleted,
  // image.deleted and namespace.deleted.
  void Register();

  // Matches the image's packages with the advisories there are now. For an image list: its
  // linux/amd64 child, else its first. kNotFound "manifest_unknown", or "image_not_scanned" when
  // the image is there but was not read yet.
  Result<ImageReport> Report(const AccountId& account, const RegistryName& registry,
                             const std::string& repository, const oci::Reference& reference) const;
  // What exemptions are to know of an image by its name. kNotFound "manifest_unknown".
  Result<NamedImage> Named(const AccountId& account, const RegistryName& registry,
                           const std::string& repository, const oci::Reference& reference) const;
  // What was last said of each of these images of an account, which are in order of repository and
  // digest, less what is exempt.
  Result<std::vector<ListedState>> StatesOf(const AccountId& account, const RegistryName& registry,
                                            const std::vector<registry::ListedImage>& images,
                                            const ExemptionSet& exemptions) const;
  // What was last said of every image of an account in a registry, by repository and digest.
  Result<std::vector<PlacedVerdict>> Verdicts(const AccountId& account,
                                              const RegistryName& registry) const;
  // The advisories in use, or nothing before the first import.
  Result<std::optional<FeedInfo>> Feed() const;

 private:
  Status Index(const json::Value& payload);
  Status Forget(const json::Value& payload);
  Status Rematch();

  Status RematchImage(const oci::Digest& digest);
  Status RenewIssues(const oci::Digest& digest, const Assessment& assessment,
                     const std::optional<ImageIssues>& kept);
  Status ForgetGone(const std::vector<Location>& locations);
  // Forgets what is said of a place; enqueues it for a new assessment if the image is there.
  Status ForgetPlace(db::Transaction& tx, const Location& location);
  // Announces anew the images that these tags moved away from.
  Status AnnounceUntagged(const Location& pushed, const std::vector<std::string>& tags);
  // Assesses an indexed image; nothing when it is not indexed.
  Result<std::optional<Assessment>> AssessIn(db::Transaction& tx, const oci::Digest& digest) const;
  // The same where it lies: an image that lacks layers there is not told what is known of it
  // elsewhere, by whoever has them.
  Result<std::optional<Assessment>> AssessAt(db::Transaction& tx, const Location& location) const;
  // Stores the verdict with its issues, and emits the event if it is news at this place. Nothing if
  // the image is not there any more.
  Status Announce(db::Transaction& tx, const Location& location, const Assessment& assessment);
  Result<NamedImage> Named(const Location& location, const oci::Reference& reference,
                           const oci::Digest& assessed) const;
  // The image that is assessed where the named one is asked for: itself, or of an image list the
  // child that speaks for it.
  Result<oci::Digest> Assessable(const AccountId& account, const RegistryName& registry,
                                 const std::string& repository,
                                 const registry::ManifestBytes& named) const;

  const AdvisorOptions options_;
  db::Database& database_;
  jobs::Jobs& jobs_;
  const Clock& clock_;
  const registry::ContentReader& content_;
};

}  // namespace breakwater::advisor
