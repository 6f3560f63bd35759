// Attaching rules and templates to parts of the tree, along the one path for change.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "control/change.h"
#include "control/hierarchy.h"
#include "db/database.h"
#include "governance/attachment_store.h"

namespace breakwater::governance {

// What changing a rule or a template takes beside its own right while it is attached (ibm-scc 0.6).
inline constexpr std::string_view kChangeAttached =
    "compliance.configuration-governance.attachments-update";
// In the transaction of such a change: `may` if `what` is attached there. Whether the caller may is
// asked before it, for the authorizer reads for itself.
Status CheckAttached(db::Transaction& tx, Attachable what, const std::string& id,
                     const Status& may);

// Thread-safe. An owner that the account does not have is kNotFound. `expected` as in Governance.
class Attachments {
 public:
  // Asked in each transaction that attaches something, after the drafts were found to be sound:
  // whether the owner may be attached so. `replaced` is the attachment that goes, or "".
  using Accept = std::function<Status(db::Transaction& tx, const std::string& owner,
                                      const std::vector<AttachmentDraft>& drafts,
                                      const std::string& replaced)>;
  struct Kind {
    Attachable what = Attachable::kRule;
    std::string resource_kind;  // "rule"
    std::string actions;        // "compliance.configuration-governance.attachments-"
    // kNotFound unless the account has the owner.
    std::function<Status(db::Transaction&, const AccountId&, const std::string&)> must_exist;
    Accept accept;
    // What is to be told of each change.
    std::function<Result<std::vector<jobs::Event>>(db::Transaction&, const AccountId&,
                                                   const std::string& owner)>
        events;
  };

  Attachments(db::Database& database, const Clock& clock, control::ChangePath& changes,
              const control::Hierarchy& hierarchy, AttachmentLimits limits, Kind kind)
      : database_(database),
        clock_(clock),
        changes_(changes),
        hierarchy_(hierarchy),
        limits_(limits),
        kind_(std::move(kind)) {}

  // All of them or none. kInvalid with reason "attachment_error" or "limit_exceeded".
  Result<std::vector<Attachment>> Attach(const control::Caller& caller, const AccountId& account,
                                         const std::string& owner,
                                         const std::vector<AttachmentDraft>& drafts);
  // Oldest first.
  Result<std::vector<Attachment>> List(const AccountId& account, const std::string& owner) const;
  Result<Attachment> Find(const AccountId& account, const std::string& owner,
                          const std::string& attachment_id) const;
  Result<Attachment> Replace(const control::Caller& caller, const std::string& owner,
                             const std::string& attachment_id,
                             const std::optional<std::string>& expected,
                             const AttachmentDraft& draft);
  Status Detach(const control::Caller& caller, const AccountId& account, const std::string& owner,
                const std::string& attachment_id);

 private:
  using Apply = std::function<Result<control::Effect>(db::Transaction&)>;

  // Sound drafts of an owner that is there, accepted.
  Status Admit(db::Transaction& tx, const AccountId& account, const std::string& owner,
               const std::vector<AttachmentDraft>& drafts, const std::string& replaced) const;
  Result<control::Effect> EffectOf(db::Transaction& tx, const AccountId& account,
                                   const std::string& owner, json::Value before,
                                   json::Value after) const;
  Status Submit(const control::Caller& caller, std::string_view verb, const AccountId& account,
                const std::string& owner, const Apply& apply);

  db::Database& database_;
  const Clock& clock_;
  control::ChangePath& changes_;
  const control::Hierarchy& hierarchy_;
  const AttachmentLimits limits_;
  const Kind kind_;
};

// kPrecondition "version_mismatch" if a version is expected and it is another one by now.
Status CheckVersion(const std::optional<std::string>& expected, const std::string& version);
Error LimitExceeded(std::string what);

}  // namespace breakwater::governance
