// The rows of the tree. Every function works in the transaction it is given. Internal to
// organization/.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "db/database.h"
#include "organization/model.h"

namespace breakwater::organization::store {

Status Insert(db::Transaction& tx, const Enterprise& enterprise);
Status Update(db::Transaction& tx, const Enterprise& enterprise);
// The one that an account founded or lies in.
Result<std::optional<Enterprise>> EnterpriseOf(db::Transaction& tx, const AccountId& account);

Status Insert(db::Transaction& tx, const AccountGroup& group);
Status Update(db::Transaction& tx, const AccountGroup& group);
// By id.
Result<std::vector<AccountGroup>> ListGroups(db::Transaction& tx, std::string_view enterprise,
                                             bool with_deleted);

Status InsertPlace(db::Transaction& tx, const MemberAccount& account);
Status UpdatePlace(db::Transaction& tx, const MemberAccount& account);
Result<std::optional<MemberAccount>> FindMember(db::Transaction& tx, const AccountId& id);
// By id.
Result<std::vector<MemberAccount>> ListMembers(db::Transaction& tx, std::string_view enterprise,
                                               bool with_deleted);
// Forgets what was deleted before, and was in the tree.
Status Sweep(db::Transaction& tx, Timestamp before);

Status Insert(db::Transaction& tx, const ResourceGroup& group);
Status Update(db::Transaction& tx, const ResourceGroup& group);
Status DeleteResourceGroup(db::Transaction& tx, std::string_view id);
Result<std::optional<ResourceGroup>> FindResourceGroup(db::Transaction& tx, std::string_view id);
// By name.
Result<std::vector<ResourceGroup>> ListResourceGroups(db::Transaction& tx,
                                                      const AccountId& account);

}  // namespace breakwater::organization::store
