// The trash (ibm-registry 1.10, 3.9).
#include "registry/trash.h"

#include "api/listing.h"
#include "api/registry/handlers.h"

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

Result<net::Response> ListDeletedImages(const RegistryDeps& deps, Context& context) {
  std::vector<std::string> only;
  if (const auto named = context.query.Get("namespace"); named && !named->empty()) {
    only.emplace_back(*named);
  }
  // The reference's documents ask for the one right or the other (ibm-registry 3.3).
  BW_TRY(auto namespaces,
         NamespacesFor(deps, context, {action::kImageList, action::kImageDelete}, only));
  struct State {
    ImagePosition position;
    bool more = true;
  };
  return ListResponse(
      ListKind::kObject,
      [&trash = deps.trash, &clock = deps.clock, registry = context.registry.name,
       names = std::move(namespaces),
       state = std::make_shared<State>()]() -> Result<std::optional<std::vector<std::string>>> {
        if (!state->more) return std::nullopt;
        BW_TRY(const TrashPage page, trash.List(registry, names, state->position));
        std::vector<std::string> members;
        for (const TrashedImage& image : page.images) {
          members.push_back(Member(FullName(registry, image.repository) + "@" + image.digest.text(),
                                   {{"daysUntilExpiry", DaysUntil(image.expires, clock.Now())},
                                    {"tags", TextArray(image.tags)},
                                    {"deleted", json::Text(FormatRfc3339(image.deleted))}}));
        }
        state->more = page.more;
        if (page.more) {
          state->position = {page.images.back().repository, page.images.back().digest.text()};
        }
        return std::optional(std::move(members));
      });
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
  if (dry_run) {
    BW_TRY(const auto removed, deps.trash.PurgeWouldRemove(path, digest));
    json::Array names;
    for (const oci::Digest& one : removed) {
      names.push_back(json::Text(FullName(path.registry, path.name) + "@" + one.text()));
    }
    return JsonResponse(200, {{"dry_run", true}, {"removed", std::move(names)}});
  }
  BW_TRY_STATUS(deps.trash.Purge(context.caller, path, digest));
  return EmptyResponse(204);
}

}  // namespace

void AddTrashEndpoints(const RegistryFace& face, const RegistryDeps& deps,
                       std::vector<Endpoint>* out) {
  const auto image = [deps](const Context& context) {
    return ImageResource(deps.namespaces, context);
  };
  const Access restore = Access::To(action::kImagePush, image);
  out->push_back({"GET", "/api/v1/trash", "ListDeletedImages",
                  Access::SignedIn("lists only namespaces whose images the caller may list or "
                                   "delete"),
                  face, [deps](Context& c) { return ListDeletedImages(deps, c); },
                  Recorded::As(action::kTrashList)});
  out->push_back({"POST", "/api/v1/trash/{image...}/restoretags", "RestoreTags", restore, face,
                  [deps](Context& c) { return RestoreTags(deps, c); }});
  out->push_back({"POST", "/api/v1/trash/{image...}/restore", "RestoreImage", restore, face,
                  [deps](Context& c) { return RestoreImage(deps, c); }});
  // The reference has no way to empty the trash before its time.
  out->push_back({"DELETE", "/breakwater/v1/trash/{image...}", "PurgeDeletedImage",
                  Access::To(action::kTrashPurge, image), face,
                  [deps](Context& c) { return PurgeDeletedImage(deps, c); }});
}

}  // namespace breakwater::api::management
