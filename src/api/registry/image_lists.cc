// Lists of images: ListImages and ListImageDigests (ibm-registry 1.8).
#include <algorithm>
#include <memory>

#include "api/listing.h"
#include "api/registry/handlers.h"
#include "api/registry/verdicts.h"
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

std::string DigestText(const RegistryName& registry, const ListedImage& image,
                       const Counters* counters) {
  json::Object tags;
  for (const std::string& tag : image.tags) tags[tag] = ReportJson(counters);
  return json::Serialize(json::Object{
      {"id", json::Text(image.digest.text())},
      {"created", CreatedSeconds(image)},
      {"manifestType", json::Text(oci::DisplayName(image.media_type))},
      {"size", static_cast<std::int64_t>(image.size)},
      {"repoTags", json::Object{{FullName(registry, image.repository), std::move(tags)}}}});
}

using Print = std::string (*)(const RegistryName&, const ListedImage&, const Counters*);

// One list on its way. Refers to nothing of the request.
class Listing {
 public:
  Listing(const RegistryDeps& deps, ImageScope scope, bool with_verdicts, Print print)
      : deps_(deps), scope_(std::move(scope)), with_verdicts_(with_verdicts), print_(print) {}

  Result<std::vector<std::string>> Entries(const ImagePage& page) const {
    VerdictsByImage verdicts;
    if (with_verdicts_) {
      BW_TRY(verdicts, VerdictsFor(deps_.advisor, scope_.registry, page.images));
    }
    std::vector<std::string> entries;
    entries.reserve(page.images.size());
    for (const ListedImage& image : page.images) {
      const auto known = verdicts.find({image.repository, image.digest.text()});
      const Counters counters = known == verdicts.end() ? Counters{} : CountersOf(known->second);
      entries.push_back(print_(scope_.registry, image, with_verdicts_ ? &counters : nullptr));
    }
    return entries;
  }

  Result<ImagePage> Page(const ImagePosition& after, std::size_t limit) const {
    return deps_.images.Page(scope_, after, limit);
  }

 private:
  const RegistryDeps deps_;
  const ImageScope scope_;
  const bool with_verdicts_;
  const Print print_;
};

// "ns/app@sha256:…", where a part of a list begins.
Result<ImagePosition> PositionOf(std::string_view start) {
  if (start.empty()) return ImagePosition{};
  const std::size_t at = start.find('@');
  if (at == std::string_view::npos || !oci::ValidateRepository(start.substr(0, at)).ok() ||
      !oci::Digest::Parse(start.substr(at + 1)).ok()) {
    return Invalid("start: must be what a Link header gave").Reason("invalid_field");
  }
  return ImagePosition{std::string(start.substr(0, at)), std::string(start.substr(at + 1))};
}

// Pages that one part looks at: where few of the images are asked for, it is short or empty, and
// its client goes on.
constexpr int kPagesPerPart = 8;

// One part, with a link to the next.
Result<net::Response> PartOf(const Context& context, const Listing& listing,
                             const PageRequest& asked) {
  BW_TRY(ImagePosition position, PositionOf(asked.start));
  std::vector<std::string> entries;
  bool more = true;
  for (int pages = 0; more && entries.size() < *asked.limit && pages < kPagesPerPart; ++pages) {
    BW_TRY(const ImagePage page, listing.Page(position, *asked.limit - entries.size()));
    BW_TRY(auto some, listing.Entries(page));
    std::move(some.begin(), some.end(), std::back_inserter(entries));
    if (page.more) position = page.position;
    more = page.more;
  }
  net::Response response = PrintedList(ListKind::kArray, entries);
  if (more) LinkToNext(context, position.repository + "@" + position.digest, response);
  return response;
}

Result<net::Response> WholeOf(std::shared_ptr<const Listing> listing, ImagePosition start) {
  struct State {
    ImagePosition position;
    bool more = true;
  };
  auto state = std::make_shared<State>(State{std::move(start)});
  return ListResponse(
      ListKind::kArray,
      [listing = std::move(listing), state]() -> Result<std::optional<std::vector<std::string>>> {
        if (!state->more) return std::nullopt;
        BW_TRY(const ImagePage page, listing->Page(state->position, registry::kImagesPerPage));
        state->more = page.more;
        if (page.more) state->position = page.position;
        BW_TRY(auto entries, listing->Entries(page));
        return std::optional(std::move(entries));
      });
}

Result<net::Response> Answer(const Context& context, Listing listing) {
  BW_TRY(const PageRequest asked, PageRequestOf(context));
  if (asked.limit) return PartOf(context, listing, asked);
  BW_TRY(ImagePosition position, PositionOf(asked.start));
  return WholeOf(std::make_shared<const Listing>(std::move(listing)), std::move(position));
}

std::vector<std::string> Texts(const Context& context, std::string_view name) {
  std::vector<std::string> texts;
  for (const std::string_view text : context.query.GetAll(name)) texts.emplace_back(text);
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
  return Answer(context, Listing(deps, std::move(scope), verdicts, ImageText));
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
  return Answer(context, Listing(deps, std::move(scope), !exclude_va, DigestText));
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
