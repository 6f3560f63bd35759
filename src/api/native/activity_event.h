// A record in the reference system's words: the activity event of ibm-registry 3.14.
#pragma once

#include "audit/record.h"
#include "json/json.h"

namespace breakwater::api::native {

json::Value ActivityEvent(const audit::Record& record);

}  // namespace breakwater::api::native
