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

// What became of one member of a request.
struct MemberOutcome {
  IamId iam_id;
  std::optional<Error> error;
};

// Thread-safe. The group of everybody (kPublicAccessGroup) is found and listed like the others;
// changing it is kConflict "group_fixed". Changing takes Administrator on iam-groups. Every change
// of members is judged and recorded for itself, so that one member's failure is not another's.
class AccessGroups {
 public:
  explicit AccessGroups(ChangeDeps deps) : deps_(deps) {}

  // kExists if the account has a group of this name.
  Result<AccessGroup> Create(const control::Caller& caller, const AccountId& account,
                             const NewGroup& wanted);
  Result<AccessGroup> Get(const AccountId& account, std::string_view id);
  Result<store::Listed<AccessGroup>> List(const AccountId& account,
                                          const store::GroupFilter& filter,
                                          const store::Page& page);
  Result<AccessGroup> Update(const control::Caller& caller, const AccountId& account,
                             std::string_view id, std::string_view if_match,
                             const GroupUpdate& update);
  // With its policies. A group with members: only with `force`, else kConflict "group_not_empty".
  Status Delete(const control::Caller& caller, const AccountId& account, std::string_view id,
                bool force);

  Status AddMember(const control::Caller& caller, const AccountId& account, std::string_view id,
                   const IamId& iam_id);
  Status RemoveMember(const control::Caller& caller, const AccountId& account, std::string_view id,
                      const IamId& iam_id);
  std::vector<MemberOutcome> AddMembers(const control::Caller& caller, const AccountId& account,
                                        std::string_view id, const std::vector<IamId>& members);
  std::vector<MemberOutcome> RemoveMembers(const control::Caller& caller, const AccountId& account,
                                           std::string_view id, const std::vector<IamId>& members);
  Result<bool> IsMember(const AccountId& account, std::string_view id, const IamId& iam_id);
  Result<store::Listed<Member>> ListMembers(const AccountId& account, std::string_view id,
                                            std::optional<control::IdentityKind> kind,
                                            const store::Page& page);

 private:
  ChangeDeps deps_;
};

}  // namespace breakwater::iam
