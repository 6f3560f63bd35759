// How documents name what has a random id here: identities by who they are, groups by their names.
// Internal to iam/.
#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "db/database.h"
#include "iam/model.h"

namespace breakwater::iam {

// Thread-safe.
class ConfigurationNames {
 public:
  explicit ConfigurationNames(db::Database& database) : database_(database) {}

  // "owner" for the account's owner, "user:ADDRESS", "service_id:NAME", "profile:NAME"; and
  // "iam_id:ID", which only this installation understands, where that would not be unique.
  Result<std::string> NameOf(const AccountId& account, const IamId& iam_id) const;
  // What NameOf gave, here or elsewhere. kNotFound "not_found"; kInvalid.
  Result<IamId> Identity(const AccountId& account, std::string_view name) const;

  Result<std::string> GroupName(const AccountId& account, std::string_view id) const;
  Result<std::string> GroupId(const AccountId& account, std::string_view name) const;

  // "access_group:NAME", or what NameOf gives.
  Result<std::string> NameOf(const AccountId& account, const Subject& subject) const;
  Result<Subject> SubjectNamed(const AccountId& account, std::string_view name) const;

  db::Database& database() const { return database_; }

 private:
  db::Database& database_;
};

}  // namespace breakwater::iam
