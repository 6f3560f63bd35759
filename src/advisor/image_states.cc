#include "advisor/image_states.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "advisor/among.h"
#include "advisor/image_index.h"
#include "advisor/image_issues.h"

namespace breakwater::advisor {
namespace {

using registry::ListedImage;

// Manifests of lists of images that are read at once: each may have megabytes.
constexpr std::size_t kListsAtOnce = 8;

bool IsList(const ListedImage& image) {
  return oci::KindOf(image.media_type) == oci::ManifestKind::kIndex;
}

NamedImage NamesOf(const ListedImage& image, const oci::Digest& assessed) {
  NamedImage named{.repository = image.repository, .tags = image.tags, .digests = {image.digest}};
  if (assessed != image.digest) named.digests.push_back(assessed);
  return named;
}

ImageState Less(const ImageIssues& known, const ExemptIssues& exempt) {
  const IssueCounts counts = CountIssues(known.issues, exempt);
  return {StatusOf(counts, known.otherwise), counts};
}

// A page on its way to its states.
class Page {
 public:
  Page(const RegistryName& registry, const std::vector<ListedImage>& images,
       const ExemptionSet& exemptions)
      : registry_(registry), images_(images), exemptions_(exemptions) {}

  // May run more than once.
  Status Read(db::Transaction& tx) {
    states_.clear();
    open_.clear();
    for (const ListedImage& image : images_) states_.push_back({.assessed = image.digest});
    for (auto first = images_.begin(); first != images_.end();) {
      const auto last = std::find_if(first, images_.end(), [&](const ListedImage& image) {
        return image.repository != first->repository;
      });
      BW_TRY_STATUS(ReadRepository(tx, static_cast<std::size_t>(first - images_.begin()),
                                   static_cast<std::size_t>(last - images_.begin())));
      first = last;
    }
    BW_TRY_STATUS(ReadIssues(tx));
    return KeepReadElsewhere(tx);
  }

  // What the database has not told.
  Status Finish(const AssessAgain& assess_again) {
    for (const auto& [digest, places] : open_) {
      for (const std::size_t at : places) {
        BW_TRY(const auto assessment, assess_again(digest, images_[at].repository));
        if (!assessment) continue;
        if (!states_[at].verdict) {
          states_[at].verdict = VerdictOf(*assessment, assessment->indexed);
          Tell(at);
        }
        if (HasExempt(at)) Tell(at, ImageIssuesOf(*assessment));
      }
    }
    return Ok();
  }

  std::vector<ListedState> states() && { return std::move(states_); }

 private:
  // Verdicts of the images from one place to another, which are of one repository.
  Status ReadRepository(db::Transaction& tx, std::size_t first, std::size_t last) {
    const std::string& repository = images_[first].repository;
    BW_TRY_STATUS(ReadSpeakers(tx, first, last));
    BW_TRY(auto placed, VerdictsBetween(tx, registry_, repository, images_[first].digest,
                                        images_[last - 1].digest));
    std::vector<oci::Digest> speakers;
    for (std::size_t at = first; at < last; ++at) {
      if (states_[at].assessed != images_[at].digest) speakers.push_back(states_[at].assessed);
    }
    BW_TRY(auto spoken, VerdictsAmong(tx, registry_, repository, speakers));
    std::map<oci::Digest, Verdict> verdicts;
    for (auto* some : {&placed, &spoken}) {
      for (PlacedVerdict& one : *some) {
        verdicts.insert_or_assign(std::move(one.location.digest), std::move(one.verdict));
      }
    }
    for (std::size_t at = first; at < last; ++at) {
      const auto found = verdicts.find(states_[at].assessed);
      if (found != verdicts.end()) states_[at].verdict = found->second;
      Tell(at);
      if (found == verdicts.end() || HasExempt(at)) open_[states_[at].assessed].push_back(at);
    }
    return Ok();
  }

  Status ReadSpeakers(db::Transaction& tx, std::size_t first, std::size_t last) {
    std::map<std::string, std::size_t, std::less<>> places;
    std::vector<oci::Digest> lists;
    for (std::size_t at = first; at < last; ++at) {
      if (!IsList(images_[at])) continue;
      places.emplace(images_[at].digest.text(), at);
      lists.push_back(images_[at].digest);
    }
    return QueryAmong(
        tx,
        "SELECT m.digest, m.media_type, m.content FROM repository r JOIN manifest m ON "
        "m.repository = r.id WHERE r.registry = $1 AND r.name = $2 AND m.digest",
        {registry_, images_[first].repository}, lists,
        [&](const db::Row& row) -> Status {
          const auto list = oci::ParseManifest(AsText(row.Blob(2)), row.Text(1));
          const auto at = places.find(row.Text(0));
          if (!list.ok() || at == places.end()) return Ok();
          if (auto speaker = SpeakerOf(*list)) states_[at->second].assessed = *std::move(speaker);
          return Ok();
        },
        kListsAtOnce);
  }

  // Of images that have a verdict.
  Status ReadIssues(db::Transaction& tx) {
    std::vector<oci::Digest> digests;
    for (const auto& [digest, places] : open_) {
      const bool any = std::ranges::any_of(
          places, [&](std::size_t at) { return states_[at].verdict.has_value(); });
      if (any) digests.push_back(digest);
    }
    std::vector<oci::Digest> told;
    BW_TRY_STATUS(VisitIssuesOf(tx, digests,
                                [&](const oci::Digest& digest, const ImageIssues& known) -> Status {
                                  for (const std::size_t at : open_.at(digest)) {
                                    if (states_[at].verdict) Tell(at, known);
                                  }
                                  told.push_back(digest);
                                  return Ok();
                                }));
    for (const oci::Digest& digest : told) {
      auto& places = open_.at(digest);
      std::erase_if(places, [&](std::size_t at) { return states_[at].verdict.has_value(); });
      if (places.empty()) open_.erase(digest);
    }
    return Ok();
  }

  // Of images that wait for their turn: those that were read where they lie else.
  Status KeepReadElsewhere(db::Transaction& tx) {
    std::vector<oci::Digest> digests;
    for (const auto& [digest, places] : open_) digests.push_back(digest);
    std::set<std::string, std::less<>> read;
    BW_TRY_STATUS(QueryAmong(tx, "SELECT digest FROM advisor_image WHERE analyser = $1 AND digest",
                             {kAnalyserVersion}, digests, [&](const db::Row& row) -> Status {
                               read.insert(row.String(0));
                               return Ok();
                             }));
    std::erase_if(open_, [&](const auto& one) { return !read.contains(one.first.text()); });
    return Ok();
  }

  // Whether some of its issues may be exempt under one of its names.
  bool HasExempt(std::size_t at) const {
    const ListedState& state = states_[at];
    if (exemptions_.empty() || !state.verdict || state.verdict->issues == 0) return false;
    const ListedImage& image = images_[at];
    const bool by_tag = std::ranges::any_of(image.tags, [&](const std::string& tag) {
      return exemptions_.HasTag(image.repository, tag);
    });
    return by_tag || !exemptions_.For(NamesOf(image, state.assessed)).empty();
  }

  // As if nothing were exempt.
  void Tell(std::size_t at) {
    ListedState& state = states_[at];
    if (state.verdict) state.image = {state.verdict->status, {state.verdict->issues, 0}};
  }
  void Tell(std::size_t at, const ImageIssues& known) {
    const ListedImage& image = images_[at];
    ListedState& state = states_[at];
    NamedImage named = NamesOf(image, state.assessed);
    state.image = Less(known, exemptions_.For(named));
    for (const std::string& tag : image.tags) {
      if (!exemptions_.HasTag(image.repository, tag)) continue;
      named.tag = tag;
      state.by_tag[tag] = Less(known, exemptions_.For(named));
    }
  }

  const RegistryName& registry_;
  const std::vector<ListedImage>& images_;
  const ExemptionSet& exemptions_;
  std::vector<ListedState> states_;
  // Where the issues of an image are still to be looked at, by what is assessed.
  std::map<oci::Digest, std::vector<std::size_t>> open_;
};

}  // namespace

std::optional<oci::Digest> SpeakerOf(const oci::Manifest& list) {
  const auto usual = std::ranges::find_if(list.manifests, [](const oci::Descriptor& child) {
    return child.platform && child.platform->os == "linux" &&
           child.platform->architecture == "amd64";
  });
  if (usual != list.manifests.end()) return usual->digest;
  if (list.manifests.empty()) return std::nullopt;
  return list.manifests.front().digest;
}

const ImageState& ListedState::Of(std::string_view tag) const {
  const auto found = by_tag.find(tag);
  return found == by_tag.end() ? image : found->second;
}

Result<std::vector<ListedState>> StatesOf(db::Database& database, const RegistryName& registry,
                                          const std::vector<ListedImage>& images,
                                          const ExemptionSet& exemptions,
                                          const AssessAgain& assess_again) {
  Page page(registry, images, exemptions);
  BW_TRY_STATUS(database.Read([&](db::Transaction& tx) { return page.Read(tx); }));
  BW_TRY_STATUS(page.Finish(assess_again));
  return std::move(page).states();
}

}  // namespace breakwater::advisor
