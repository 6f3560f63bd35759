// The trash: where deleted images lie, with the tags they had and what is attached to them, until
// they expire (ibm-registry 3.9). They cannot be pulled, and no quota counts them; the collector
// keeps their blobs. They are brought back as they were.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "control/change.h"
#include "control/registries.h"
#include "db/database.h"
#include "oci/names.h"
#include "registry/image_list.h"
#include "registry/types.h"

namespace breakwater::registry {

class Admission;
class ContentRules;

struct TrashedImage {
  std::string repository;  // "ns/app"
  oci::Digest digest;
  Timestamp deleted;
  Timestamp expires;
  std::vector<std::string> tags;  // at its deletion, in bytewise order
};

struct TrashPage {
  std::vector<TrashedImage> images;  // by repository and digest, bytewise
  bool more = false;
};

struct RestoredTags {
  std::vector<std::string> successful;
  std::vector<std::string> unsuccessful;  // they are another image's by now
};

struct PurgedImage {
  oci::Digest digest;
  std::vector<std::string> tags;  // that it had when it was deleted, in bytewise order
};

// Thread-safe.
class Trash {
 public:
  // `admission`: the quotas that restoring keeps to, as pushing does; null: none. `rules`: that ask
  // about what is restored, as about what is pushed; null: none.
  Trash(db::Database& database, const Clock& clock, const control::Registries& registries,
        control::ChangePath& changes, const Admission* admission,
        const ContentRules* rules = nullptr)
      : database_(database),
        clock_(clock),
        registries_(registries),
        changes_(changes),
        admission_(admission),
        rules_(rules) {}

  // Deleted images of these namespaces; not what is attached to them. At most `limit` after
  // `after`, and no more than kImagesPerPage.
  Result<TrashPage> List(const RegistryName& registry, const std::vector<std::string>& namespaces,
                         const ImagePosition& after, std::size_t limit = kImagesPerPage) const;

  // Brings an image back with all tags that are free; it stays in the trash as well. What is
  // attached comes along, and children of an index that lie here too. kNotFound "not_in_trash";
  // kQuota "storage_quota_exceeded".
  Result<RestoredTags> RestoreTags(const control::Caller& caller, const RepositoryPath& path,
                                   const oci::Digest& digest);
  // Takes one tag out of the trash, and the image with its last one. Of several images that had the
  // tag, the one deleted last. kNotFound "not_in_trash"; kConflict "tag_live".
  Status RestoreTag(const control::Caller& caller, const RepositoryPath& path,
                    const std::string& tag);
  // Removes an image and what is attached to it for good: those. kNotFound "not_in_trash".
  Result<std::vector<PurgedImage>> Purge(const control::Caller& caller, const RepositoryPath& path,
                                         const oci::Digest& digest);
  // What Purge would remove.
  Result<std::vector<PurgedImage>> PurgeWouldRemove(const RepositoryPath& path,
                                                    const oci::Digest& digest) const;

  // Removes what has expired, on record; how many.
  Result<std::int64_t> Expire();

 private:
  struct Expired {
    AccountId account;
    RegistryName registry;
  };
  Result<std::int64_t> ExpireSome(const Expired& of);

  db::Database& database_;
  const Clock& clock_;
  const control::Registries& registries_;
  control::ChangePath& changes_;
  const Admission* admission_;
  const ContentRules* rules_;
};

}  // namespace breakwater::registry
