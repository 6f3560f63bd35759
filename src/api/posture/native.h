// Posture in our own words: attachments with their parameters and schedules, the posture now, then
// and over a period, and what people attest.
#pragma once

#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "audit/heads.h"
#include "posture/posture.h"

namespace breakwater::api::posture {

// The attachment that the path names. kNotFound if it names none.
Result<std::int64_t> AttachmentIdOf(const Context& context);

std::vector<Endpoint> NativeEndpoints(breakwater::posture::Posture& posture,
                                      const audit::Heads& heads, const SccFace& face);

}  // namespace breakwater::api::posture
