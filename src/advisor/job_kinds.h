// Kinds of the advisor's jobs, and the events it reacts to and emits.
#pragma once

#include <string_view>

namespace breakwater::advisor {

// Reads one pushed image and assesses it. Payload: account, registry, region, repository, digest.
inline constexpr std::string_view kIndexJob = "advisor.index";
// Forgets images that were deleted. Payload: that of the event.
inline constexpr std::string_view kForgetJob = "advisor.forget";
// Matches every indexed image with the advisories there are now.
inline constexpr std::string_view kRematchJob = "advisor.rematch";

// Emitted when an image was assessed for the first time at a place, and whenever its result there
// differs from the last. Payload: EventOf in advisor/assessment.h.
inline constexpr std::string_view kImageAssessed = "image.assessed";

}  // namespace breakwater::advisor
