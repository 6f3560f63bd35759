// Lists of images: ListImages and ListImageDigests (ibm-registry 1.8).
#include <map>
#include <memory>
#include <optional>

#include "api/registry/handlers.h"
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

using advisor::ImageState;
using advisor::ListedState;

// An issue that is exempt makes no image vulnerable.
std::string VulnerableText(advisor::ImageStatus status) {
  using advisor::ImageStatus;
  if (status == ImageStatus::kFail) return "true";
  if (status == ImageStatus::kOk || status == ImageStatus::kWarn) return "false";
  return LowerAscii(ToString(status));
}

void AddCounters(const ImageState& state, json::Object& out) {
  out["Vulnerable"] = json::Text(VulnerableText(state.status));
  out["VulnerabilityCount"] = state.issues.active;
  out["ConfigurationIssueCount"] = 0;
  out["IssueCount"] = state.issues.active;
  out["ExemptIssueCount"] = state.issues.exempt;
}

json::Object ReportJson(const ImageState& state) {
  return {{"vulnerable", json::Text(VulnerableText(state.status))},
          {"vulnerabilityCount", state.issues.active},
          {"configurationIssueCount", 0},
          {"issueCount", state.issues.active},
          {"exemptIssueCount", state.issues.exempt}};
}

std::int64_t CreatedSeconds(const ListedImage& image) {
  return image.build.created ? ToUnixSeconds(*image.build.created) : 0;
}

// `state`: null where it is not asked for.
std::string ImageText(std::string_view host, const ListedImage& image, const ListedState* state) {
  const std::string name = FullName(host, image.repository);
  const json::Array tags = TextArray(FullTags(host, image.repository, image.tags));
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
  if (state != nullptr) AddCounters(state->image, entry);
  return json::Serialize(entry);
}

// One digest, with every repository of the list that holds it: one without tags, too, for only so
// can untagged images be found (ibm-registry 1.8).
class DigestEntry {
 public:
  DigestEntry(std::string_view host, const ListedImage& first)
      : host_(host),
        entry_{{"id", json::Text(first.digest.text())},
               {"created", CreatedSeconds(first)},
               {"manifestType", json::Text(oci::DisplayName(first.media_type))},
               {"size", static_cast<std::int64_t>(first.size)}} {}

  // `state`: null where it is not asked for.
  void Add(const ListedImage& image, const ListedState* state) {
    json::Object tags;
    for (const std::string& tag : image.tags) {
      tags[tag] = state == nullptr ? json::Object() : ReportJson(state->Of(tag));
    }
    repositories_[FullName(host_, image.repository)] = std::move(tags);
  }
  std::string Text() && {
    entry_["repoTags"] = std::move(repositories_);
    return json::Serialize(entry_);
  }

 private:
  const std::string_view host_;
  json::Object entry_;
  json::Object repositories_;
};

// A list of images on its way.
class AssessedWalk : public Walk {
 public:
  // `exemptions`: null where only the images are asked for, and not what the advisor says of them.
  AssessedWalk(const RegistryDeps& deps, const Context& context, ImageScope scope,
               std::optional<advisor::ExemptionSet> exemptions)
      : deps_(deps),
        account_(context.account),
        host_(NameFor(context)),
        scope_(std::move(scope)),
        exemptions_(std::move(exemptions)) {}

 protected:
  const RegistryDeps& deps() const { return deps_; }
  const ImageScope& scope() const { return scope_; }
  const std::string& host() const { return host_; }

  // Of images in order of repository and digest; none where they are not asked for.
  Result<std::vector<ListedState>> StatesOf(const std::vector<ListedImage>& images) const {
    if (!exemptions_) return std::vector<ListedState>();
    return deps_.advisor.StatesOf(account_, scope_.registry, images, *exemptions_);
  }

 private:
  const RegistryDeps deps_;
  const AccountId account_;
  const std::string host_;
  const ImageScope scope_;
  const std::optional<advisor::ExemptionSet> exemptions_;
};

const ListedState* StateAt(const std::vector<ListedState>& states, std::size_t at) {
  return states.empty() ? nullptr : &states[at];
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
    BW_TRY(const auto states, StatesOf(page.images));
    std::vector<std::string> entries;
    entries.reserve(page.images.size());
    for (std::size_t i = 0; i < page.images.size(); ++i) {
      entries.push_back(ImageText(host(), page.images[i], StateAt(states, i)));
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
    BW_TRY(const registry::DigestPage page, deps().images.PageByDigest(scope(), position_, most));
    BW_TRY(const auto states, StatesOf(page.images));
    std::map<oci::Digest, std::vector<std::size_t>> by_digest;
    for (std::size_t i = 0; i < page.images.size(); ++i) {
      by_digest[page.images[i].digest].push_back(i);
    }
    std::vector<std::string> entries;
    entries.reserve(by_digest.size());
    for (const auto& [digest, places] : by_digest) {
      DigestEntry entry(host(), page.images[places.front()]);
      for (const std::size_t at : places) entry.Add(page.images[at], StateAt(states, at));
      entries.push_back(std::move(entry).Text());
    }
    position_ = page.position;
    set_more(page.more);
    return entries;
  }
  std::string Position() const override { return position_.digest; }

 private:
  registry::DigestPosition position_;
};

// What is exempt at this moment; nothing where it is not asked for.
Result<std::optional<advisor::ExemptionSet>> ExemptionsFor(const RegistryDeps& deps,
                                                           const Context& context, bool asked) {
  if (!asked) return std::optional<advisor::ExemptionSet>();
  BW_TRY(const auto all, deps.exemptions.List(context.account, context.registry.name));
  return std::optional(advisor::ExemptionSet(all));
}

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

// What a body asks a list for, for its record: of the repositories the first.
void NoteBody(const json::Object& body, Context& context) {
  json::Object asked = body;
  json::Value* named = asked.if_contains("repositories");
  if (named != nullptr && named->is_array() && named->get_array().size() > kMaxRecorded) {
    json::Array& repositories = named->get_array();
    const std::size_t more = repositories.size() - kMaxRecorded;
    repositories.resize(kMaxRecorded);
    asked["more_repositories"] = more;
  }
  if (!asked.empty()) context.activity.request = std::move(asked);
}

Result<net::Response> ListImages(const RegistryDeps& deps, Context& context) {
  NoteFilter(context, {"repository", "namespace", "includeIBM", "includePrivate",
                       "includeManifestLists", "vulnerabilities"});
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
  BW_TRY(auto exemptions, ExemptionsFor(deps, context, verdicts));
  return WalkResponse(
      context, ListKind::kArray,
      std::make_shared<ImageWalk>(deps, context, std::move(scope), std::move(exemptions)));
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
  NoteBody(document.as_object(), context);
  StripHosts(context, scope.repositories);
  BW_TRY(scope.namespaces, NamespacesFor(deps, context, {action::kImageList}, {}));
  BW_TRY(auto exemptions, ExemptionsFor(deps, context, !exclude_va));
  return WalkResponse(
      context, ListKind::kArray,
      std::make_shared<DigestWalk>(deps, context, std::move(scope), std::move(exemptions)));
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
