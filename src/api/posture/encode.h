// Posture results in the reference system's words.
#pragma once

#include <string>
#include <string_view>

#include "json/json.h"
#include "posture/posture.h"

namespace breakwater::api::posture {

// At most so many octets of it, and no half character.
std::string Beginning(std::string_view text, std::size_t octets);

json::Object EncodeProfile(const breakwater::posture::FoundProfile& found);
json::Object EncodeControl(const breakwater::posture::Control& control,
                           const breakwater::posture::Profile& profile);
// What a scan only has the ids of.
struct ScanNames {
  std::string scope;
  std::string group;    // empty without one, and when it was deleted since
  bool custom = false;  // the profile is the account's own
};
// An item of latest_scans and of summaries.
json::Object EncodeScanItem(const breakwater::posture::Scan& scan,
                            const breakwater::posture::Profile& profile, const ScanNames& names);
// Goals by control with every resource's result.
json::Object EncodeSummary(const breakwater::posture::Scan& scan,
                           const breakwater::posture::Assessment& assessment);
// A moment's posture in our own words: score, counts, and every goal with its results.
json::Object EncodeState(const breakwater::posture::Assessment& assessment);
// Trend and changes of a period.
json::Object EncodeHistory(const breakwater::posture::Assessment& assessment);
// Version 1 of the same: other names, misspellings of its own.
json::Object EncodeProfileV1(const breakwater::posture::FoundProfile& found);
json::Object EncodeScanItemV1(const breakwater::posture::Scan& scan,
                              const breakwater::posture::Profile& profile, const ScanNames& names);
json::Object EncodeSummaryItemV1(const breakwater::posture::Scan& scan,
                                 const breakwater::posture::Profile& profile,
                                 const ScanNames& names);
json::Object EncodeSummaryV1(const breakwater::posture::Scan& scan,
                             const breakwater::posture::Assessment& assessment);
// Score, formula and coverage.
json::Object EncodeScore(const breakwater::posture::Score& score);

}  // namespace breakwater::api::posture
