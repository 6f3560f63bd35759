// The rows of zones and restrictions. Every function works in the transaction it is given.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "db/database.h"
#include "iam/restrictions.h"

namespace breakwater::iam::store {

Status InsertZone(db::Transaction& tx, const Zone& zone);
Status UpdateZone(db::Transaction& tx, const Zone& zone);
Status DeleteZone(db::Transaction& tx, std::string_view id);
Result<std::optional<Zone>> FindZone(db::Transaction& tx, std::string_view id);
// By name, and then by id.
Result<std::vector<Zone>> ListZones(db::Transaction& tx, const AccountId& account);

Status InsertRestriction(db::Transaction& tx, const Restriction& rule);
Status UpdateRestriction(db::Transaction& tx, const Restriction& rule);
Status DeleteRestriction(db::Transaction& tx, std::string_view id);
Result<std::optional<Restriction>> FindRestriction(db::Transaction& tx, std::string_view id);
// By id.
Result<std::vector<Restriction>> ListRestrictions(db::Transaction& tx, const AccountId& account);

// What the account's requests are judged by.
Result<Restrictions> ReadRestrictions(db::Transaction& tx, const AccountId& account);

}  // namespace breakwater::iam::store
