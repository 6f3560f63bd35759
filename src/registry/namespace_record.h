// What the record of a namespace's end says of what goes with it, for nothing else will. Internal
// to registry/.
#pragma once

#include "base/result.h"
#include "db/database.h"
#include "json/json.h"
#include "registry/namespaces.h"

namespace breakwater::registry {

// Each setting that it has a value of its own for, by its table. Of what there may be many, their
// number and the first.
Result<json::Value> SettingsToRecord(db::Transaction& tx, const Namespace& name_space);
// Numbers, and the first of its images, with their tags: "ns/app:v1@sha256:…".
Result<json::Value> ContentToRecord(db::Transaction& tx, const Namespace& name_space);

}  // namespace breakwater::registry
