// What the configuration says of the object store, for whoever opens or examines it.
#pragma once

#include "base/result.h"
#include "blob/s3/s3_options.h"
#include "config/settings.h"

namespace breakwater::app {

// Reads the credentials file where the keys are not configured. kInvalid
// "invalid_credentials_file"; kNotFound or kUnavailable as io/file.h says.
Result<blob::S3Options> S3OptionsFrom(const config::S3& settings);

}  // namespace breakwater::app
