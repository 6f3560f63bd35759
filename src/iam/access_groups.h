// Access groups: who is in them has the rights of their policies.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iam/changes.h"

namespace breakwater::iam {

inline constexpr std::string_view kAddMember = "iam-groups.member.add";
control::Resource GroupResource(const AccountId& account, std::string_view id);

struct NewGroup {
  std::string name{};
  std::string description{};
};

// What a PATCH may change. Absent: as it is.
struct GroupUpdate {
  std::optional<std::string> name{};
  std::optional<std::string> description{};
};

// Whom to add. `kind` is what the caller takes them for; absent: whatever they are. With kUser, it
// may be a user whom the account does not know yet: who signs in from outside gets an account then.
struct NewMember {
  IamId iam_id;
  std::optional<control::IdentityKind> kind{};
};

// Which groups a sign-in may bring somebody into.
enum class Joining {
  kAny,
  kNoOther,  // than they are in: it can only take away
};

// What became of one member, or one group, of a request.
struct MemberOutcome {
  IamId iam_id;
  std::optional<Error> error;
};
struct GroupOutcome {
  std::string group;
  std::optional<Error> error;
};

struct NewGroupRule {
  std::string name{};
  std::string realm{};
  std::int64_t expiration_hours = 24;
  std::vector<ClaimCondition> conditions{};

  static constexpr std::int64_t kMaxHours = 24;
};

// Which groups to list.
struct GroupQuery {
  store::GroupFilter filter{};
  bool hide_public = false;
};

// Thread-safe. The group of everybody (kPublicAccessGroup) is found and listed like the others;
// changing it is kConflict "group_fixed". Changing takes Administrator on iam-groups. Every change
// of members is judged and recorded for itself, so that one member's failure is not another's.
// Members of groups are added by somebody, or by a rule when they sign in.
class AccessGroups {
 public:
  explicit AccessGroups(ChangeDeps deps) : deps_(deps) {}

  // kExists if the account has a group of this name.
  Result<AccessGroup> Create(const control::Caller& caller, const AccountId& account,
                             const NewGroup& wanted);
  Result<AccessGroup> Get(const AccountId& account, std::string_view id);
  Result<store::Listed<AccessGroup>> List(const AccountId& account, const GroupQuery& query,
                                          const store::Page& page);
  Result<AccessGroup> Update(const control::Caller& caller, const AccountId& account,
                             std::string_view id, std::string_view if_match,
                             const GroupUpdate& update);
  // With its policies. A group with members: only with `force`, else kConflict "group_not_empty".
  Status Delete(const control::Caller& caller, const AccountId& account, std::string_view id,
                bool force);

  // kExists "member_exists"; kInvalid "member_type" if it is of another kind.
  Status AddMember(const control::Caller& caller, const AccountId& account, std::string_view id,
                   const NewMember& member);
  Status RemoveMember(const control::Caller& caller, const AccountId& account, std::string_view id,
                      const IamId& iam_id);
  std::vector<MemberOutcome> AddMembers(const control::Caller& caller, const AccountId& account,
                                        std::string_view id, const std::vector<NewMember>& members);
  std::vector<MemberOutcome> RemoveMembers(const control::Caller& caller, const AccountId& account,
                                           std::string_view id, const std::vector<IamId>& members);
  // Adds one identity to several groups; being in one already is no failure here.
  std::vector<GroupOutcome> AddToGroups(const control::Caller& caller, const AccountId& account,
                                        const NewMember& member,
                                        const std::vector<std::string>& groups);
  // Removes it from all groups it was added to; kNotFound if there are none.
  Result<std::vector<GroupOutcome>> RemoveFromAllGroups(const control::Caller& caller,
                                                        const AccountId& account,
                                                        const IamId& iam_id);
  Result<bool> IsMember(const AccountId& account, std::string_view id, const IamId& iam_id);
  Result<store::Listed<Member>> ListMembers(const AccountId& account, std::string_view id,
                                            const store::MemberFilter& filter,
                                            const store::Page& page);

  // --- Rules ---
  Result<GroupRule> CreateRule(const control::Caller& caller, const AccountId& account,
                               std::string_view group, const NewGroupRule& wanted);
  Result<GroupRule> GetRule(const AccountId& account, std::string_view group, std::string_view id);
  Result<std::vector<GroupRule>> ListRules(const AccountId& account, std::string_view group);
  // A rule that says something else gives nobody anything until they sign in again.
  Result<GroupRule> ReplaceRule(const control::Caller& caller, const AccountId& account,
                                std::string_view group, std::string_view id,
                                std::string_view if_match, const NewGroupRule& wanted);
  Status DeleteRule(const control::Caller& caller, const AccountId& account, std::string_view group,
                    std::string_view id);
  // What the rules of an identity provider (`realm`) make of somebody's claims: they are in the
  // groups of those that hold, until their time is over, and no longer in those of others. Called
  // in the transaction of their sign-in. Whether they are in others than before.
  Result<bool> RefreshDynamic(db::Transaction& tx, const AccountId& account, const IamId& iam_id,
                              std::string_view realm, const json::Object& claims,
                              Joining joining = Joining::kAny);

  // --- The group of everybody ---
  Result<PublicAccess> GetPublicAccess(const AccountId& account);
  // Off: as in the reference system, its policies are deleted.
  Result<PublicAccess> SetPublicAccess(const control::Caller& caller, const AccountId& account,
                                       bool enabled);

 private:
  ChangeDeps deps_;
};

}  // namespace breakwater::iam
