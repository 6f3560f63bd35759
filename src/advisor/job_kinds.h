// Kinds of the advisor's jobs, and the events it reacts to and emits.
#pragma once

#include <string_view>

namespace breakwater::advisor {

// Assesses one image, after reading it if that was not done before, and what else holds or held its
// tags. Payload: account, registry, region, repository, digest; tags, which may be absent.
inline constexpr std::string_view kIndexJob = "advisor.index";
// Forgets images that were deleted. Payload: that of the event.
inline constexpr std::string_view kForgetJob = "advisor.forget";
// Matches every indexed image with the advisories there are now.
inline constexpr std::string_view kRematchJob = "advisor.rematch";

// Emitted when an image was assessed for the first time at a place, and whenever its result or its
// tags there differ from the last. Payload: EventOf in advisor/locations.h.
inline constexpr std::string_view kImageAssessed = "image.assessed";
// Emitted when what was said of an image at a place no longer counts: it is gone, or was gone for
// a while and will be assessed anew. Payload: account, registry, region, repository, digest.
inline constexpr std::string_view kImageForgotten = "image.forgotten";

}  // namespace breakwater::advisor
