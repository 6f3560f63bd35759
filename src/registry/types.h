// What the parts of the registry speak of among each other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "control/registries.h"
#include "control/resource.h"
#include "oci/digest.h"

namespace breakwater::registry {

// Actions of the reference system (ibm-registry 3.3).
namespace action {
inline constexpr std::string_view kAuthGet = "container-registry.auth.get";
inline constexpr std::string_view kAuthSet = "container-registry.auth.set";
inline constexpr std::string_view kSettingsGet = "container-registry.settings.get";
inline constexpr std::string_view kSettingsSet = "container-registry.settings.set";
inline constexpr std::string_view kNamespaceList = "container-registry.namespace.list";
inline constexpr std::string_view kNamespaceCreate = "container-registry.namespace.create";
inline constexpr std::string_view kNamespaceUpdate = "container-registry.namespace.update";
inline constexpr std::string_view kNamespaceDelete = "container-registry.namespace.delete";
inline constexpr std::string_view kImageList = "container-registry.image.list";
inline constexpr std::string_view kImagePull = "container-registry.image.pull";
inline constexpr std::string_view kImagePush = "container-registry.image.push";
inline constexpr std::string_view kImageInspect = "container-registry.image.inspect";
inline constexpr std::string_view kImageTag = "container-registry.image.tag";
inline constexpr std::string_view kImageDelete = "container-registry.image.delete";
inline constexpr std::string_view kImageBulkDelete = "container-registry.image.bulkdelete";
inline constexpr std::string_view kImageUntag = "container-registry.image.untag";
inline constexpr std::string_view kRetentionList = "container-registry.retention.list";
inline constexpr std::string_view kRetentionGet = "container-registry.retention.get";
inline constexpr std::string_view kRetentionSet = "container-registry.retention.set";
inline constexpr std::string_view kRetentionAnalyze = "container-registry.retention.analyze";
// The program's own: no role gives it.
inline constexpr std::string_view kRetentionRun = "container-registry.retention.run";
inline constexpr std::string_view kTrashList = "container-registry.trash.list";
inline constexpr std::string_view kTrashRestore = "container-registry.trash.restore";
inline constexpr std::string_view kTrashPurge = "container-registry.trash.purge";
}  // namespace action

// Types of the events that content emits. Payload: account, registry, region, repository, digest,
// media_type (not of "tag.deleted"), tags added or removed: 100, and more_tags counts the others.
namespace event {
inline constexpr std::string_view kImagePushed = "image.pushed";
inline constexpr std::string_view kImageDeleted = "image.deleted";
inline constexpr std::string_view kTagDeleted = "tag.deleted";
// A namespace with all its images at once: account, registry, region, namespace.
inline constexpr std::string_view kNamespaceDeleted = "namespace.deleted";
}  // namespace event

// Blobs up to this size are rows of the database, larger ones go to the blob store.
inline constexpr std::size_t kMaxInlineBlob = 64U << 10;

// A repository by name: where it is and whose. It need not hold anything yet.
struct RepositoryPath {
  RegistryName registry;
  std::string region;
  AccountId account;  // owner of the namespace
  std::string name_space;
  std::string resource_group;  // of the namespace; may be empty
  std::string name;            // "ns/app"

  // What rights on it are decided on.
  control::Resource Namespace() const;
  // An image of it, for the audit trail: "ns/app@sha256:…" or "ns/app:tag".
  control::Resource Image(std::string_view reference) const;

  friend bool operator==(const RepositoryPath&, const RepositoryPath&) = default;
};

// An image of a repository in a namespace, as the audit trail names it.
control::Resource ImageResource(control::Resource name_space, std::string_view repository,
                                std::string_view reference);

// One page of a list of names in bytewise order.
struct Page {
  std::string last;              // names after this one
  std::optional<std::size_t> n;  // absent: kMaxPage
};
inline constexpr std::size_t kMaxPage = 10'000;

struct NamesPage {
  std::vector<std::string> names;
  bool more = false;  // there are names after the last one
};

}  // namespace breakwater::registry
