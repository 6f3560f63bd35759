// Which images of a repository a retention policy keeps (ibm-registry 3.8). One pure function, for
// analysis and execution.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "json/json.h"
#include "oci/digest.h"

namespace breakwater::registry {

enum class RetentionOrder : std::uint8_t {
  kCreated,  // when the image was built: the reference's
  kPushed,   // when it was last pushed: for builds that name a fixed date, or none
  kPulled,   // when it was last pulled, or pushed if that was later: what is in use stays
};
std::string_view ToString(RetentionOrder order);  // "created"
std::optional<RetentionOrder> ParseRetentionOrder(std::string_view word);

inline constexpr std::int64_t kKeepAllImages = -1;
inline constexpr std::int64_t kMaxThresholdDays = 36'500;

struct RetentionPolicy {
  std::int64_t images_per_repo = kKeepAllImages;
  // Images without tags are neither counted nor deleted.
  bool retain_untagged = true;
  // Images that are younger stay, however many there are.
  std::optional<std::int64_t> deletion_threshold_days = std::nullopt;
  RetentionOrder order = RetentionOrder::kCreated;

  bool keeps_all() const { return images_per_repo == kKeepAllImages; }
  friend bool operator==(const RetentionPolicy&, const RetentionPolicy&) = default;
};

json::Value ToJson(const RetentionPolicy& policy);
// kInvalid "invalid_field".
Status Validate(const RetentionPolicy& policy);

// What the rules ask of a manifest.
struct RetentionCandidate {
  oci::Digest digest;
  std::vector<std::string> tags = {};
  bool is_index = false;
  bool is_listed = false;    // by an index of the repository
  bool is_attached = false;  // to another image: comes and goes with it
  bool is_ahead = false;     // all its tags are named after images that are not there
  bool is_held = false;      // a tag that must stay leads to it
  bool was_tagged = true;    // a tag has led to it at some time
  std::optional<Timestamp> created = std::nullopt;
  Timestamp pushed = {};
  std::optional<Timestamp> pulled = std::nullopt;  // to the hour; absent: never
};

// The date that a policy of this order goes by.
Timestamp DateOf(RetentionOrder order, const RetentionCandidate& image);

enum class RetentionVerdict : std::uint8_t {
  kDelete,
  kNewest,         // among those that the policy counts
  kKeepsAll,       // the policy keeps everything
  kIndex,          // lists of images are never deleted, nor counted
  kListed,         // a list needs it
  kAttachment,     // it goes when its image goes
  kUntagged,       // the policy retains what has no tag
  kNoDate,         // its configuration names no date of its build
  kFixedDate,      // or one that reproducible builds put there
  kArriving,       // what it belongs to may come soon
  kHeld,           // a tag that must not be deleted leads to it
  kBelowThreshold  // it is younger than deletion_threshold_days
};
std::string_view ToString(RetentionVerdict verdict);  // "newest"
std::string_view Explain(RetentionVerdict verdict);   // for people

// Clients push the parts of a list of images before the list, and may copy a signature before its
// image: for so long after its push, what no tag ever led to may be such a part, and what is named
// after an image that is not there may be of one that comes.
inline constexpr std::chrono::hours kArrival{1};

// Images built before this moment have a date that is none: 2013-01-19T00:13:39Z.
inline constexpr std::int64_t kFirstRealBuild = 1'358'554'419;

// Among those that a policy counts: the greater, the newer.
struct RetentionPlace {
  Timestamp date;
  Timestamp pushed;
  oci::Digest digest;
  friend auto operator<=>(const RetentionPlace&, const RetentionPlace&) = default;
};

// What a policy makes of the images of a repository at one moment: known once all of them were
// counted, and small.
class RetentionJudgement {
 public:
  // `last_kept`: of the newest images that it keeps, the oldest; nothing: there are not that many.
  RetentionJudgement(RetentionPolicy policy, Timestamp now, std::optional<RetentionPlace> last_kept)
      : policy_(policy), now_(now), last_kept_(std::move(last_kept)) {}

  RetentionVerdict Of(const RetentionCandidate& image) const;

  // For clients that go on with it later: letters, digits and ".:-".
  std::string ToText() const;
  // Nothing if the text is none of this policy, or of a moment that is to come or long gone: then
  // the repository is to be judged anew.
  static std::optional<RetentionJudgement> FromText(std::string_view text,
                                                    const RetentionPolicy& policy, Timestamp now);

 private:
  RetentionPolicy policy_;
  Timestamp now_;
  std::optional<RetentionPlace> last_kept_;
};
// For so long it can be gone on with.
inline constexpr std::chrono::hours kJudgementLife{24};

// The images of a repository that a policy keeps as its newest. Each image is added once, in any
// order; then each can be judged. So no more than those need be in memory.
class NewestImages {
 public:
  NewestImages(RetentionPolicy policy, Timestamp now) : policy_(policy), now_(now) {}

  void Add(const RetentionCandidate& image);
  RetentionJudgement judgement() const;
  std::vector<oci::Digest> digests() const;

 private:
  RetentionPolicy policy_;
  Timestamp now_;
  std::set<RetentionPlace> newest_;
};

// One verdict for each, in their order. What goes among some of a repository's images also goes
// among all of them: more images only count before it.
std::vector<RetentionVerdict> Judge(const RetentionPolicy& policy,
                                    const std::vector<RetentionCandidate>& images, Timestamp now);

}  // namespace breakwater::registry
