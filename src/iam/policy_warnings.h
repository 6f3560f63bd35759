// Why a policy can match nothing, as things are: told to who makes it, who may still mean it (a
// policy may come before the namespace it is about). What can never match is refused (CheckPolicy).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "db/database.h"
#include "iam/model.h"

namespace breakwater::iam {

// What there is in an account that policies can name. Sorted.
struct Surroundings {
  struct Registry {
    std::string name;
    std::string region;
  };
  std::vector<Registry> registries;
  std::vector<std::string> namespaces;       // of any registry
  std::vector<std::string> resource_groups;  // that some namespace is in
};

// Implemented where namespaces and registries are known. Thread-safe.
class SurroundingsSource {
 public:
  virtual ~SurroundingsSource() = default;
  virtual Result<Surroundings> Of(const AccountId& account) = 0;
};

// Each in words. `subject_known`: the subject is in the account. Pure.
std::vector<std::string> FindWarnings(const Policy& policy,
                                      std::span<const CustomRole> custom_roles,
                                      const Surroundings& surroundings, bool subject_known,
                                      Timestamp now);

// Thread-safe.
class PolicyWarnings {
 public:
  PolicyWarnings(db::Database& database, SurroundingsSource& surroundings, const Clock& clock)
      : database_(database), surroundings_(surroundings), clock_(clock) {}

  // One list for each policy; all of one account.
  Result<std::vector<std::vector<std::string>>> Of(const AccountId& account,
                                                   std::span<const Policy> policies);

 private:
  db::Database& database_;
  SurroundingsSource& surroundings_;
  const Clock& clock_;
};

}  // namespace breakwater::iam
