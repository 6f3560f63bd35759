#include <algorithm>
#include <functional>
#include <span>
#include <utility>

#include "base/check.h"
#include "iam/store.h"
#include "iam/store_sql.h"
#include "json/reader.h"

namespace breakwater::iam::store {
namespace {

constexpr std::string_view kPolicyColumns =
    "SELECT id, account_id, subject_kind, subject, description, roles, attributes, created_at, "
    "created_by, modified_at, modified_by, version, tags, pattern, rule, deleted_at "
    "FROM iam_policy ";
constexpr std::string_view kRoleColumns =
    "SELECT id, account_id, name, service, display_name, description, actions, created_at, "
    "created_by, modified_at, modified_by, version FROM iam_custom_role ";
constexpr std::size_t kMaxActions = 1024;
constexpr std::size_t kSubjectsAtOnce = 64;

Result<Policy> MakePolicy(const db::Row& row) {
  Policy policy;
  policy.id = row.String(0);
  policy.account = AccountId(row.String(1));
  policy.subject = {row.Text(2) == "iam_id" ? SubjectKind::kIdentity : SubjectKind::kAccessGroup,
                    row.String(3)};
  policy.description = row.String(4);
  BW_TRY(policy.roles, RolesFromJson(row.Text(5)));
  BW_TRY(policy.attributes, AttributesFromJson(row.Text(6)));
  policy.created = row.Time(7);
  policy.created_by = IamId(row.String(8));
  policy.modified = row.Time(9);
  policy.modified_by = IamId(row.String(10));
  policy.version = row.Int(11);
  if (row.Text(12) != "[]") {
    BW_TRY(policy.tags, TagsFromJson(row.Text(12)));
  }
  policy.pattern = row.String(13);
  if (!row.Text(14).empty()) {
    BW_TRY(policy.rule, ParseRule(row.Text(14)));
  }
  policy.deleted = row.OptionalTime(15);
  return policy;
}

Result<CustomRole> MakeRole(const db::Row& row) {
  CustomRole role{.id = row.String(0),
                  .account = AccountId(row.String(1)),
                  .name = row.String(2),
                  .service = row.String(3),
                  .display_name = row.String(4),
                  .description = row.String(5),
                  .actions = {},
                  .created = row.Time(7),
                  .created_by = IamId(row.String(8)),
                  .modified = row.Time(9),
                  .modified_by = IamId(row.String(10)),
                  .version = row.Int(11)};
  BW_TRY(const json::Value document, json::Parse(row.Text(6)));
  const json::Reader reader(document);
  role.actions = reader.Strings(kMaxActions);
  BW_TRY_STATUS(reader.Finish());
  return role;
}

std::string ActionsText(const CustomRole& role) {
  json::Array actions;
  for (const std::string& action : role.actions) actions.push_back(json::Text(action));
  return json::Serialize(actions);
}

std::string RuleText(const Policy& policy) {
  return policy.rule ? json::Serialize(ToJson(*policy.rule)) : std::string();
}

// What no two policies of an account may have in common: a deleted one stands in nobody's way.
std::string UniqueText(const Policy& policy) {
  return policy.deleted ? "deleted/" + policy.id : Fingerprint(policy);
}

std::string ValueOf(const Policy& policy, std::string_view attribute) {
  const PolicyAttribute* found = FindAttribute(policy, attribute);
  return found == nullptr ? std::string() : found->value;
}

// Those of up to kSubjectsAtOnce subjects of a kind. In no order: asked for one, SQLite would go
// through all of the account's policies in it instead of to those of the subjects.
Status AddPoliciesOf(db::Transaction& tx, const AccountId& account, SubjectKind kind,
                     std::span<const std::string> subjects, std::vector<Policy>* into) {
  std::vector<db::Param> params{account, ToString(kind)};
  std::string places;
  for (const std::string& subject : subjects) {
    params.emplace_back(subject);
    places += (places.empty() ? "$" : ", $") + std::to_string(params.size());
  }
  return tx.QueryWith(
      Sql(kPolicyColumns, "WHERE account_id = $1 AND subject_kind = $2 AND subject IN (" + places +
                              ") AND deleted_at IS NULL"),
      params, [&](const db::Row& row) -> Status {
        BW_TRY(auto policy, MakePolicy(row));
        into->push_back(std::move(policy));
        return Ok();
      });
}

bool HasTag(const Policy& policy, const PolicyFilter& filter) {
  if (filter.tag_name.empty() && filter.tag_value.empty()) return true;
  return std::any_of(policy.tags.begin(), policy.tags.end(), [&](const PolicyTag& tag) {
    return (filter.tag_name.empty() || tag.name == filter.tag_name) &&
           (filter.tag_value.empty() || tag.value == filter.tag_value);
  });
}

constexpr std::string_view kPlatformService =
    "(service_name LIKE 'iam-%' OR service_name IN ('user-management', 'breakwater', "
    "'context-based-restrictions', 'enterprise', 'resource-controller'))";

// One list, piece by piece. The text holds only the conditions there are, so that each has its
// index.
class PolicyQuery {
 public:
  PolicyQuery(const AccountId& account, const PolicyFilter& filter, const PolicyPage& page)
      : account_(account), filter_(filter), page_(page), after_(page.after) {}

  // The next run goes on behind this one; the present one still reads its parameters.
  void After(const Policy& policy) { next_ = PlaceOf(policy, page_.order); }

  Status Run(db::Transaction& tx, const std::function<Status(const db::Row&)>& take) {
    params_.clear();
    if (next_) after_ = std::exchange(next_, std::nullopt);
    std::string sql = Sql(kPolicyColumns, "WHERE account_id = " + Add(account_)) +
                      " AND deleted_at IS " + (filter_.deleted ? "NOT NULL" : "NULL");
    if (filter_.subject) {
      sql += " AND subject_kind = " + Add(ToString(filter_.subject->kind));
      sql += " AND subject = " + Add(filter_.subject->id);
    }
    if (!filter_.service_name.empty()) sql += " AND service_name = " + Add(filter_.service_name);
    if (filter_.service_type) sql += OfType(*filter_.service_type);
    if (!filter_.service_group.empty()) {
      sql += " AND replace(attributes, " + Add("\"service_group_id\"") + ", '') <> attributes";
    }
    if (!filter_.tag_name.empty() || !filter_.tag_value.empty()) sql += " AND tags <> '[]'";
    sql += Place();
    sql += " LIMIT " + Add(page_.limit);
    return tx.QueryWith(sql, params_, take);
  }

 private:
  std::string Add(db::Param param) {
    params_.push_back(param);
    return "$" + std::to_string(params_.size());
  }

  static std::string OfType(ServiceType type) {
    const std::string platform(kPlatformService);
    if (type == ServiceType::kPlatformService) {
      return " AND (service_type = 'platform_service' OR (service_type = '' AND " + platform + "))";
    }
    return " AND (service_type = 'service' OR (service_type = '' AND service_name <> '' AND NOT " +
           platform + "))";
  }

  std::string Place() {
    const std::string_view column = ColumnOf(page_.order);
    const std::string order = page_.descending ? " DESC" : "";
    std::string sql;
    if (after_) {
      sql = " AND (" + std::string(column) + ", id) " + (page_.descending ? "<" : ">") + " (" +
            (after_->number ? Add(*after_->number) : Add(after_->text)) + ", " + Add(after_->id) +
            ")";
    }
    // A subject has few policies: they are found by it, and put in order then. By the name of the
    // column alone, SQLite would go through all of the account's in that order.
    const bool number =
        page_.order == PolicyOrder::kCreated || page_.order == PolicyOrder::kModified;
    const std::string first = filter_.subject
                                  ? "(" + std::string(column) + (number ? " + 0)" : " || '')")
                                  : std::string(column);
    return sql + " ORDER BY " + first + order + ", id" + order;
  }

  static std::string_view ColumnOf(PolicyOrder order) {
    switch (order) {
      case PolicyOrder::kId: return "id";
      case PolicyOrder::kCreated: return "created_at";
      case PolicyOrder::kCreatedBy: return "created_by";
      case PolicyOrder::kModified: return "modified_at";
      case PolicyOrder::kModifiedBy: return "modified_by";
    }
    BW_UNREACHABLE();
  }

  const AccountId& account_;
  const PolicyFilter& filter_;
  const PolicyPage& page_;
  std::optional<PolicyPlace> after_;
  std::optional<PolicyPlace> next_;
  std::vector<db::Param> params_;
};

}  // namespace

PolicyPlace PlaceOf(const Policy& policy, PolicyOrder order) {
  PolicyPlace place{.number = std::nullopt, .text = {}, .id = policy.id};
  switch (order) {
    case PolicyOrder::kId: place.text = policy.id; break;
    case PolicyOrder::kCreated: place.number = ToMicros(policy.created); break;
    case PolicyOrder::kCreatedBy: place.text = policy.created_by.value(); break;
    case PolicyOrder::kModified: place.number = ToMicros(policy.modified); break;
    case PolicyOrder::kModifiedBy: place.text = policy.modified_by.value(); break;
  }
  return place;
}

Status InsertPolicy(db::Transaction& tx, const Policy& p) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO iam_policy (id, account_id, subject_kind, subject, description, roles, "
      "attributes, fingerprint, created_at, created_by, modified_at, modified_by, version, tags, "
      "pattern, rule, deleted_at, service_name, service_type) VALUES ($1, $2, $3, $4, $5, $6, $7, "
      "$8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
      {p.id, p.account, ToString(p.subject.kind), p.subject.id, p.description,
       json::Serialize(RolesToJson(p.roles)), json::Serialize(AttributesToJson(p.attributes)),
       UniqueText(p), p.created, p.created_by, p.modified, p.modified_by, p.version,
       json::Serialize(TagsToJson(p.tags)), p.pattern, RuleText(p), p.deleted,
       ValueOf(p, "serviceName"), ValueOf(p, "serviceType")}));
  return Ok();
}

Status UpdatePolicy(db::Transaction& tx, const Policy& p) {
  BW_TRY_STATUS(tx.Execute(
      "UPDATE iam_policy SET subject_kind = $2, subject = $3, description = $4, roles = $5, "
      "attributes = $6, fingerprint = $7, modified_at = $8, modified_by = $9, version = $10, "
      "tags = $11, pattern = $12, rule = $13, deleted_at = $14, service_name = $15, "
      "service_type = $16 WHERE id = $1",
      {p.id, ToString(p.subject.kind), p.subject.id, p.description,
       json::Serialize(RolesToJson(p.roles)), json::Serialize(AttributesToJson(p.attributes)),
       UniqueText(p), p.modified, p.modified_by, p.version, json::Serialize(TagsToJson(p.tags)),
       p.pattern, RuleText(p), p.deleted, ValueOf(p, "serviceName"), ValueOf(p, "serviceType")}));
  return Ok();
}

Status DeletePolicy(db::Transaction& tx, std::string_view id) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_policy WHERE id = $1", {id}));
  return Ok();
}

Result<std::optional<Policy>> FindPolicy(db::Transaction& tx, std::string_view id) {
  return tx.QueryOne(Sql(kPolicyColumns, "WHERE id = $1"), {id}, MakePolicy);
}

Result<std::optional<Policy>> FindPolicyByFingerprint(db::Transaction& tx, const AccountId& account,
                                                      std::string_view fingerprint) {
  return tx.QueryOne(Sql(kPolicyColumns, "WHERE account_id = $1 AND fingerprint = $2"),
                     {account, fingerprint}, MakePolicy);
}

Result<std::int64_t> CountPolicies(db::Transaction& tx, const AccountId& account,
                                   const std::optional<Subject>& subject) {
  if (!subject) {
    return Number(tx,
                  "SELECT count(*) FROM iam_policy WHERE account_id = $1 AND deleted_at IS NULL",
                  {account});
  }
  return Number(tx,
                "SELECT count(*) FROM iam_policy WHERE account_id = $1 AND subject_kind = $2 AND "
                "subject = $3 AND deleted_at IS NULL",
                {account, ToString(subject->kind), subject->id});
}

Result<std::vector<Policy>> ListPolicies(db::Transaction& tx, const AccountId& account,
                                         const PolicyFilter& filter, const PolicyPage& page) {
  PolicyQuery query(account, filter, page);
  std::vector<Policy> policies;
  // Tags are looked at here: a page is filled by as many pieces as that takes.
  for (bool more = true; more;) {
    std::int64_t rows = 0;
    BW_TRY_STATUS(query.Run(tx, [&](const db::Row& row) -> Status {
      BW_TRY(auto policy, MakePolicy(row));
      ++rows;
      query.After(policy);
      const bool enough = static_cast<std::int64_t>(policies.size()) == page.limit;
      if (!enough && HasTag(policy, filter)) policies.push_back(std::move(policy));
      return Ok();
    }));
    more = rows == page.limit && static_cast<std::int64_t>(policies.size()) < page.limit;
  }
  return policies;
}

Status PurgeDeletedPolicies(db::Transaction& tx, const AccountId& account, Timestamp before,
                            std::int64_t keep) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_policy WHERE account_id = $1 AND deleted_at < $2",
                           {account, before}));
  BW_TRY_STATUS(tx.Execute(
      "DELETE FROM iam_policy WHERE id IN (SELECT id FROM iam_policy WHERE account_id = $1 AND "
      "deleted_at IS NOT NULL ORDER BY deleted_at DESC, id LIMIT 1000 OFFSET $2)",
      {account, keep}));
  return Ok();
}

Result<std::vector<Policy>> PoliciesFor(db::Transaction& tx, const AccountId& account,
                                        const IamId& iam_id,
                                        const std::vector<std::string>& groups) {
  std::vector<Policy> policies;
  if (!iam_id.empty()) {
    const std::string subject = iam_id.value();
    BW_TRY_STATUS(AddPoliciesOf(tx, account, SubjectKind::kIdentity, {&subject, 1}, &policies));
  }
  for (std::span<const std::string> rest = groups; !rest.empty();) {
    const auto some = rest.first(std::min(rest.size(), kSubjectsAtOnce));
    BW_TRY_STATUS(AddPoliciesOf(tx, account, SubjectKind::kAccessGroup, some, &policies));
    rest = rest.subspan(some.size());
  }
  std::sort(policies.begin(), policies.end(),
            [](const Policy& a, const Policy& b) { return a.id < b.id; });
  return policies;
}

Result<std::vector<Policy>> AllPolicies(db::Transaction& tx, const AccountId& account) {
  return tx.QueryAll(
      Sql(kPolicyColumns, "WHERE account_id = $1 AND deleted_at IS NULL ORDER BY id"), {account},
      MakePolicy);
}

Result<std::optional<Named>> FindNamed(db::Transaction& tx, const AccountId& account,
                                       const IamId& iam_id) {
  BW_TRY(const auto user, FindUser(tx, iam_id));
  if (user && user->account == account) {
    const bool active = user->state == UserState::kActive || user->state == UserState::kPending;
    return std::optional(Named{control::IdentityKind::kUser, DisplayName(*user), active});
  }
  BW_TRY(const auto service_id, FindServiceIdByIamId(tx, iam_id));
  if (service_id && service_id->account == account) {
    return std::optional(Named{control::IdentityKind::kServiceId, service_id->name, true});
  }
  BW_TRY(const auto profile, FindProfileByIamId(tx, iam_id));
  if (profile && profile->account == account) {
    return std::optional(Named{control::IdentityKind::kProfile, profile->name, true});
  }
  return std::optional<Named>{};
}

Result<std::vector<IamId>> MembersBehind(db::Transaction& tx, std::string_view group,
                                         const IamId& after, std::int64_t limit, Timestamp now) {
  return tx.QueryAll(
      "SELECT iam_id FROM (SELECT iam_id FROM iam_group_member WHERE group_id = $1 AND iam_id > $2 "
      "UNION SELECT iam_id FROM iam_group_dynamic WHERE group_id = $1 AND iam_id > $2 AND "
      "expires_at > $3) AS m ORDER BY iam_id LIMIT $4",
      {group, after, now, limit}, [](const db::Row& row) { return IamId(row.String(0)); });
}

Status InsertCustomRole(db::Transaction& tx, const CustomRole& r) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO iam_custom_role (id, account_id, name, service, display_name, description, "
      "actions, created_at, created_by, modified_at, modified_by, version) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
      {r.id, r.account, r.name, r.service, r.display_name, r.description, ActionsText(r), r.created,
       r.created_by, r.modified, r.modified_by, r.version}));
  return Ok();
}

Status UpdateCustomRole(db::Transaction& tx, const CustomRole& r) {
  BW_TRY_STATUS(tx.Execute(
      "UPDATE iam_custom_role SET display_name = $2, description = $3, actions = $4, "
      "modified_at = $5, modified_by = $6, version = $7 WHERE id = $1",
      {r.id, r.display_name, r.description, ActionsText(r), r.modified, r.modified_by, r.version}));
  return Ok();
}

Status DeleteCustomRole(db::Transaction& tx, std::string_view id) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_custom_role WHERE id = $1", {id}));
  return Ok();
}

Result<std::optional<CustomRole>> FindCustomRole(db::Transaction& tx, std::string_view id) {
  return tx.QueryOne(Sql(kRoleColumns, "WHERE id = $1"), {id}, MakeRole);
}

Result<std::optional<CustomRole>> FindCustomRoleByName(db::Transaction& tx,
                                                       const AccountId& account,
                                                       std::string_view name) {
  return tx.QueryOne(Sql(kRoleColumns, "WHERE account_id = $1 AND name = $2"), {account, name},
                     MakeRole);
}

Result<std::vector<CustomRole>> AllCustomRoles(db::Transaction& tx, const AccountId& account) {
  return tx.QueryAll(Sql(kRoleColumns, "WHERE account_id = $1 ORDER BY name"), {account}, MakeRole);
}

Result<std::optional<std::string>> PolicyWithRole(db::Transaction& tx, const AccountId& account,
                                                  const RoleRef& role) {
  const std::string name = "\"" + ToString(role) + "\"";
  return tx.QueryOne(
      "SELECT id FROM iam_policy WHERE account_id = $1 AND deleted_at IS NULL AND "
      "replace(roles, $2, '') <> roles ORDER BY id LIMIT 1",
      {account, name}, [](const db::Row& row) { return row.String(0); });
}

}  // namespace breakwater::iam::store
