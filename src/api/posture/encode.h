// Posture results in the reference system's words.
#pragma once

#include "json/json.h"
#include "posture/content.h"
#include "posture/posture.h"

namespace breakwater::api::posture {

json::Object EncodeProfile(const breakwater::posture::Profile& profile);
json::Object EncodeControl(const breakwater::posture::Control& control,
                           const breakwater::posture::Content& content);
// An item of latest_scans and of summaries.
json::Object EncodeScanItem(const breakwater::posture::Scan& scan,
                            const breakwater::posture::Content& content);
// Goals by control with every resource's result.
json::Object EncodeSummary(const breakwater::posture::Scan& scan,
                           const breakwater::posture::Profile& profile,
                           const breakwater::posture::Content& content);
// One goal as it stands, in our own words.
json::Object EncodeState(const breakwater::posture::GoalState& state,
                         const breakwater::posture::Goal& goal);
// Score, formula and coverage.
json::Object EncodeScore(const std::vector<breakwater::posture::GoalResult>& results,
                         const breakwater::posture::Content& content);

}  // namespace breakwater::api::posture
