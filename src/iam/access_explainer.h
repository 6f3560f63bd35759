// "May X do A on R, and why?" and "who may?": the layers of a decision, told in the order in which
// Authorizer asks them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iam/authorizer.h"
#include "iam/explain.h"

namespace breakwater::iam {

struct AccessReport {
  struct Layer {
    std::string name;  // "identity", "owner", "self", "policy", "account", "settings", "iam_authz",
                       // "restrictions", "grants"
    std::string outcome;  // "allows", "refuses", "passes" (has nothing against it)
    std::string text;     // in words; may be empty
  };
  Identity identity;
  bool allowed = false;
  std::string layer;          // the one that decided
  std::vector<Layer> layers;  // as far as they were asked
  Explanation explanation;
};

// By which path somebody may.
struct AccessPath {
  std::string kind;    // "owner", "policy", "group"
  std::string policy;  // id; empty for the owner
  std::string group;   // "group": its id
  std::optional<RoleRef> role;
};
struct WhoMay {
  IamId iam_id;
  control::IdentityKind kind = control::IdentityKind::kUser;
  std::string name;
  std::vector<AccessPath> paths;
};
struct WhoCan {
  std::vector<WhoMay> identities;     // by iam_id
  std::optional<IamId> next;          // more come behind this one
  std::vector<AccessPath> everybody;  // by which everybody may, signed in or not
  // Every member of the account may: the registry asks no policies (iam_authz is off), or the
  // account's settings say so.
  bool every_member = false;
};

// Thread-safe. Restrictions on from where a service may be used are part of a report, for the
// origin asked about, and not of WhoCan, which knows of no origin.
class AccessExplainer {
 public:
  AccessExplainer(db::Database& database, AccessCache& cache, AccessMode& mode, const Clock& clock)
      : database_(database), cache_(cache), mode_(mode), clock_(clock) {}

  // `who` is asked about as if they came from its origin, with its grants. Nobody: the public.
  // kNotFound "identity_unknown" if they are not in the account.
  Result<AccessReport> Explain(const AccountId& account, const control::Caller& who,
                               std::string_view action, const control::Resource& resource);
  // At most `limit` identities behind `after`.
  Result<WhoCan> FindWhoCan(const AccountId& account, std::string_view action,
                            const control::Resource& resource, const IamId& after,
                            std::int64_t limit);

 private:
  Result<bool> WithoutPolicies(std::string_view action, const control::Resource& resource);

  db::Database& database_;
  AccessCache& cache_;
  AccessMode& mode_;
  const Clock& clock_;
};

}  // namespace breakwater::iam
