#include "advisor/advisor.h"

#include <algorithm>
#include <map>
#include <set>

#include "advisor/image_facts.h"
#include "advisor/image_issues.h"
#include "advisor/job_kinds.h"
#include "control/fact_events.h"
#include "db/lazy_flush.h"
#include "oci/manifest.h"
#include "registry/absent_layers.h"
#include "registry/attachments.h"
#include "registry/content.h"
#include "registry/types.h"

namespace breakwater::advisor {
namespace {

constexpr std::int64_t kDigestsAtOnce = 200;
constexpr std::int64_t kMaxSubjects = 1'000;

// The place an event or job speaks of.
Result<Location> LocationOf(const json::Value& payload) {
  BW_TRY(oci::Digest digest, oci::Digest::Parse(json::FindText(payload, "digest")));
  return Location{.account = AccountId(std::string(json::FindText(payload, "account"))),
                  .registry = RegistryName(std::string(json::FindText(payload, "registry"))),
                  .region = std::string(json::FindText(payload, "region")),
                  .repository = std::string(json::FindText(payload, "repository")),
                  .digest = std::move(digest)};
}

// Those of an event; a job that was enqueued here has none.
std::vector<std::string> TagsIn(const json::Value& payload) {
  std::vector<std::string> tags;
  const json::Value* found = json::Find(payload, "tags");
  if (found == nullptr || !found->is_array()) return tags;
  for (const json::Value& tag : found->get_array()) {
    if (tag.is_string()) tags.emplace_back(tag.get_string());
  }
  return tags;
}

jobs::NewJob IndexJobOf(const Location& location) {
  return {.kind = std::string(kIndexJob),
          .payload = ToJson(location),
          .run_at = std::nullopt,
          .deduplication_key = {}};
}

bool IsList(const registry::ManifestBytes& manifest) {
  return oci::KindOf(manifest.media_type) == oci::ManifestKind::kIndex;
}

Result<std::vector<std::string>> TagsAt(db::Transaction& tx, const Location& location) {
  BW_TRY(const auto repository,
         registry::FindRepository(tx, location.registry, location.repository));
  if (!repository) return std::vector<std::string>();
  return registry::TagsOf(tx, *repository, location.digest);
}

// Whether the account has the image there. Asked inside the transaction that acts on the answer:
// images come and go meanwhile.
Result<bool> IsThere(db::Transaction& tx, const Location& location) {
  BW_TRY(const auto found,
         tx.QueryOne(
             "SELECT 1 FROM repository r JOIN manifest m ON m.repository = r.id "
             "JOIN namespace n ON n.registry = r.registry AND n.name = r.name_space "
             "WHERE r.registry = $1 AND r.name = $2 AND m.digest = $3 AND n.account = $4",
             {location.registry, location.repository, location.digest.text(), location.account},
             [](const db::Row& row) { return row.Int(0); }));
  return found.has_value();
}

// Layers of the image that are not in its repository.
Result<std::int64_t> AbsentLayersAt(db::Transaction& tx, const Location& location) {
  BW_TRY(const auto repository,
         registry::FindRepository(tx, location.registry, location.repository));
  if (!repository) return 0;
  return registry::CountAbsentLayers(tx, *repository, location.digest.text());
}

// Whether the manifest alone says that it is of something else than a container image.
Result<bool> IsKnownOther(db::Transaction& tx, const oci::Digest& digest) {
  BW_TRY(const auto kind, FindKind(tx, digest));
  return kind == ImageKind::kNotAnImage;
}

// Says that facts changed of the images that a manifest which came or went is attached to, or
// lists.
Status TellSubjects(db::Database& database, jobs::Jobs& jobs, const Location& location,
                    const std::vector<std::string>& tags) {
  std::set<std::string> images;
  for (const std::string& tag : tags) {
    if (const auto named = registry::NamedAfter(tag)) images.insert(named->text());
  }
  BW_TRY_STATUS(database.Read([&](db::Transaction& tx) -> Status {
    BW_TRY(const auto repository,
           registry::FindRepository(tx, location.registry, location.repository));
    if (!repository) return Ok();
    return tx.Query(
        "SELECT subject FROM manifest WHERE repository = $1 AND digest = $2 AND subject IS NOT "
        "NULL "
        "UNION SELECT subject FROM trash_image WHERE repository = $1 AND digest = $2 AND subject "
        "IS "
        "NOT NULL UNION SELECT target FROM manifest_reference WHERE repository = $1 AND manifest = "
        "$2 AND kind = 2 UNION SELECT target FROM trash_reference WHERE repository = $1 AND "
        "manifest = $2 AND kind = 2 LIMIT $3",
        {*repository, location.digest.text(), kMaxSubjects}, [&](const db::Row& row) -> Status {
          images.insert(row.String(0));
          return Ok();
        });
  }));
  if (images.empty()) return Ok();
  return database.Write([&](db::Transaction& tx) -> Status {
    for (const std::string& text : images) {
      BW_TRY(auto digest, oci::Digest::Parse(text));
      Location subject = location;
      subject.digest = std::move(digest);
      BW_TRY_STATUS(jobs.Emit(tx, control::FactsChanged(ImageResource(subject))));
    }
    return Ok();
  });
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
  jobs_.Subscribe(std::string(registry::event::kImageCompleted), std::string(kIndexJob));
  jobs_.Subscribe(std::string(registry::event::kTagDeleted), std::string(kIndexJob));
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

Result<oci::Digest> Advisor::Assessable(const AccountId& account, const RegistryName& registry,
                                        const std::string& repository,
                                        const registry::ManifestBytes& named) const {
  if (!IsList(named)) return named.digest;
  BW_TRY(const oci::Manifest list, oci::ParseManifest(named.content, named.media_type));
  const auto speaker = SpeakerOf(list);
  if (!speaker) return named.digest;
  BW_TRY(const registry::ManifestBytes child,
         content_.ReadManifest(account, registry, repository, oci::Reference(*speaker)));
  return child.digest;
}

Result<NamedImage> Advisor::Named(const Location& location, const oci::Reference& reference,
                                  const oci::Digest& assessed) const {
  NamedImage image{.repository = location.repository, .digests = {location.digest}};
  if (assessed != location.digest) image.digests.push_back(assessed);
  if (reference.is_digest()) {
    BW_TRY(image.tags,
           database_.ReadValue([&](db::Transaction& tx) { return TagsAt(tx, location); }));
  } else {
    image.tag = reference.tag();
  }
  return image;
}

Result<NamedImage> Advisor::Named(const AccountId& account, const RegistryName& registry,
                                  const std::string& repository,
                                  const oci::Reference& reference) const {
  BW_TRY(const registry::ManifestBytes named,
         content_.ReadManifest(account, registry, repository, reference));
  auto assessed = Assessable(account, registry, repository, named);
  if (!assessed.ok() && assessed.error().code() != ErrorCode::kNotFound) return assessed.error();
  return Named({account, registry, {}, repository, named.digest}, reference,
               assessed.ok() ? *assessed : named.digest);
}

Result<ImageReport> Advisor::Report(const AccountId& account, const RegistryName& registry,
                                    const std::string& repository,
                                    const oci::Reference& reference) const {
  BW_TRY(const registry::ManifestBytes manifest,
         content_.ReadManifest(account, registry, repository, reference));
  BW_TRY(oci::Digest assessed, Assessable(account, registry, repository, manifest));
  BW_TRY(NamedImage named,
         Named({account, registry, {}, repository, manifest.digest}, reference, assessed));
  BW_TRY(std::optional<Assessment> assessment, database_.ReadValue([&](db::Transaction& tx) {
    return AssessAt(tx, {account, registry, {}, repository, assessed});
  }));
  if (!assessment) {
    return NotFound("the image has not been scanned yet; try again later")
        .Reason("image_not_scanned");
  }
  return ImageReport{std::move(assessed), *std::move(assessment), std::move(named)};
}

Result<std::vector<ListedState>> Advisor::StatesOf(const AccountId& account,
                                                   const RegistryName& registry,
                                                   const std::vector<registry::ListedImage>& images,
                                                   const ExemptionSet& exemptions) const {
  return advisor::StatesOf(database_, registry, images, exemptions,
                           [&](const oci::Digest& digest, const std::string& repository) {
                             return database_.ReadValue([&](db::Transaction& tx) {
                               return AssessAt(tx, {account, registry, {}, repository, digest});
                             });
                           });
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

Result<std::optional<Assessment>> Advisor::AssessAt(db::Transaction& tx,
                                                    const Location& location) const {
  BW_TRY(const std::int64_t absent, AbsentLayersAt(tx, location));
  if (absent == 0) return AssessIn(tx, location.digest);
  BW_TRY(const bool other, IsKnownOther(tx, location.digest));
  if (other) return AssessIn(tx, location.digest);
  BW_TRY(const std::optional<FeedInfo> feed, CurrentFeed(tx));
  return std::optional<Assessment>(AssessSparse(absent, feed, clock_.Now()));
}

Status Advisor::Announce(db::Transaction& tx, const Location& location,
                         const Assessment& assessment) {
  BW_TRY(const bool there, IsThere(tx, location));
  if (!there) return Ok();
  BW_TRY(const std::optional<PlacedVerdict> before, FindPlace(tx, location));
  const bool moved = before && before->location.account != location.account;
  if (moved) {
    // The namespace passed to another account: what the first was told no longer counts.
    BW_TRY_STATUS(jobs_.Emit(tx, {std::string(kImageForgotten), ToJson(before->location)}));
  }
  BW_TRY(std::vector<std::string> tags, TagsAt(tx, location));
  const PlacedVerdict now{location, VerdictOf(assessment, clock_.Now()), std::move(tags)};
  BW_TRY_STATUS(SavePlace(tx, now, assessment.feed ? assessment.feed->generation : 0));
  if (!assessment.of_place) {
    BW_TRY_STATUS(SaveIssues(tx, location.digest, ImageIssuesOf(assessment)));
  }
  const bool same =
      before && !moved && before->verdict.result == now.verdict.result && before->tags == now.tags;
  return same ? Ok() : jobs_.Emit(tx, EventOf(location, now.tags, assessment));
}

Status Advisor::AnnounceUntagged(const Location& pushed, const std::vector<std::string>& tags) {
  if (tags.empty()) return Ok();
  BW_TRY(const auto places,
         database_.ReadValue([&](db::Transaction& tx) { return PlacesTagged(tx, pushed, tags); }));
  for (const Location& place : places) {
    if (place.digest == pushed.digest) continue;
    BW_TRY_STATUS(database_.Write([&](db::Transaction& tx) -> Status {
      BW_TRY(const auto assessment, AssessAt(tx, place));
      if (!assessment) return jobs_.Enqueue(tx, IndexJobOf(place));
      return Announce(tx, place, *assessment);
    }));
  }
  return Ok();
}

Status Advisor::Index(const json::Value& payload) {
  const db::LazyFlush lazy;  // derived: the job is done again if it is lost
  BW_TRY(const Location location, LocationOf(payload));
  BW_TRY_STATUS(AnnounceUntagged(location, TagsIn(payload)));
  BW_TRY_STATUS(TellSubjects(database_, jobs_, location, TagsIn(payload)));
  auto manifest = content_.ReadManifest(location.account, location.registry, location.repository,
                                        oci::Reference(location.digest));
  if (!manifest.ok()) {
    // Deleted before its turn came.
    return manifest.error().code() == ErrorCode::kNotFound ? Ok()
                                                           : Status(std::move(manifest).error());
  }
  if (IsList(*manifest)) return Ok();  // its children are pushed and assessed on their own
  BW_TRY(const bool readable, database_.ReadValue([&](db::Transaction& tx) -> Result<bool> {
    BW_TRY(const auto known, FindKind(tx, location.digest));
    const bool is_image = IsContainerImage(*manifest);
    // The same bytes may have been told to be of another type before.
    if (known == ImageKind::kImage || (known && !is_image)) return false;
    BW_TRY(const std::int64_t absent, AbsentLayersAt(tx, location));
    return absent == 0 || !is_image;
  }));
  std::optional<ImageIndex> index;
  if (readable) {
    BW_TRY(index, ReadImage(content_, *manifest, options_.limits));
    index->indexed = clock_.Now();
  }
  return database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY(const bool there, IsThere(tx, location));
    if (!there) return Ok();  // deleted while it was read
    if (index) BW_TRY_STATUS(SaveIndex(tx, location.digest, *index));
    BW_TRY(const std::optional<Assessment> assessment, AssessAt(tx, location));
    if (!assessment) return Unavailable("the image's index was removed meanwhile");
    return Announce(tx, location, *assessment);
  });
}

Status Advisor::Forget(const json::Value& payload) {
  const std::string_view name_space = json::FindText(payload, "namespace");
  if (name_space.empty()) {
    BW_TRY(Location location, LocationOf(payload));
    BW_TRY_STATUS(TellSubjects(database_, jobs_, location, TagsIn(payload)));
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
    BW_TRY_STATUS(database_.Write([&](db::Transaction& tx) { return ForgetPlace(tx, location); }));
  }
  return Ok();
}

Status Advisor::ForgetPlace(db::Transaction& tx, const Location& location) {
  BW_TRY(const auto place, FindPlace(tx, location));
  if (place) {
    BW_TRY_STATUS(RemoveLocation(tx, location));
    BW_TRY_STATUS(jobs_.Emit(tx, {std::string(kImageForgotten), ToJson(place->location)}));
  }
  // It may have been pushed again since.
  const Location& at = place ? place->location : location;
  BW_TRY(const bool there, IsThere(tx, at));
  if (there) return jobs_.Enqueue(tx, IndexJobOf(at));
  BW_TRY(const auto others, PlacesOf(tx, location.digest));
  return others.empty() ? RemoveIndex(tx, location.digest) : Ok();
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

// Another notice may speak of an issue, which is no news to anybody.
Status Advisor::RenewIssues(const oci::Digest& digest, const Assessment& assessment,
                            const std::optional<ImageIssues>& kept) {
  const ImageIssues now = ImageIssuesOf(assessment);
  if (kept ? *kept == now : now.issues.empty()) return Ok();
  return database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY(const auto kind, FindKind(tx, digest));
    return kind ? SaveIssues(tx, digest, now) : Ok();  // gone meanwhile
  });
}

Status Advisor::RematchImage(const oci::Digest& digest) {
  // Most results do not change with a feed: find that out without disturbing writers.
  std::optional<Assessment> whole;
  std::optional<ImageIssues> kept;
  std::vector<PlacedVerdict> places;
  std::map<std::size_t, Assessment> sparse;  // where layers are absent
  BW_TRY_STATUS(database_.Read([&](db::Transaction& tx) -> Status {
    sparse.clear();
    BW_TRY(whole, AssessIn(tx, digest));
    BW_TRY(kept, FindIssues(tx, digest));
    BW_TRY(places, PlacesOf(tx, digest));
    for (std::size_t i = 0; i < places.size(); ++i) {
      BW_TRY(const std::int64_t absent, AbsentLayersAt(tx, places[i].location));
      if (absent == 0) continue;
      BW_TRY(auto assessment, AssessAt(tx, places[i].location));
      if (assessment) sparse.emplace(i, *std::move(assessment));
    }
    return Ok();
  }));
  if (whole) BW_TRY_STATUS(RenewIssues(digest, *whole, kept));
  const std::string result = whole ? ResultDigest(*whole) : "";
  for (std::size_t i = 0; i < places.size(); ++i) {
    const PlacedVerdict& place = places[i];
    const auto here = sparse.find(i);
    const Assessment* assessment = here != sparse.end() ? &here->second : whole ? &*whole : nullptr;
    const bool same =
        assessment != nullptr &&
        place.verdict.result == (here != sparse.end() ? ResultDigest(here->second) : result);
    if (same) continue;
    BW_TRY_STATUS(database_.Write([&](db::Transaction& tx) -> Status {
      BW_TRY(const bool there, IsThere(tx, place.location));
      if (!there) return ForgetPlace(tx, place.location);
      BW_TRY(const std::int64_t absent, AbsentLayersAt(tx, place.location));
      const bool as_it_was = (absent > 0) == (here != sparse.end());
      if (assessment != nullptr && as_it_was) return Announce(tx, place.location, *assessment);
      // Read by an older analyser, or its layers have come: read it again.
      return jobs_.Enqueue(tx, IndexJobOf(place.location));
    }));
  }
  return Ok();
}

}  // namespace breakwater::advisor
