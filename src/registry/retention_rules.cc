#include "registry/retention_rules.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "crypto/hash.h"

namespace breakwater::registry {
namespace {

using Verdict = RetentionVerdict;

struct Wording {
  Verdict verdict;
  std::string_view name;
  std::string_view text;
};

constexpr Wording kWordings[] = {
    {Verdict::kDelete, "delete", "the policy counts newer images before it"},
    {Verdict::kNewest, "newest", "it is among the newest images that the policy keeps"},
    {Verdict::kKeepsAll, "keeps_all", "the namespace's policy keeps all images"},
    {Verdict::kIndex, "index", "lists of images are neither counted nor deleted"},
    {Verdict::kListed, "listed", "a list of images in the repository needs it"},
    {Verdict::kAttachment, "attachment",
     "it belongs to another image and goes with it, unless it has a tag of its own"},
    {Verdict::kUntagged, "untagged", "it has no tag, and the policy retains untagged images"},
    {Verdict::kNoDate, "no_date", "its configuration names no date: order by the date of its push"},
    {Verdict::kFixedDate, "fixed_date",
     "its date of build is one that reproducible builds use: order by the date of its push"},
    {Verdict::kArriving, "arriving",
     "it was pushed within the hour, without a tag or with one named after an image that is not "
     "there: what it belongs to may come next"},
    {Verdict::kHeld, "held", "an immutable tag leads to it"},
    {Verdict::kBelowThreshold, "below_threshold", "it is younger than deletion_threshold_days"},
};

const Wording& WordingOf(Verdict verdict) {
  const auto* found = std::ranges::find(kWordings, verdict, &Wording::verdict);
  BW_CHECK(found != std::end(kWordings));
  return *found;
}

// Why an image is not for the policy to count, or kDelete if it is.
Verdict Exempt(const RetentionPolicy& policy, const RetentionCandidate& image, Timestamp now) {
  if (policy.keeps_all()) return Verdict::kKeepsAll;
  if (image.is_index) return Verdict::kIndex;
  if (image.is_listed) return Verdict::kListed;
  if (image.is_attached) return Verdict::kAttachment;
  if (policy.retain_untagged && image.tags.empty()) return Verdict::kUntagged;
  const bool waits = image.tags.empty() ? !image.was_tagged : image.is_ahead;
  if (waits && image.pushed > now - kArrival) return Verdict::kArriving;
  if (policy.order != RetentionOrder::kCreated) return Verdict::kDelete;
  if (!image.created) return Verdict::kNoDate;
  if (ToUnixSeconds(*image.created) < kFirstRealBuild) return Verdict::kFixedDate;
  return Verdict::kDelete;
}

RetentionPlace PlaceOf(const RetentionPolicy& policy, const RetentionCandidate& image) {
  return {DateOf(policy.order, image), image.pushed, image.digest};
}

// Tells policies apart.
std::string NameOf(const RetentionPolicy& policy) {
  constexpr std::size_t kLength = 16;
  return crypto::Sha256Hex(json::Serialize(ToJson(policy))).substr(0, kLength);
}

std::optional<Timestamp> TimeIn(std::string_view micros) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(micros.data(), micros.data() + micros.size(), value);
  if (error != std::errc() || end != micros.data() + micros.size()) return std::nullopt;
  return FromMicros(value);
}

}  // namespace

std::string_view ToString(RetentionOrder order) {
  switch (order) {
    case RetentionOrder::kCreated: return "created";
    case RetentionOrder::kPushed: return "pushed";
    case RetentionOrder::kPulled: return "pulled";
  }
  BW_UNREACHABLE();
}

std::optional<RetentionOrder> ParseRetentionOrder(std::string_view word) {
  for (const auto order :
       {RetentionOrder::kCreated, RetentionOrder::kPushed, RetentionOrder::kPulled}) {
    if (word == ToString(order)) return order;
  }
  return std::nullopt;
}

Timestamp DateOf(RetentionOrder order, const RetentionCandidate& image) {
  switch (order) {
    case RetentionOrder::kCreated: return image.created.value_or(Timestamp{});
    case RetentionOrder::kPushed: return image.pushed;
    case RetentionOrder::kPulled:
      return std::max(image.pulled.value_or(image.pushed), image.pushed);
  }
  BW_UNREACHABLE();
}

std::string_view ToString(RetentionVerdict verdict) {
  return WordingOf(verdict).name;
}
std::string_view Explain(RetentionVerdict verdict) {
  return WordingOf(verdict).text;
}

json::Value ToJson(const RetentionPolicy& policy) {
  json::Object document{{"images_per_repo", policy.images_per_repo},
                        {"retain_untagged", policy.retain_untagged},
                        {"order_by", json::Text(ToString(policy.order))}};
  if (policy.deletion_threshold_days) {
    document["deletion_threshold_days"] = *policy.deletion_threshold_days;
  }
  return document;
}

Status Validate(const RetentionPolicy& policy) {
  if (policy.images_per_repo != kKeepAllImages && policy.images_per_repo < 1) {
    return Invalid("images_per_repo: must be -1, which keeps all, or at least 1")
        .Reason("invalid_field");
  }
  const auto days = policy.deletion_threshold_days;
  if (days && (*days < 0 || *days > kMaxThresholdDays)) {
    return Invalid("deletion_threshold_days: must be from 0 to 36500").Reason("invalid_field");
  }
  return Ok();
}

void NewestImages::Add(const RetentionCandidate& image) {
  if (Exempt(policy_, image, now_) != Verdict::kDelete) return;
  newest_.insert(PlaceOf(policy_, image));
  if (std::ssize(newest_) > policy_.images_per_repo) newest_.erase(newest_.begin());
}

RetentionJudgement NewestImages::judgement() const {
  const bool full = !newest_.empty() && std::ssize(newest_) >= policy_.images_per_repo;
  return {policy_, now_, full ? std::optional(*newest_.begin()) : std::nullopt};
}

RetentionVerdict RetentionJudgement::Of(const RetentionCandidate& image) const {
  const Verdict exempt = Exempt(policy_, image, now_);
  if (exempt != Verdict::kDelete) return exempt;
  const RetentionPlace place = PlaceOf(policy_, image);
  if (!last_kept_ || place >= *last_kept_) return Verdict::kNewest;
  if (image.is_held) return Verdict::kHeld;
  const auto& days = policy_.deletion_threshold_days;
  if (days && place.date > now_ - std::chrono::days{*days}) return Verdict::kBelowThreshold;
  return Verdict::kDelete;
}

std::string RetentionJudgement::ToText() const {
  std::string text = std::to_string(ToMicros(now_)) + "." + NameOf(policy_);
  if (!last_kept_) return text;
  for (const Timestamp time : {last_kept_->date, last_kept_->pushed}) {
    text += "." + std::to_string(ToMicros(time));
  }
  return text + "." + last_kept_->digest.text();
}

std::optional<RetentionJudgement> RetentionJudgement::FromText(std::string_view text,
                                                               const RetentionPolicy& policy,
                                                               Timestamp now) {
  const auto parts = Split(text, '.');
  if ((parts.size() != 2 && parts.size() != 5) || parts[1] != NameOf(policy)) return std::nullopt;
  const auto judged = TimeIn(parts[0]);
  if (!judged || *judged > now || *judged < now - kJudgementLife) return std::nullopt;
  if (parts.size() == 2) return RetentionJudgement(policy, *judged, std::nullopt);
  const auto date = TimeIn(parts[2]);
  const auto pushed = TimeIn(parts[3]);
  auto digest = oci::Digest::Parse(parts[4]);
  if (!date || !pushed || !digest.ok()) return std::nullopt;
  return RetentionJudgement(policy, *judged, RetentionPlace{*date, *pushed, *std::move(digest)});
}

std::vector<oci::Digest> NewestImages::digests() const {
  std::vector<oci::Digest> digests;
  for (const RetentionPlace& place : newest_) digests.push_back(place.digest);
  return digests;
}

std::vector<RetentionVerdict> Judge(const RetentionPolicy& policy,
                                    const std::vector<RetentionCandidate>& images, Timestamp now) {
  NewestImages newest(policy, now);
  for (const RetentionCandidate& image : images) newest.Add(image);
  const RetentionJudgement judgement = newest.judgement();
  std::vector<Verdict> verdicts;
  verdicts.reserve(images.size());
  for (const RetentionCandidate& image : images) verdicts.push_back(judgement.Of(image));
  return verdicts;
}

}  // namespace breakwater::registry
