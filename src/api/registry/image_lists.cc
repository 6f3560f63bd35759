// Lists of images: ListImages and ListImageDigests (ibm-registry 1.8).
#include <algorithm>
#include <memory>

#include "api/registry/handlers.h"
#include "api/registry/verdicts.h"
#include "api/registry/walk.h"
#include "base/strings.h"
#include "json/reader.h"
#include "oci/media_types.h"

namespace breakwater::api::management {
namespace {

namespace action = registry::action;
using registry::ImagePage;
using registry::ImagePosition;
using registry::ImageScope;
using registry::ListedImage;

// Names in one request's filter.
constexpr std::size_t kMaxFilter = 1000;

// What the advisor last said, as columns.
struct Counters {
  std::int64_t issues = 0;
  std::string vulnerable = "unscanned";
};

Counters CountersOf(const advisor::Verdict& verdict) {
  using advisor::ImageStatus;
  Counters counters{.issues = verdict.issues, .vulnerable = {}};
  if (verdict.status == ImageStatus::kOk || verdict.status == ImageStatus::kFail) {
    counters.vulnerable = verdict.issues > 0 ? "true" : "false";
  } else {
    counters.vulnerable = LowerAscii(ToString(verdict.status));
  }
  return counters;
}

void AddCounters(const Counters& counters, json::Object& out) {
  out["Vulnerable"] = json::Text(counters.vulnerable);
  out["VulnerabilityCount"] = counters.issues;
  out["ConfigurationIssueCount"] = 0;
  out["IssueCount"] = counters.issues;
  out["ExemptIssueCount"] = 0;
}

json::Object ReportJson(const Counters* counters) {
  if (counters == nullptr) return {};
  return {{"vulnerable", json::Text(counters->vulnerable)},
          {"vulnerabilityCount", counters->issues},
          {"configurationIssueCount", 0},
          {"issueCount", counters->issues},
          {"exemptIssueCount", 0}};
}

std::int64_t CreatedSeconds(const ListedImage& image) {
  return image.build.created ? ToUnixSeconds(*image.build.created) : 0;
}

std::string ImageText(const RegistryName& registry, const ListedImage& image,
                      const Counters* counters) {
  const std::string name = FullName(registry, image.repository);
  const json::Array tags = TextArray(FullTags(registry, image.repository, image.tags));
  const auto size = static_cast<std::int64_t>(image.size);
  json::Object entry{{"Id", json::Text(image.config ? image.config->text() : "")},
                     {"ParentId", ""},
                     {"RepoTags", tags},
                     {"RepoDigests", json::Array{json::Text(name + "@" + image.digest.text())}},
                     {"DigestTags", json::Object{{image.digest.text(), tags}}},
                     {"Created", CreatedSeconds(image)},
                     {"Size", size},
                     {"VirtualSize", size},
                     {"Labels", image.build.labels},
                     {"ManifestType", json::Text(oci::DisplayName(image.media_type))}};
  if (counters != nullptr) AddCounters(*counters, entry);
  return json::Serialize(entry);
}

// One digest, with every repository of the list that holds it: one without tags, too, for only so
// can untagged images be found (ibm-registry 1.8).
class DigestEntry {
 public:
  DigestEntry(const RegistryName& registry, const ListedImage& first)
      : registry_(registry),
        entry_{{"id", json::Text(first.digest.text())},
               {"created", CreatedSeconds(first)},
               {"manifestType", json::Text(oci::DisplayName(first.media_type))},
               {"size", static_cast<std::int64_t>(first.size)}} {}

  void Add(const ListedImage& image, const Counters* counters) {
    json::Object tags;
    for (const std::string& tag : image.tags) tags[tag] = ReportJson(counters);
    repositories_[FullName(registry_, image.repository)] = std::move(tags);
  }
  std::string Text() && {
    entry_["repoTags"] = std::move(repositories_);
    return json::Serialize(entry_);
  }

 private:
  const RegistryName& registry_;
  json::Object entry_;
  json::Object repositories_;
};

// A list of images on its way.
class AssessedWalk : public Walk {
 public:
  AssessedWalk(const RegistryDeps& deps, ImageScope scope, bool with_verdicts)
      : deps_(deps), scope_(std::move(scope)), with_verdicts_(with_verdicts) {}

 protected:
  const RegistryDeps& deps() const { return deps_; }
  const ImageScope& scope() const { return scope_; }

  // Of images in order of repository and digest.
  Result<VerdictsByImage> VerdictsOf(const std::vector<ListedImage>& images) const {
    if (!with_verdicts_) return VerdictsByImage();
    return VerdictsFor(deps_.advisor, scope_.registry, images);
  }
  std::optional<Counters> CountersIn(const VerdictsByImage& verdicts,
                                     const ListedImage& image) const {
    if (!with_verdicts_) return std::nullopt;
    const auto known = verdicts.find({image.repository, image.digest.text()});
    return known == verdicts.end() ? Counters{} : CountersOf(known->second);
  }

 private:
  const RegistryDeps deps_;
  const ImageScope scope_;
  const bool with_verdicts_;
};

const Counters* PointerTo(const std::optional<Counters>& counters) {
  return counters ? &*counters : nullptr;
}

// Each image of each repository.
class ImageWalk final : public AssessedWalk {
 public:
  using AssessedWalk::AssessedWalk;

  Status Begin(std::string_view start) override {
    BW_TRY(position_, ImagePositionOf(start));
    return Ok();
  }
  Result<std::vector<std::string>> Next(std::size_t most) override {
    BW_TRY(const ImagePage page, deps().images.Page(scope(), position_, most));
    BW_TRY(const VerdictsByImage verdicts, VerdictsOf(page.images));
    std::vector<std::string> entries;
    entries.reserve(page.images.size());
    for (const ListedImage& image : page.images) {
      const auto counters = CountersIn(verdicts, image);
      entries.push_back(ImageText(scope().registry, image, PointerTo(counters)));
    }
    if (page.more) position_ = page.position;
    set_more(page.more);
    return entries;
  }
  std::string Position() const override { return ToString(position_); }

 private:
  ImagePosition position_;
};

// Each digest once.
class DigestWalk final : public AssessedWalk {
 public:
  using AssessedWalk::AssessedWalk;

  // A digest, or the beginning of one.
  Status Begin(std::string_view start) override {
    if (start.empty()) return Ok();
    const std::size_t colon = start.find(':');
    const std::string_view algorithm = start.substr(0, colon);
    if (colon == std::string_view::npos || (algorithm != "sha256" && algorithm != "sha512") ||
        start.find_first_not_of("0123456789abcdef", colon + 1) != std::string_view::npos) {
      return BadStart();
    }
    position_.digest = std::string(start);
    return Ok();
  }
  Result<std::vector<std::string>> Next(std::size_t most) override {
    BW_TRY(registry::DigestPage page, deps().images.PageByDigest(scope(), position_, most));
    BW_TRY(const VerdictsByImage verdicts, VerdictsOf(page.images));
    std::ranges::stable_sort(page.images, {}, &ListedImage::digest);
    std::vector<std::string> entries;
    for (auto first = page.images.begin(); first != page.images.end();) {
      DigestEntry entry(scope().registry, *first);
      const oci::Digest& digest = first->digest;
      auto last = first;
      for (; last != page.images.end() && last->digest == digest; ++last) {
        const auto counters = CountersIn(verdicts, *last);
        entry.Add(*last, PointerTo(counters));
      }
      entries.push_back(std::move(entry).Text());
      first = last;
    }
    position_ = page.position;
    set_more(page.more);
    return entries;
  }
  std::string Position() const override { return position_.digest; }

 private:
  registry::DigestPosition position_;
};

// A parameter without a value asks for nothing in particular.
std::vector<std::string> Texts(const Context& context, std::string_view name) {
  std::vector<std::string> texts;
  for (const std::string_view text : context.query.GetAll(name)) {
    if (!text.empty()) texts.emplace_back(text);
  }
  return texts;
}

// Repositories may be asked for with or without a host of this registry before them.
void StripHosts(const Context& context, std::vector<std::string>& repositories) {
  for (std::string& repository : repositories) {
    const std::size_t slash = repository.find('/');
    if (slash != std::string::npos && IsHostOf(context, repository.substr(0, slash))) {
      repository.erase(0, slash + 1);
    }
  }
}

Status CheckFilter(const std::vector<std::string>& names) {
  if (names.size() <= kMaxFilter) return Ok();
  return Invalid("a list may be asked for by at most 1000 names").Reason("invalid_field");
}

Result<net::Response> ListImages(const RegistryDeps& deps, Context& context) {
  BW_TRY(const bool own, BoolParameter(context, "includePrivate", true));
  BW_TRY(const bool provided, BoolParameter(context, "includeIBM", false));
  static_cast<void>(provided);  // this registry provides no images of its own
  BW_TRY(const bool indexes, BoolParameter(context, "includeManifestLists", false));
  BW_TRY(const bool verdicts, BoolParameter(context, "vulnerabilities", true));
  if (!own) return JsonResponse(200, json::Array{});
  // Untagged images are not in this list (ibm-registry 3.2).
  ImageScope scope{.registry = context.registry.name,
                   .namespaces = {},
                   .repositories = Texts(context, "repository"),
                   .untagged = false,
                   .indexes = indexes};
  const std::vector<std::string> asked = Texts(context, "namespace");
  BW_TRY_STATUS(CheckFilter(scope.repositories));
  BW_TRY_STATUS(CheckFilter(asked));
  StripHosts(context, scope.repositories);
  BW_TRY(scope.namespaces, NamespacesFor(deps, context, {action::kImageList}, asked));
  return WalkResponse(context, ListKind::kArray,
                      std::make_shared<ImageWalk>(deps, std::move(scope), verdicts));
}

Result<net::Response> ListImageDigests(const RegistryDeps& deps, Context& context) {
  BW_TRY(const json::Value document, ReadJson(context));
  const json::Reader body(document);
  body.OnlyFields({"exclude_tagged", "exclude_va", "include_ibm", "repositories"});
  const bool exclude_tagged = body.Bool("exclude_tagged", false);
  const bool exclude_va = body.Bool("exclude_va", false);
  static_cast<void>(body.Bool("include_ibm", false));
  ImageScope scope{.registry = context.registry.name,
                   .namespaces = {},
                   .repositories = {},
                   .tagged = !exclude_tagged,
                   .unneeded_only = exclude_tagged};
  if (const auto named = body.Optional("repositories")) {
    scope.repositories = named->Strings(kMaxFilter);
  }
  BW_TRY_STATUS(body.Finish());
  StripHosts(context, scope.repositories);
  BW_TRY(scope.namespaces, NamespacesFor(deps, context, {action::kImageList}, {}));
  return WalkResponse(context, ListKind::kArray,
                      std::make_shared<DigestWalk>(deps, std::move(scope), !exclude_va));
}

}  // namespace

void AddImageListEndpoints(const RegistryFace& face, const RegistryDeps& deps,
                           std::vector<Endpoint>* out) {
  const Access listed =
      Access::SignedIn("lists only images of namespaces whose images the caller may list");
  out->push_back({"GET", "/api/v1/images", "ListImages", listed, face,
                  [deps](Context& c) { return ListImages(deps, c); },
                  Recorded::As(action::kImageList)});
  out->push_back({"POST", "/api/v1/images/digests", "ListImageDigests", listed, face,
                  [deps](Context& c) { return ListImageDigests(deps, c); },
                  Recorded::As(action::kImageList)});
}

}  // namespace breakwater::api::management
