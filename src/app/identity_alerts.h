// What is told of identities, as the alerts that channels take.
#pragma once

#include "db/database.h"
#include "jobs/jobs.h"

namespace breakwater::app {

// The provider of these alerts, as channels name it; their finding types are those of
// iam::IdentityAlert.
inline constexpr std::string_view kIdentityProvider = "IAM";

// Before jobs start. Both must outlive them.
void AnnounceIdentityAlerts(jobs::Jobs& jobs, db::Database& database);

}  // namespace breakwater::app
