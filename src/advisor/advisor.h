// The vulnerability advisor: reads images as they are pushed, and says at every question what
// today's advisories make of them (ibm-registry 2.1, "v4": index once, match always).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/assessment.h"
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
  oci::Digest named;  // of the manifest that was asked for
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
  // What was last said of every image of an account in a registry, by repository and digest.
  Result<std::vector<PlacedVerdict>> Verdicts(const AccountId& account,
                                              const RegistryName& registry) const;
  // The same of images of one repository, from one digest to another.
  Result<std::vector<PlacedVerdict>> VerdictsIn(const RegistryName& registry,
                                                const std::string& repository,
                                                const oci::Digest& first,
                                                const oci::Digest& last) const;
  // The advisories in use, or nothing before the first import.
  Result<std::optional<FeedInfo>> Feed() const;

 private:
  Status Index(const json::Value& payload);
  Status Forget(const json::Value& payload);
  Status Rematch();

  Status RematchImage(const oci::Digest& digest);
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
  // Stores the verdict and emits the event if it is news at this place. Nothing if the image is
  // not there any more.
  Status Announce(db::Transaction& tx, const Location& location, const Assessment& assessment);
  // The manifest itself, or of an image list the child that speaks for it.
  Result<registry::ManifestBytes> Assessable(const AccountId& account, const RegistryName& registry,
                                             const std::string& repository,
                                             const registry::ManifestBytes& named) const;

  const AdvisorOptions options_;
  db::Database& database_;
  jobs::Jobs& jobs_;
  const Clock& clock_;
  const registry::ContentReader& content_;
};

}  // namespace breakwater::advisor
