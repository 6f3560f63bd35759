// The trash (ibm-registry 1.10, 3.9).
#include "registry/trash.h"

#include "api/registry/handlers.h"
#include "api/registry/walk.h"

namespace breakwater::api::management {
namespace {

namespace action = registry::action;
using registry::ImagePosition;
using registry::RepositoryPath;
using registry::TrashedImage;
using registry::TrashPage;

std::int64_t DaysUntil(Timestamp expires, Timestamp now) {
  return std::chrono::ceil<std::chrono::days>(expires - now).count();
}

class TrashWalk final : public Walk {
 public:
  TrashWalk(const RegistryDeps& deps, const Context& context, std::vector<std::string> namespaces)
      : trash_(deps.trash),
        clock_(deps.clock),
        registry_(context.registry.name),
        host_(NameFor(context)),
        namespaces_(std::move(namespaces)) {}

  Status Begin(std::string_view start) override {
    BW_TRY(position_, ImagePositionOf(start));
    return Ok();
  }
  Result<std::vector<std::string>> Next(std::size_t most) override {
    BW_TRY(const TrashPage page, trash_.List(registry_, namespaces_, position_, most));
    std::vector<std::string> members;
    for (const TrashedImage& image : page.images) {
      members.push_back(Member(FullName(host_, image.repository) + "@" + image.digest.text(),
                               {{"daysUntilExpiry", DaysUntil(image.expires, clock_.Now())},
                                {"tags", TextArray(image.tags)},
                                {"deleted", json::Text(FormatRfc3339(image.deleted))}}));
    }
    set_more(page.more);
    if (page.more) {
      position_ = {page.images.back().repository, page.images.back().digest.text()};
    }
    return members;
  }
  std::string Position() const override { return ToString(position_); }

 private:
  const registry::Trash& trash_;
  const Clock& clock_;
  const RegistryName registry_;
  const std::string host_;
  const std::vector<std::string> namespaces_;
  ImagePosition position_;
};

Result<net::Response> ListDeletedImages(const RegistryDeps& deps, Context& context) {
  NoteFilter(context, {"namespace"});
  std::vector<std::string> only;
  if (const auto named = context.query.Get("namespace"); named && !named->empty()) {
    only.emplace_back(*named);
  }
  // The reference's documents ask for the one right or the other (ibm-registry 3.3).
  BW_TRY(auto namespaces,
         NamespacesFor(deps, context, {action::kImageList, action::kImageDelete}, only));
  return WalkResponse(context, ListKind::kObject,
                      std::make_shared<TrashWalk>(deps, context, std::move(namespaces)));
}

Result<oci::Digest> DigestNamed(const oci::ImageName& image) {
  if (image.digest && !image.tag) return *image.digest;
  return Invalid("the image must be named by its digest").Reason("digest_required");
}

Result<net::Response> RestoreTags(const RegistryDeps& deps, Context& context) {
  BW_TRY(const oci::ImageName image, ImageOf(context));
  BW_TRY(const oci::Digest digest, DigestNamed(image));
  BW_TRY(const RepositoryPath path, Resolve(deps, context, image));
  BW_TRY(const registry::RestoredTags restored,
         deps.trash.RestoreTags(context.caller, path, digest));
  return JsonResponse(200, {{"successful", TextArray(restored.successful)},
                            {"unsuccessful", TextArray(restored.unsuccessful)}});
}

Result<net::Response> RestoreImage(const RegistryDeps& deps, Context& context) {
  BW_TRY(const oci::ImageName image, ImageOf(context));
  if (image.digest) {
    return Invalid("name the image by its tag, or ask for restoretags").Reason("tag_required");
  }
  BW_TRY(const RepositoryPath path, Resolve(deps, context, image));
  BW_TRY_STATUS(deps.trash.RestoreTag(context.caller, path, image.reference().tag()));
  return EmptyResponse(200);
}

Result<net::Response> PurgeDeletedImage(const RegistryDeps& deps, Context& context) {
  BW_TRY(const oci::ImageName image, ImageOf(context));
  BW_TRY(const oci::Digest digest, DigestNamed(image));
  BW_TRY(const RepositoryPath path, Resolve(deps, context, image));
  BW_TRY(const bool dry_run, BoolParameter(context, "dry_run", false));
  context.activity.digest = digest.text();
  BW_TRY(const auto purged, dry_run ? deps.trash.PurgeWouldRemove(path, digest)
                                    : deps.trash.Purge(context.caller, path, digest));
  const std::string host = NameFor(context);
  json::Array images;
  std::vector<std::string> tags;
  for (const registry::PurgedImage& one : purged) {
    images.push_back(json::Text(FullName(host, path.name) + "@" + one.digest.text()));
    tags.insert(tags.end(), one.tags.begin(), one.tags.end());
  }
  json::Object body{{"removed", std::move(images)},
                    {"removed_tags", TextArray(FullTags(host, path.name, tags))}};
  if (dry_run) body["dry_run"] = true;
  return JsonResponse(200, body);
}

}  // namespace

void AddTrashEndpoints(const RegistryFace& face, const RegistryDeps& deps,
                       std::vector<Endpoint>* out) {
  const auto image = [deps](const Context& context) {
    return ImageResource(deps.namespaces, context);
  };
  const Access restore = Access::To(action::kImagePush, image);
  const auto named = [deps](const Context& context) {
    return NamedImage(deps.namespaces, context);
  };
  const Recorded restored = Recorded::Change(action::kTrashRestore, named);
  out->push_back({"GET", "/api/v1/trash", "ListDeletedImages",
                  Access::SignedIn("lists only namespaces whose images the caller may list or "
                                   "delete"),
                  face, [deps](Context& c) { return ListDeletedImages(deps, c); },
                  Recorded::As(action::kTrashList)});
  out->push_back({"POST", "/api/v1/trash/{image...}/restoretags", "RestoreTags", restore, face,
                  [deps](Context& c) { return RestoreTags(deps, c); }, restored});
  out->push_back({"POST", "/api/v1/trash/{image...}/restore", "RestoreImage", restore, face,
                  [deps](Context& c) { return RestoreImage(deps, c); }, restored});
  // The reference has no way to empty the trash before its time.
  out->push_back({"DELETE", "/breakwater/v1/trash/{image...}", "PurgeDeletedImage",
                  Access::To(action::kTrashPurge, image), face,
                  [deps](Context& c) { return PurgeDeletedImage(deps, c); },
                  Recorded::Change({}, named), DryRun::kTaken});
}

}  // namespace breakwater::api::management
