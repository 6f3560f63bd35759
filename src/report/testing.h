// Assessments to make reports of.
#pragma once

#include "posture/assessment.h"

namespace breakwater::report::testing {

// Breakwater's baseline on an account, on 31 March 2026, with some of everything: goals of each
// status and severity, an attestation, exceptions, a period of 90 days.
posture::Assessment Realistic();

// One failing goal on so many resources.
posture::Assessment Large(std::size_t resources);

// Realistic, with every text replaced by what would do harm in some format.
posture::Assessment Hostile();
// The text that Hostile puts everywhere.
extern const char* const kHostileText;

}  // namespace breakwater::report::testing
