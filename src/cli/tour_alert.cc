// Step 6: the next build of the image is a new finding, whose alert arrives and is verified.
#include <algorithm>
#include <optional>

#include "cli/tour_steps.h"
#include "crypto/jwt.h"

namespace breakwater::cli {
namespace {

constexpr std::chrono::seconds kAlertLimit{60};
constexpr const char* kSecondTag = "2";
constexpr std::size_t kWorst = 3;

Result<crypto::KeySet> PublicKeys(TourContext& tour) {
  BW_TRY(const json::Value answer, tour.client.Must("GET", "/notifications/v1/" + tour.account +
                                                               "/notifications/public_key"));
  BW_TRY(crypto::VerifyingKey key, crypto::VerifyingKey::FromPem(TextAt(answer, {"public_key"})));
  crypto::KeySet keys;
  BW_TRY_STATUS(keys.Add(std::move(key)));
  return keys;
}

// The alert of a verified message that is about this image, if it is one.
Result<std::optional<json::Value>> AlertAbout(const TourContext& tour, const std::string& token,
                                              const crypto::KeySet& keys,
                                              const oci::Digest& digest) {
  const crypto::VerifyOptions options{
      .now = SystemClock().Now(), .issuer = tour.issuer, .audience = std::nullopt};
  auto verified = crypto::VerifyJwt(token, keys, options);
  if (!verified.ok()) {
    return std::move(verified).error().Context("an alert's signature does not hold");
  }
  const json::Value claims(*std::move(verified));
  const auto* findings = At(claims, {"findings"}).if_array();
  if (findings == nullptr) return std::optional<json::Value>{};
  for (const json::Value& alert : *findings) {
    if (TextAt(alert, {"payload", "reference_data", "digest"}) == digest.text()) {
      return std::optional(alert);
    }
  }
  return std::optional<json::Value>{};
}

Result<json::Value> AwaitAlert(TourContext& tour, const crypto::KeySet& keys,
                               const oci::Digest& digest) {
  std::optional<json::Value> alert;
  BW_TRY_STATUS(WaitUntil(tour, "the alert", kAlertLimit, [&]() -> Result<bool> {
    for (const std::string& token : tour.receiver->Tokens()) {
      BW_TRY(alert, AlertAbout(tour, token, keys, digest));
      if (alert) return true;
    }
    return false;
  }));
  return *std::move(alert);
}

// "CVE-2023-45853 in zlib1g, …"
std::string WorstOf(const json::Value& top) {
  std::string text;
  const auto* list = top.if_array();
  if (list == nullptr) return text;
  for (std::size_t i = 0; i < std::min(kWorst, list->size()); ++i) {
    const json::Value& one = (*list)[i];
    text += (text.empty() ? "" : ", ") + TextAt(one, {"id"}) + " in " + TextAt(one, {"package"});
  }
  return text;
}

void ShowDelivered(TourContext& tour, const json::Value& alert) {
  const json::Value& payload = At(alert, {"payload"});
  tour.report.Good("alert delivered, signature verified (RS256)");
  tour.report.Say("severity: " + TextAt(alert, {"severity"}) + ", from " +
                  TextAt(alert, {"issuer"}) + ", type " + TextAt(alert, {"finding_type"}));
  tour.report.Say("about:    " + TextAt(payload, {"resource_url"}));
  const std::string worst = WorstOf(At(payload, {"reference_data", "top"}));
  if (!worst.empty()) tour.report.Say("worst:    " + worst);
}

Status RequireAllGoals(TourContext& tour) {
  BW_TRY(const auto goals, Validate(tour));
  PrintGoals(tour, goals);
  std::string failing;
  for (const TourGoal& goal : goals) {
    if (!goal.passes()) failing += (failing.empty() ? "" : ", ") + goal.id;
  }
  if (failing.empty()) {
    tour.report.Good("all eleven goals pass");
    return Ok();
  }
  return Conflict("goals that still do not pass: " + failing);
}

}  // namespace

Status ShowAlert(TourContext& tour) {
  tour.report.Say("the next build of the image, with the same packages, is pushed");
  BW_TRY(const BuiltImage image, PushImage(tour, kSecondTag));
  BW_TRY(const json::Value report, AwaitAssessment(tour, kSecondTag));
  std::int64_t alerting = 0;
  for (const char* severity : {"critical", "high", "medium", "low"}) {
    alerting += NumberAt(report, {"severities", severity});
  }
  if (alerting == 0) {
    return NotFound(
        "nothing of a severity that alerts is known against the image, so no alert can "
        "be shown: import real advisories (--advisories PATH)");
  }
  BW_TRY(const crypto::KeySet keys, PublicKeys(tour));
  BW_TRY(const json::Value alert, AwaitAlert(tour, keys, image.digest));
  ShowDelivered(tour, alert);
  return RequireAllGoals(tour);
}

}  // namespace breakwater::cli
