// A directory (OpenLDAP, Active Directory) as a source of people and their groups.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "iam/ldap/connection.h"
#include "iam/sign_in/source.h"

namespace breakwater::iam::ldap {

struct DirectoryOptions {
  std::string name;     // of the source
  std::string bind_dn;  // who searches; empty: nobody in particular
  Secret bind_password{};
  std::string user_base;
  std::string user_filter = "(&(objectClass=person)(uid={name}))";
  std::string group_base;  // empty: people have no groups
  std::string group_filter = "(&(objectClass=groupOfNames)(member={dn}))";
  std::string id_attribute;  // what stays when a name changes ("entryUUID"); empty: the DN
  std::string email_attribute = "mail";
  std::string first_name_attribute = "givenName";
  std::string last_name_attribute = "sn";
  std::string group_name_attribute = "cn";
  std::size_t most_groups = 500;
  std::size_t most_group_depth = 8;  // groups of groups of …
  std::size_t most_at_once = 8;      // questions of this process; others are refused at once
};

// kInvalid if no directory could be asked this way.
Status CheckOptions(const DirectoryOptions& options);

// Thread-safe. Each question has a connection and a deadline of its own. Claims of who is found:
// "groups" (names, nested ones too), "group_dns", "dn", "name", "email".
class Directory final : public PasswordSource {
 public:
  Directory(DirectoryOptions options, Connect connect)
      : options_(std::move(options)), connect_(std::move(connect)) {}

  std::string_view name() const override { return options_.name; }
  Result<std::optional<Person>> Check(std::string_view name, const Secret& password,
                                      const BeforeProof& before) override;
  Status PretendToRefuse(bool looked) override;
  Result<std::optional<Person>> LookUp(std::string_view subject) override;

 private:
  class Place;
  struct Groups {
    std::vector<std::string> names;
    std::vector<std::string> dns;
  };

  Result<std::unique_ptr<Connection>> Open();
  Result<std::optional<Entry>> FindOne(Connection& connection, Search search);
  Search UserSearch(std::string base, std::string filter) const;
  Result<Groups> GroupsOf(Connection& connection, const std::string& dn);
  // What somebody is called now and later.
  Result<std::string> SubjectOf(const Entry& entry) const;
  void PretendToBind(Connection& connection) const;
  Result<Person> Describe(Connection& connection, const Entry& entry);

  const DirectoryOptions options_;
  const Connect connect_;
  std::atomic<std::size_t> busy_{0};
};

}  // namespace breakwater::iam::ldap
