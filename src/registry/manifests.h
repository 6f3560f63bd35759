// Manifests, tags and referrers of a repository. A manifest, its tags, its references and its
// subject are one transaction, along the one path for change.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "base/time.h"
#include "control/change.h"
#include "db/database.h"
#include "db/epoch_cache.h"
#include "oci/manifest.h"
#include "oci/names.h"
#include "registry/attachments.h"
#include "registry/types.h"

namespace breakwater::registry {

class Admission;
class ContentReader;
class ContentRules;

struct StoredManifest {
  oci::Digest digest;
  std::string media_type;
  std::string content;  // exactly as pushed; empty where only the head was asked for
  std::uint64_t size = 0;
  Timestamp pushed;
};

struct ManifestPush {
  std::string content;
  std::string content_type;       // the header's value
  oci::Reference reference;       // the URL's
  std::vector<std::string> tags;  // beside the reference, if that is a tag
  // Whether the push shall be done, given what the reference names before it. Asked inside the
  // transaction, maybe more than once. Null: always.
  std::function<bool(const std::optional<oci::Digest>& now)> condition = {};
  // What else has to hold, of the repository by its row id. Asked like the condition; its error is
  // the push's. Null: nothing.
  std::function<Status(db::Transaction& tx, const std::string& repository_id)> check = {};
  // In the audit trail; and what of the repository that is about, if not the reference.
  std::string_view action = action::kImagePush;
  std::string target = {};
};

struct PushedManifest {
  oci::Digest digest;
  std::optional<oci::Digest> subject;
  std::vector<std::string> tags;  // every tag that now points at it by this push
  // Manifests that it lists as an index and that the repository does not have: legal, but whoever
  // pulls for their platform fails.
  std::size_t missing_children = 0;
  // Layers that it names and that the repository does not have: likewise.
  std::size_t absent_layers = 0;
};

struct ReferrersPage {
  std::vector<std::string> entries;  // printed descriptors, by digest
  std::string last;                  // digest of the last entry
  bool more = false;
};

// A list of images that stays, and names one which goes.
struct IncompleteList {
  oci::Digest digest;
  std::vector<std::string> tags;
};
// Of more lists, and of more tags of one, the first are told of.
inline constexpr std::int64_t kMaxIncompleteLists = 100;
inline constexpr std::int64_t kMaxTagsOfIncomplete = 10;

struct DeletedImage {
  oci::Digest digest;
  std::vector<std::string> tags;                      // that named it, in bytewise order
  std::vector<Attachment> attachments;                // that went with it, with their own tags
  std::vector<IncompleteList> incomplete_lists = {};  // that lack it now, by digest
};

struct DeleteOptions {
  std::string_view action = action::kImageDelete;  // in the audit trail
  bool dry_run = false;                            // only say what would go
};

// Tags of one push.
inline constexpr std::size_t kMaxTagsPerPush = 64;

struct ManifestOptions {
  // Takes image manifests with layers that the repository never had: sparse images
  // (docs/decisions/020). Their configuration must be there. (Children of an index may always be
  // missing.)
  bool accept_absent_layers = false;
  // The quotas that pushes keep to; null: none.
  const Admission* admission = nullptr;
  // How long deleted images lie in the trash.
  std::chrono::seconds trash_life{std::chrono::days{30}};
  const ContentRules* rules = nullptr;  // that ask about content; null: none
  // Reads configurations too large for a row as their manifests come; null: others read them later.
  const ContentReader* content = nullptr;
};

// Thread-safe.
class Manifests {
 public:
  Manifests(ManifestOptions options, db::Database& database, const Clock& clock,
            control::ChangePath& changes);

  // From memory where nothing has changed; never null. kNotFound "manifest_unknown".
  using Stored = std::shared_ptr<const StoredManifest>;
  Result<Stored> Get(const RepositoryPath& path, const oci::Reference& reference) const;
  Result<Stored> Head(const RepositoryPath& path, const oci::Reference& reference) const;

  // kInvalid "digest_invalid" if the content has another digest than the reference;
  // "manifest_invalid"; "manifest_blob_unknown" with a detail "digest" for each blob that is
  // missing; "tag_invalid". kQuota "storage_quota_exceeded". kPrecondition "precondition_failed" if
  // the condition says no. kDenied "tag_immutable" if it would move a tag that must stay.
  Result<PushedManifest> Put(const control::Caller& caller, const RepositoryPath& path,
                             const ManifestPush& push);
  // A tag alone, or a manifest as DeleteImage does. kNotFound "manifest_unknown"; kDenied
  // "tag_immutable" if a tag that must stay would go, or what it names.
  Status Delete(const control::Caller& caller, const RepositoryPath& path,
                const oci::Reference& reference);
  // The manifest that a tag or digest names, every tag on it and what is attached to it go to the
  // trash (registry/trash.h): what the reference system's image deletion does. A dry run asks for
  // no right.
  Result<DeletedImage> DeleteImage(const control::Caller& caller, const RepositoryPath& path,
                                   const oci::Reference& reference,
                                   const DeleteOptions& options = {});
  // A tag alone; what it named.
  Result<oci::Digest> DeleteTag(const control::Caller& caller, const RepositoryPath& path,
                                const oci::Reference& tag, const DeleteOptions& options = {});

  // Points `tag` of `target` at what `reference` names in `source`. Where they are two repositories
  // the manifest is theirs both afterwards, with the children of an index, their blobs and what is
  // attached; no bytes are copied. The caller has seen to the right to read the source. kNotFound
  // "manifest_unknown"; kInvalid "schema_unsupported" or "manifest_type_unsupported"; kConflict
  // "manifest_child_unknown" if an index refers to what the source does not have; kDenied
  // "tag_immutable".
  Result<oci::Digest> Tag(const control::Caller& caller, const RepositoryPath& source,
                          const oci::Reference& reference, const RepositoryPath& target,
                          const oci::Reference& tag);

  // What a list of images names and the repository does not have. Nothing of what is no list.
  Result<std::set<oci::Digest>> MissingChildren(const RepositoryPath& path,
                                                const oci::Digest& index) const;

  // In bytewise order. kNotFound "name_unknown" if nothing was ever pushed to the repository.
  Result<NamesPage> Tags(const RepositoryPath& path, const Page& page) const;
  // Repositories with a manifest, of the namespaces that `visible` allows.
  using Visible = std::function<Result<bool>(const std::string& name_space)>;
  Result<NamesPage> Catalogue(const RegistryName& registry, const Page& page,
                              const Visible& visible) const;
  // What refers to `subject`; never an error for what is absent. `artifact_type` empty: all. It is
  // read off the manifests' own subjects, recorded with each push whatever its media type: the list
  // that older clients keep under a tag named like the digest counts for nothing, and what stands
  // in it and has a subject is here, whenever it was pushed.
  Result<ReferrersPage> Referrers(const RepositoryPath& path, const oci::Digest& subject,
                                  std::string_view artifact_type, std::string_view after) const;

 private:
  Result<StoredManifest> Read(const RepositoryPath& path, const oci::Reference& reference,
                              bool with_content) const;
  Result<oci::Manifest> Parse(const ManifestPush& push);
  Status ReadLargeConfig(const RepositoryPath& path, const oci::Digest& config) const;

  ManifestOptions options_;
  db::Database& database_;
  const Clock& clock_;
  control::ChangePath& changes_;
  const audit::Log log_;
  Mutex parsing_large_;
  db::EpochCache<StoredManifest> whole_;
  db::EpochCache<StoredManifest> heads_;  // without their content
};

}  // namespace breakwater::registry
