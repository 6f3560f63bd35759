// What `breakwater doctor` looks at, as the configuration says.
#pragma once

#include "admin/doctor.h"
#include "base/time.h"
#include "config/settings.h"

namespace breakwater::app {

// Looks at everything it can reach, whatever is wrong elsewhere. Makes no installation where there
// is none. While a server has the data directory, its database is read only and the rest is left
// to what the server shows.
admin::Findings ExamineInstallation(const config::Settings& settings, const Clock& clock);

}  // namespace breakwater::app
