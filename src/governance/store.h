// Rules and attachments in the database. Everything runs in the caller's transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "db/database.h"
#include "governance/rule.h"

namespace breakwater::governance {

// Text columns back to values; kDataCorrupt if they are not what was written.
Result<json::Value> ParseStored(std::string_view text);
Result<std::vector<Action>> ActionsFrom(std::string_view json_array);
Result<AttachmentDraft> AttachmentDraftFrom(const AccountId& account, std::string_view scope_type,
                                            std::string_view scope_id, std::string_view note,
                                            std::string_view excluded_json);

Status InsertRule(db::Transaction& tx, const Rule& rule, const condition::ResourceType& type);
Status UpdateRule(db::Transaction& tx, const Rule& rule, const condition::ResourceType& type);
// With its attachments.
Status RemoveRule(db::Transaction& tx, const std::string& rule_id);
// Nothing if the account has no such rule.
Result<std::optional<Rule>> SelectRule(db::Transaction& tx, const AccountId& account,
                                       const std::string& rule_id);
// Oldest first.
Result<std::vector<Rule>> SelectRules(db::Transaction& tx, const AccountId& account);
Result<std::int64_t> CountRules(db::Transaction& tx, const AccountId& account);

Status InsertAttachment(db::Transaction& tx, const Attachment& attachment, Timestamp now);
Status UpdateAttachment(db::Transaction& tx, const Attachment& attachment);
Status RemoveAttachment(db::Transaction& tx, const std::string& attachment_id);
Result<std::optional<Attachment>> SelectAttachment(db::Transaction& tx, const std::string& rule_id,
                                                   const std::string& attachment_id);
// Oldest first.
Result<std::vector<Attachment>> SelectAttachments(db::Transaction& tx, const std::string& rule_id);

}  // namespace breakwater::governance
