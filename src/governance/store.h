// Rules in the database. Everything runs in the caller's transaction.
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

}  // namespace breakwater::governance
