// The table `upload`, for both kinds of UploadSessions. Every function works inside the caller's
// transaction.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "registry/upload_session.h"

namespace breakwater::registry {

Status InsertUpload(db::Transaction& tx, const UploadSession& session);
// Sessions by a condition on columns of `upload`, without hashes.
Result<std::vector<std::unique_ptr<UploadSession>>> ReadUploads(
    db::Transaction& tx, std::string_view condition, std::initializer_list<db::Param> params);
Status DeleteUpload(db::Transaction& tx, const std::string& id);

}  // namespace breakwater::registry
