// Attachments in the database. Everything runs in the caller's transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "governance/attachment.h"

namespace breakwater::governance {

// What is attached.
enum class Attachable { kRule, kTemplate };

// Text columns back to a value; kDataCorrupt if they are not what was written.
Result<AttachmentDraft> AttachmentDraftFrom(const AccountId& account, std::string_view scope_type,
                                            std::string_view scope_id, std::string_view note,
                                            std::string_view excluded_json,
                                            std::string_view parameters_json);

Status InsertAttachment(db::Transaction& tx, Attachable what, const Attachment& attachment,
                        Timestamp now);
Status UpdateAttachment(db::Transaction& tx, Attachable what, const Attachment& attachment);
Status RemoveAttachment(db::Transaction& tx, Attachable what, const std::string& attachment_id);
Result<std::optional<Attachment>> SelectAttachment(db::Transaction& tx, Attachable what,
                                                   const std::string& owner,
                                                   const std::string& attachment_id);
// Oldest first.
Result<std::vector<Attachment>> SelectAttachments(db::Transaction& tx, Attachable what,
                                                  const std::string& owner);

}  // namespace breakwater::governance
