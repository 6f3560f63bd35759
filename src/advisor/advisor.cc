#include "advisor/advisor.h"

#include <algorithm>

#include "advisor/job_kinds.h"
#include "oci/manifest.h"
#include "registry/content.h"
#include "registry/types.h"

namespace breakwater::advisor {
namespace {

constexpr std::int64_t kDigestsAtOnce = 200;

// The place an event or job speaks of.
Result<Location> LocationOf(const json::Value& payload) {
  BW_TRY(oci::Digest digest, oci::Digest::Parse(json::FindText(payload, "digest")));
  return Location{.account = AccountId(std::string(json::FindText(payload, "account"))),
                  .registry = RegistryName(std::string(json::FindText(payload, "registry"))),
                  .region = std::string(json::FindText(payload, "region")),
                  .repository = std::string(json::FindText(payload, "repository")),
                  .digest = std::move(digest)};
}

json::Object PayloadOf(const Location& location) {
  return {{"account", json::Text(location.account.value())},
          {"registry", json::Text(location.registry.value())},
          {"region", json::Text(location.region)},
          {"repository", json::Text(location.repository)},
          {"digest", json::Text(location.digest.text())}};
}

bool IsList(const registry::ManifestBytes& manifest) {
  return oci::KindOf(manifest.media_type) == oci::ManifestKind::kIndex;
}

// The child of an image list to speak for it.
std::optional<oci::Digest> ChosenChild(const oci::Manifest& list) {
  const auto usual = std::ranges::find_if(list.manifests, [](const oci::Descriptor& child) {
    return child.platform && child.platform->os == "linux" &&
           child.platform->architecture == "amd64";
  });
  if (usual != list.manifests.end()) return usual->digest;
  if (list.manifests.empty()) return std::nullopt;
  return list.manifests.front().digest;
}

Result<std::vector<std::string>> TagsAt(db::Transaction& tx, const Location& location) {
  BW_TRY(const auto repository,
         registry::FindRepository(tx, location.registry, location.repository));
  if (!repository) return std::vector<std::string>();
  return registry::TagsOf(tx, *repository, location.digest);
}

}  // namespace

void Advisor::Register() {
  // Retries are for storage that does not answer; what is wrong with an image is a result.
  const jobs::RetryPolicy retry{.max_attempts = 12};
  jobs_.Register(std::string(kIndexJob), retry,
                 [this](const jobs::Job& job) { return Index(job.payload); });
  jobs_.Register(std::string(kForgetJob), retry,
                 [this](const jobs::Job& job) { return Forget(job.payload); });
  jobs_.Register(std::string(kRematchJob), retry, [this](const jobs::Job&) { return Rematch(); });
  jobs_.Subscribe(std::string(registry::event::kImagePushed), std::string(kIndexJob));
  jobs_.Subscribe(std::string(registry::event::kImageDeleted), std::string(kForgetJob));
  jobs_.Subscribe(std::string(registry::event::kNamespaceDeleted), std::string(kForgetJob));
}

Result<std::optional<FeedInfo>> Advisor::Feed() const {
  return database_.ReadValue([](db::Transaction& tx) { return CurrentFeed(tx); });
}

Result<std::vector<PlacedVerdict>> Advisor::Verdicts(const AccountId& account,
                                                     const RegistryName& registry) const {
  return database_.ReadValue(
      [&](db::Transaction& tx) { return VerdictsOf(tx, account, registry); });
}

Result<registry::ManifestBytes> Advisor::ReadAssessable(const AccountId& account,
                                                        const RegistryName& registry,
                                                        const std::string& repository,
                                                        const oci::Reference& reference) const {
  BW_TRY(registry::ManifestBytes manifest,
         content_.ReadManifest(account, registry, repository, reference));
  if (!IsList(manifest)) return manifest;
  BW_TRY(const oci::Manifest list, oci::ParseManifest(manifest.content, manifest.media_type));
  const auto child = ChosenChild(list);
  if (!child) return manifest;
  return content_.ReadManifest(account, registry, repository, oci::Reference(*child));
}

Result<ImageReport> Advisor::Report(const AccountId& account, const RegistryName& registry,
                                    const std::string& repository,
                                    const oci::Reference& reference) const {
  BW_TRY(const registry::ManifestBytes manifest,
         ReadAssessable(account, registry, repository, reference));
  BW_TRY(std::optional<Assessment> assessment,
         database_.ReadValue([&](db::Transaction& tx) { return AssessIn(tx, manifest.digest); }));
  if (!assessment) {
    return NotFound("the image has not been scanned yet; try again later")
        .Reason("image_not_scanned");
  }
  return ImageReport{manifest.digest, *std::move(assessment)};
}

Result<std::optional<Assessment>> Advisor::AssessIn(db::Transaction& tx,
                                                    const oci::Digest& digest) const {
  BW_TRY(const std::optional<ImageIndex> index, FindIndex(tx, digest));
  if (!index) return std::optional<Assessment>();
  BW_TRY(const std::optional<FeedInfo> feed, CurrentFeed(tx));
  StoredAdvisories advisories(tx, feed ? feed->generation : 0);
  BW_TRY(Assessment assessment, Assess(*index, feed, advisories));
  return std::optional<Assessment>(std::move(assessment));
}

Status Advisor::Announce(db::Transaction& tx, const Location& location,
                         const Assessment& assessment) {
  const Verdict verdict = VerdictOf(assessment, clock_.Now());
  BW_TRY(const std::optional<Verdict> before, FindVerdict(tx, location));
  BW_TRY_STATUS(
      SaveVerdict(tx, location, assessment.feed ? assessment.feed->generation : 0, verdict));
  if (before && before->result == verdict.result) return Ok();
  BW_TRY(const std::vector<std::string> tags, TagsAt(tx, location));
  return jobs_.Emit(tx, EventOf(location, tags, assessment));
}

Status Advisor::Index(const json::Value& payload) {
  BW_TRY(const Location location, LocationOf(payload));
  auto manifest = content_.ReadManifest(location.account, location.registry, location.repository,
                                        oci::Reference(location.digest));
  if (!manifest.ok()) {
    // Deleted before its turn came.
    return manifest.error().code() == ErrorCode::kNotFound ? Ok()
                                                           : Status(std::move(manifest).error());
  }
  if (IsList(*manifest)) return Ok();  // its children are pushed and assessed on their own
  BW_TRY(const bool known,
         database_.ReadValue([&](db::Transaction& tx) { return HasIndex(tx, location.digest); }));
  std::optional<ImageIndex> index;
  if (!known) {
    BW_TRY(index, ReadImage(content_, *manifest, options_.limits));
    index->indexed = clock_.Now();
  }
  return database_.Write([&](db::Transaction& tx) -> Status {
    if (index) BW_TRY_STATUS(SaveIndex(tx, location.digest, *index));
    BW_TRY(const std::optional<Assessment> assessment, AssessIn(tx, location.digest));
    if (!assessment) return Unavailable("the image's index was removed meanwhile");
    return Announce(tx, location, *assessment);
  });
}

Result<bool> Advisor::IsThere(const Location& location) const {
  auto manifest = content_.ReadManifest(std::nullopt, location.registry, location.repository,
                                        oci::Reference(location.digest));
  if (manifest.ok()) return true;
  if (manifest.error().code() == ErrorCode::kNotFound) return false;
  return std::move(manifest).error();
}

Status Advisor::Forget(const json::Value& payload) {
  const std::string_view name_space = json::FindText(payload, "namespace");
  if (name_space.empty()) {
    BW_TRY(Location location, LocationOf(payload));
    return ForgetGone({std::move(location)});
  }
  const RegistryName registry{std::string(json::FindText(payload, "registry"))};
  BW_TRY(const auto locations, database_.ReadValue([&](db::Transaction& tx) {
    return LocationsIn(tx, registry, name_space);
  }));
  return ForgetGone(locations);
}

Status Advisor::ForgetGone(const std::vector<Location>& locations) {
  for (const Location& location : locations) {
    // It may have been pushed again since.
    BW_TRY(const bool there, IsThere(location));
    if (there) continue;
    BW_TRY_STATUS(database_.Write([&](db::Transaction& tx) -> Status {
      BW_TRY_STATUS(RemoveLocation(tx, location));
      BW_TRY(const auto others, PlacesOf(tx, location.digest));
      return others.empty() ? RemoveIndex(tx, location.digest) : Ok();
    }));
  }
  return Ok();
}

Status Advisor::Rematch() {
  std::string after;
  for (;;) {
    BW_TRY(const auto digests, database_.ReadValue([&](db::Transaction& tx) {
      return DigestsAfter(tx, after, kDigestsAtOnce);
    }));
    if (digests.empty()) return Ok();
    for (const oci::Digest& digest : digests) BW_TRY_STATUS(RematchImage(digest));
    after = digests.back().text();
  }
}

Status Advisor::RematchImage(const oci::Digest& digest) {
  // Most results do not change with a feed: find that out without disturbing writers.
  std::optional<Assessment> assessment;
  std::vector<PlacedVerdict> places;
  BW_TRY_STATUS(database_.Read([&](db::Transaction& tx) -> Status {
    BW_TRY(assessment, AssessIn(tx, digest));
    BW_TRY(places, PlacesOf(tx, digest));
    return Ok();
  }));
  const std::string result = assessment ? ResultDigest(*assessment) : "";
  for (const PlacedVerdict& place : places) {
    if (assessment && place.verdict.result == result) continue;
    BW_TRY(const bool there, IsThere(place.location));
    if (!there) {
      BW_TRY_STATUS(ForgetGone({place.location}));
      continue;
    }
    BW_TRY_STATUS(database_.Write([&](db::Transaction& tx) -> Status {
      if (assessment) return Announce(tx, place.location, *assessment);
      // Read by an older analyser: read it again.
      return jobs_.Enqueue(tx, {.kind = std::string(kIndexJob),
                                .payload = PayloadOf(place.location),
                                .run_at = std::nullopt,
                                .deduplication_key = {}});
    }));
  }
  return Ok();
}

}  // namespace breakwater::advisor
