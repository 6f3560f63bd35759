// What changes images: deleting, untagging, tagging (ibm-registry 1.8).
#include <algorithm>
#include <map>
#include <set>

#include "api/registry/handlers.h"
#include "registry/resources.h"

namespace breakwater::api::management {
namespace {

namespace action = registry::action;
using registry::DeletedImage;
using registry::DeleteOptions;
using registry::RepositoryPath;

// Of a bulk deletion. Clients that prune send all that a list of digests named.
constexpr std::size_t kMaxBulkBytes = 32U << 20;
constexpr std::size_t kMaxBulkImages = 100'000;
// Lists of images that lack what a bulk deletion took, of which it tells.
constexpr std::size_t kMaxNamedLists = 1000;
// Room for the longest host, repository, tag and digest.
constexpr std::size_t kMaxImageName = 1024;

// The reference's own field, and beside it all that went: every tag by its full name, also of what
// was attached, and the digests of that.
json::Object DeletionJson(const Context& context, const RepositoryPath& path,
                          const DeletedImage& deleted, bool dry_run) {
  const std::string name = FullName(NameFor(context), path.name);
  json::Array attachments;
  json::Array removed;  // of which there may be a million
  const auto add = [&](const std::vector<std::string>& tags) {
    for (const std::string& tag : tags) removed.push_back(json::Text(name + ":" + tag));
  };
  add(deleted.tags);
  for (const registry::Attachment& one : deleted.attachments) {
    attachments.push_back(json::Text(name + "@" + one.digest.text()));
    add(one.tags);
  }
  json::Object body{{"Untagged", json::Text(deleted.digest.text())},
                    {"RemovedTags", std::move(removed)},
                    {"RemovedAttachments", std::move(attachments)}};
  if (dry_run) body["DryRun"] = true;
  return body;
}

Result<net::Response> DeleteImage(const RegistryDeps& deps, Context& context) {
  BW_TRY(const bool dry_run, BoolParameter(context, "dry_run", false));
  BW_TRY(const oci::ImageName image, ImageOf(context));
  BW_TRY(const RepositoryPath path, Resolve(deps, context, image));
  BW_TRY(const DeletedImage deleted,
         deps.manifests.DeleteImage(context.caller, path, image.reference(),
                                    {.action = action::kImageDelete, .dry_run = dry_run}));
  context.activity.digest = deleted.digest.text();
  json::Object body = DeletionJson(context, path, deleted, dry_run);
  json::Array lists;
  for (const registry::IncompleteList& one : deleted.incomplete_lists) {
    lists.push_back(ImageAndTags(NameFor(context), path.name, one.digest.text(), one.tags));
  }
  if (!lists.empty()) body["IncompleteLists"] = std::move(lists);
  return JsonResponse(200, std::move(body));
}

Result<net::Response> DeleteImageTag(const RegistryDeps& deps, Context& context) {
  BW_TRY(const bool dry_run, BoolParameter(context, "dry_run", false));
  BW_TRY(const oci::ImageName image, ImageOf(context));
  if (!image.tag || image.digest) {
    return Invalid("the image must be named by its tag").Reason("tag_required");
  }
  BW_TRY(const RepositoryPath path, Resolve(deps, context, image));
  BW_TRY(const oci::Digest digest,
         deps.manifests.DeleteTag(context.caller, path, image.reference(),
                                  {.action = action::kImageUntag, .dry_run = dry_run}));
  context.activity.digest = digest.text();
  const json::Array removed = TextArray(FullTags(NameFor(context), path.name, {*image.tag}));
  json::Object body{{"Untagged", removed.front()},
                    {"RemovedTags", removed},
                    {"Digest", json::Text(digest.text())}};
  if (dry_run) body["DryRun"] = true;
  return JsonResponse(200, body);
}

// One call that deletes many images.
class BulkDeletion {
 public:
  BulkDeletion(const RegistryDeps& deps, const Context& context, bool dry_run)
      : deps_(deps), context_(context), dry_run_(dry_run) {}

  void Add(const std::string& reference) {
    const Status done = Delete(reference);
    if (done.ok()) {
      success_.push_back(json::Text(reference));
      return;
    }
    errors_[reference] = {{"code", json::Text(WireCode(done.error()))},
                          {"message", json::Text(done.error().message())}};
  }

  json::Object Body() && {
    json::Object body{{"success", std::move(success_)},
                      {"error", std::move(errors_)},
                      {"removed", std::move(removed_)}};
    json::Array lists;
    for (const auto& [list, tags] : incomplete_) {
      if (!gone_.contains(list))
        lists.push_back(ImageAndTags(NameFor(context_), list.first, list.second, tags));
    }
    if (!lists.empty()) body["incomplete_lists"] = std::move(lists);
    if (dry_run_) body["dry_run"] = true;
    return body;
  }

 private:
  Status Delete(const std::string& reference) {
    BW_TRY(const oci::ImageName image, ParseImage(context_, reference));
    // What is not there, and what is somebody else's, look alike to who may not know.
    const control::Resource asked = registry::RepositoryResource(
        deps_.namespaces, context_.account, context_.registry, image.repository);
    const Status may = deps_.authorizer.Authorize(context_.caller, action::kImageDelete, asked);
    if (!may.ok()) {
      // The answer as a whole is a success: nobody else would record this. Of a dry run there is
      // nothing to record but that it was asked for.
      if (!dry_run_) {
        deps_.changes.RecordRefusal(context_.caller, action::kImageBulkDelete, asked, may.error());
      }
      return may;
    }
    BW_TRY(const RepositoryPath path, Resolve(deps_, context_, image));
    if (gone_.contains({path.name, image.reference().text()})) return Ok();
    BW_TRY(DeletedImage deleted,
           deps_.manifests.DeleteImage(context_.caller, path, image.reference(),
                                       {.action = action::kImageBulkDelete, .dry_run = dry_run_}));
    NoteGone(path.name, deleted.digest, deleted.tags);
    for (const registry::Attachment& one : deleted.attachments) {
      NoteGone(path.name, one.digest, one.tags);
    }
    for (registry::IncompleteList& one : deleted.incomplete_lists) {
      if (incomplete_.size() == kMaxNamedLists) break;
      incomplete_.try_emplace({path.name, one.digest.text()}, std::move(one.tags));
    }
    removed_[reference] = DeletionJson(context_, path, deleted, dry_run_);
    return Ok();
  }

  void NoteGone(const std::string& repository, const oci::Digest& digest,
                const std::vector<std::string>& tags) {
    gone_.insert({repository, digest.text()});
    for (const std::string& tag : tags) gone_.insert({repository, tag});
  }

  const RegistryDeps& deps_;
  const Context& context_;
  const bool dry_run_;
  // Repositories, and digests or tags: an image goes with all its tags and its signatures, of which
  // the call may name several.
  std::set<std::pair<std::string, std::string>> gone_;
  // Lists of images that lack some of it, each once: repositories and digests, with tags.
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> incomplete_;
  json::Array success_;
  json::Object errors_;
  json::Object removed_;
};

// All of them before the first image is deleted.
Status CheckReferences(const json::Array& references) {
  if (references.size() > kMaxBulkImages) {
    return Invalid("the body may name at most 100000 images: delete the others by further calls")
        .Reason("invalid_field");
  }
  for (const json::Value& reference : references) {
    if (!reference.is_string()) {
      return Invalid("the body must be an array of texts").Reason("invalid_field");
    }
    if (reference.get_string().size() > kMaxImageName) {
      return Invalid("the name of an image has at most 1024 bytes").Reason("invalid_field");
    }
  }
  return Ok();
}

// A deletion is recorded of each image, a dry run as a whole.
void NoteBulkDryRun(const json::Array& references, Context& context) {
  const auto named = std::min(references.size(), kMaxRecorded);
  json::Object request{
      {"images",
       json::Array(references.begin(), references.begin() + static_cast<std::ptrdiff_t>(named))}};
  if (references.size() > named) request["more_images"] = references.size() - named;
  context.activity.request = std::move(request);
}

Result<net::Response> BulkDeleteImages(const RegistryDeps& deps, Context& context) {
  BW_TRY(const bool dry_run, BoolParameter(context, "dry_run", false));
  BW_TRY(const json::Value document, ReadJson(context, kMaxBulkBytes));
  if (!document.is_array()) {
    return Invalid("the body must be an array of images").Reason("invalid_field");
  }
  const json::Array& references = document.get_array();
  BW_TRY_STATUS(CheckReferences(references));
  if (dry_run) NoteBulkDryRun(references, context);
  BulkDeletion deletion(deps, context, dry_run);
  for (const json::Value& reference : references) {
    deletion.Add(std::string(json::View(reference.get_string())));
  }
  return JsonResponse(200, std::move(deletion).Body());
}

Result<std::string> RequiredParameter(const Context& context, std::string_view name) {
  const auto value = context.query.Get(name);
  if (value && !value->empty()) return std::string(*value);
  return Invalid(std::string(name) + ": is required").Reason("invalid_field");
}

Result<net::Response> TagImage(const RegistryDeps& deps, Context& context) {
  BW_TRY(const std::string from, RequiredParameter(context, "fromimage"));
  BW_TRY(const std::string to, RequiredParameter(context, "toimage"));
  BW_TRY(const oci::ImageName source, ParseImage(context, from));
  BW_TRY(const oci::ImageName target, ParseImage(context, to));
  if (target.digest) return Invalid("toimage must name a tag").Reason("tag_required");
  BW_TRY_STATUS(deps.authorizer.Authorize(context.caller, action::kImagePull,
                                          ResourceNamed(deps.namespaces, context, from)));
  BW_TRY(const RepositoryPath source_path, Resolve(deps, context, source));
  BW_TRY(const RepositoryPath target_path, Resolve(deps, context, target));
  BW_TRY_STATUS(deps.manifests.Tag(context.caller, source_path, source.reference(), target_path,
                                   target.reference()));
  return EmptyResponse(201);
}

}  // namespace

void AddImageEndpoints(const RegistryFace& face, const RegistryDeps& deps,
                       std::vector<Endpoint>* out) {
  const Access remove = Access::To(action::kImageDelete, [deps](const Context& context) {
    return ImageResource(deps.namespaces, context);
  });
  const auto named = [deps](const Context& context) {
    return NamedImage(deps.namespaces, context);
  };
  const auto target = [deps](const Context& context) {
    return NamedImage(deps.namespaces, context, context.query.Get("toimage").value_or(""));
  };
  const Access tag = Access::SignedIn(
      "needs the rights to pull the source and to push the target, which the query names");
  const Access bulk = Access::SignedIn("deletes only images that the caller may delete");
  out->push_back({"POST", "/api/v1/images/tags", "TagImage", tag, face,
                  [deps](Context& c) { return TagImage(deps, c); },
                  Recorded::Change(action::kImageTag, target)});
  out->push_back({"POST", "/api/v1/images/bulkdelete", "BulkDeleteImages", bulk, face,
                  [deps](Context& c) { return BulkDeleteImages(deps, c); },
                  Recorded::Change(action::kImageBulkDelete), DryRun::kTaken});
  out->push_back({"DELETE",
                  "/api/v1/images/{image...}",
                  "DeleteImage",
                  remove,
                  face,
                  [deps](Context& c) { return DeleteImage(deps, c); },
                  {.resource = named},
                  DryRun::kTaken});
  out->push_back({"DELETE", "/api/v1/tags/{image...}", "DeleteImageTag", remove, face,
                  [deps](Context& c) { return DeleteImageTag(deps, c); },
                  Recorded::Change(action::kImageUntag, named), DryRun::kTaken});
}

}  // namespace breakwater::api::management

namespace breakwater::api {

std::vector<Endpoint> RegistryEndpoints(const RegistryFace& face, const RegistryDeps& deps) {
  std::vector<Endpoint> endpoints;
  management::AddSettingsEndpoints(face, deps, &endpoints);
  management::AddQuotaEndpoints(face, deps, &endpoints);
  management::AddNamespaceEndpoints(face, deps, &endpoints);
  management::AddImageListEndpoints(face, deps, &endpoints);
  management::AddInspectionEndpoints(face, deps, &endpoints);
  management::AddImageEndpoints(face, deps, &endpoints);
  management::AddTrashEndpoints(face, deps, &endpoints);
  management::AddRetentionEndpoints(face, deps, &endpoints);
  return endpoints;
}

}  // namespace breakwater::api
