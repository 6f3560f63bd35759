#include "organization/organization.h"

#include <algorithm>
#include <iterator>

#include "control/hierarchy.h"
#include "iam/account_setup.h"
#include "iam/api_keys.h"
#include "iam/changes.h"
#include "iam/identity_facts.h"
#include "organization/store.h"

namespace breakwater::organization {
namespace {

using iam::NoSuch;

constexpr std::size_t kDomainOctets = 253;

Origin OriginNow(const control::Caller& caller, Timestamp now) {
  return {.created = now,
          .created_by = caller.actor.iam_id,
          .modified = now,
          .modified_by = caller.actor.iam_id};
}

void Touch(Origin& origin, const control::Caller& caller, Timestamp now) {
  origin.modified = now;
  origin.modified_by = caller.actor.iam_id;
}

Status CheckDomain(std::string_view domain) {
  if (domain.size() <= kDomainOctets &&
      domain.find_first_of(" \t\r\n/@") == std::string_view::npos) {
    return Ok();
  }
  return Invalid("domain must be a domain name").Reason("invalid_field");
}

Result<iam::User> UserOf(db::Transaction& tx, const AccountId& account, const IamId& iam_id,
                         std::string_view field) {
  BW_TRY(const auto user, iam::store::FindUser(tx, iam_id));
  if (user && user->account == account) return *user;
  return Invalid(std::string(field) + " must be the IAM ID of a user of your account")
      .Reason("invalid_field");
}

Result<std::string> ParentIn(const Tree& tree, std::string_view crn_or_id) {
  std::string node = NodeOf(crn_or_id);
  if (tree.Has(node)) return node;
  return Invalid("parent must be the CRN of the enterprise or of one of its account groups")
      .Reason("invalid_field");
}

control::Effect EffectOf(json::Value before, json::Value after) {
  return {.before = std::move(before), .after = std::move(after), .governed = {}, .events = {}};
}

// Rules and templates are inherited along the tree.
Status TellTreeChanged(db::Transaction& tx, const AccountId& founder, control::Effect& effect) {
  effect.events.push_back(
      {std::string(control::kTreeChanged), {{"account", json::Text(founder.value())}}});
  return control::TouchScopes(tx);
}

Error NotEmpty(std::string_view what) {
  return Conflict("there is something below it or in it: " + std::string(what)).Reason("not_empty");
}

struct ServiceIdWithKey {
  iam::ServiceId service_id;
  iam::PreparedApiKey key;
};

Result<ServiceIdWithKey> PlanServiceId(const iam::NewAccount& plan, const iam::KeyHasher& hasher,
                                       Timestamp now) {
  ServiceIdWithKey made;
  made.service_id.id = "ServiceId-" + NewUuid();
  made.service_id.iam_id = IamId("iam-" + made.service_id.id);
  made.service_id.account = plan.account.id;
  made.service_id.name = "Administrator";
  made.service_id.description = "Made with the account";
  made.service_id.created = made.service_id.modified = now;
  iam::NewApiKey wanted;
  wanted.name = "Administrator";
  wanted.description = "Made with the account";
  BW_TRY(made.key, iam::PrepareApiKey(wanted, plan.account.id, made.service_id.iam_id,
                                      plan.account.owner, hasher, now));
  return made;
}

Status StoreServiceId(db::Transaction& tx, const iam::NewAccount& plan,
                      const ServiceIdWithKey& made, Timestamp now) {
  BW_TRY_STATUS(iam::store::InsertServiceId(tx, made.service_id));
  BW_TRY_STATUS(iam::store::InsertMember(tx, plan.administrators.id,
                                         {.iam_id = made.service_id.iam_id,
                                          .kind = control::IdentityKind::kServiceId,
                                          .created = now,
                                          .created_by = plan.account.owner,
                                          .name = {},
                                          .email = {}}));
  return iam::StoreApiKey(tx, made.key, iam::Limits());
}

template <class T>
std::vector<T> Chosen(const Tree& tree, const std::vector<T>& all, const Selection& selection) {
  std::vector<T> chosen;
  for (const T& one : all) {
    if (one.deleted && !selection.deleted) continue;
    if (selection.parent && NodeOf(*selection.parent) != one.parent) continue;
    if (selection.below && !tree.IsBelow(one.parent, NodeOf(*selection.below))) continue;
    chosen.push_back(one);
  }
  return chosen;
}

}  // namespace

control::Resource OrganizationResource(const AccountId& account, std::string_view kind,
                                       std::string_view name) {
  return iam::IamResource(account, "enterprise", std::string(kind), std::string(name));
}

std::vector<AccountGroup> Select(const View& view, const Selection& selection) {
  return Chosen(view.tree, view.tree.groups(), selection);
}

std::vector<MemberAccount> SelectAccounts(const View& view, const Selection& selection) {
  return Chosen(view.tree, view.accounts, selection);
}

Result<Enterprise> Organization::Found(const control::Caller& caller, const AccountId& account,
                                       const NewEnterprise& wanted) {
  BW_TRY_STATUS(iam::CheckName(wanted.name));
  BW_TRY_STATUS(CheckDomain(wanted.domain));
  Enterprise made{.id = iam::NewHexId(),
                  .account = account,
                  .name = wanted.name,
                  .domain = wanted.domain,
                  .primary_contact = wanted.primary_contact,
                  .origin = OriginNow(caller, deps_.changes.clock.Now())};
  BW_TRY_STATUS(deps_.changes.changes.Submit(
      caller,
      {.action = "enterprise.enterprise.create",
       .resource = OrganizationResource(account, "enterprise", made.id),
       .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
         BW_TRY(const auto known, store::EnterpriseOf(tx, account));
         if (known) {
           return Conflict("this account is in an enterprise already").Reason("enterprise_exists");
         }
         BW_TRY_STATUS(UserOf(tx, account, wanted.primary_contact, "primary_contact_iam_id"));
         BW_TRY_STATUS(store::Insert(tx, made));
         MemberAccount first;
         first.id = account;
         first.enterprise = first.parent = made.id;
         first.origin = made.origin;
         BW_TRY_STATUS(store::InsertPlace(tx, first));
         control::Effect effect = EffectOf(nullptr, ToJson(made));
         BW_TRY_STATUS(TellTreeChanged(tx, account, effect));
         return effect;
       }}));
  return made;
}

Result<std::optional<View>> Organization::See(const AccountId& viewer, bool with_deleted) {
  return deps_.changes.database.ReadValue([&](db::Transaction& tx) -> Result<std::optional<View>> {
    BW_TRY(const auto enterprise, store::EnterpriseOf(tx, viewer));
    if (!enterprise) return std::optional<View>{};
    BW_TRY(auto groups, store::ListGroups(tx, enterprise->id, with_deleted));
    if (enterprise->account == viewer) {
      BW_TRY(auto accounts, store::ListMembers(tx, enterprise->id, with_deleted));
      return std::optional(View{Tree(*enterprise, std::move(groups)), std::move(accounts), true});
    }
    BW_TRY(const auto self, store::FindMember(tx, viewer));
    if (!self) return std::optional<View>{};
    const auto path = Tree(*enterprise, groups).PathTo(self->parent);
    std::erase_if(groups, [&](const AccountGroup& group) {
      return std::ranges::find(path, group.id) == path.end();
    });
    return std::optional(View{Tree(*enterprise, std::move(groups)), {*self}, false});
  });
}

Status Organization::Sweep() {
  const Timestamp before = deps_.changes.clock.Now() - kDeletedLife;
  return deps_.changes.database.Write(
      [&](db::Transaction& tx) { return store::Sweep(tx, before); });
}

Result<Organization::Seen> Organization::Run(db::Transaction& tx, const AccountId& account) const {
  BW_TRY(const auto enterprise, store::EnterpriseOf(tx, account));
  if (!enterprise || enterprise->account != account) return NoSuch("enterprise");
  BW_TRY(auto groups, store::ListGroups(tx, enterprise->id, false));
  BW_TRY(auto accounts, store::ListMembers(tx, enterprise->id, false));
  return Seen{Tree(*enterprise, std::move(groups)), std::move(accounts)};
}

Status Organization::Change(const control::Caller& caller, std::string_view action,
                            std::string_view kind, std::string_view name, const Apply& apply) {
  const AccountId& account = caller.actor.account;
  return deps_.changes.changes.Submit(
      caller, {.action = std::string(action),
               .resource = OrganizationResource(account, kind, name),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const Seen seen, Run(tx, account));
                 BW_TRY(auto effect, apply(tx, seen));
                 BW_TRY_STATUS(TellTreeChanged(tx, account, effect));
                 return effect;
               }});
}

Status Organization::Update(const control::Caller& caller, std::string_view id,
                            const EnterpriseUpdate& update) {
  if (update.name) BW_TRY_STATUS(iam::CheckName(*update.name));
  if (update.domain) BW_TRY_STATUS(CheckDomain(*update.domain));
  const Timestamp now = deps_.changes.clock.Now();
  return Change(caller, "enterprise.enterprise.update", "enterprise", id,
                [&](db::Transaction& tx, const Seen& seen) -> Result<control::Effect> {
                  const Enterprise& before = seen.tree.enterprise();
                  if (before.id != id) return NoSuch("enterprise");
                  Enterprise after = before;
                  after.name = update.name.value_or(before.name);
                  after.domain = update.domain.value_or(before.domain);
                  if (update.primary_contact) {
                    BW_TRY_STATUS(UserOf(tx, before.account, *update.primary_contact,
                                         "primary_contact_iam_id"));
                    after.primary_contact = *update.primary_contact;
                  }
                  Touch(after.origin, caller, now);
                  BW_TRY_STATUS(store::Update(tx, after));
                  return EffectOf(ToJson(before), ToJson(after));
                });
}

Result<AccountGroup> Organization::CreateGroup(const control::Caller& caller,
                                               const NewAccountGroup& wanted) {
  BW_TRY_STATUS(iam::CheckName(wanted.name));
  AccountGroup made{.id = iam::NewHexId(),
                    .enterprise = {},
                    .parent = {},
                    .name = wanted.name,
                    .primary_contact = wanted.primary_contact,
                    .deleted = false,
                    .origin = OriginNow(caller, deps_.changes.clock.Now())};
  BW_TRY_STATUS(Change(
      caller, "enterprise.account-group.create", "account-group", made.id,
      [&](db::Transaction& tx, const Seen& seen) -> Result<control::Effect> {
        const Tree& tree = seen.tree;
        BW_TRY(made.parent, ParentIn(tree, wanted.parent));
        made.enterprise = tree.enterprise().id;
        BW_TRY_STATUS(UserOf(tx, tree.enterprise().account, wanted.primary_contact,
                             "primary_contact_iam_id"));
        const auto live = std::ranges::count(tree.groups(), false, &AccountGroup::deleted);
        BW_TRY_STATUS(
            iam::CheckRoom(live, deps_.limits.account_groups, "an enterprise", "account groups"));
        // The enterprise itself is the first of the path.
        BW_TRY_STATUS(iam::CheckRoom(std::ssize(tree.PathTo(made.parent)) - 1, deps_.limits.levels,
                                     "an enterprise", "levels of account groups"));
        BW_TRY_STATUS(store::Insert(tx, made));
        return EffectOf(nullptr, ToJson(made));
      }));
  return made;
}

Status Organization::UpdateGroup(const control::Caller& caller, std::string_view id,
                                 const AccountGroupUpdate& update) {
  if (update.name) BW_TRY_STATUS(iam::CheckName(*update.name));
  const Timestamp now = deps_.changes.clock.Now();
  return Change(caller, "enterprise.account-group.update", "account-group", id,
                [&](db::Transaction& tx, const Seen& seen) -> Result<control::Effect> {
                  const AccountGroup* before = seen.tree.Find(id);
                  if (before == nullptr) return NoSuch("account group");
                  AccountGroup after = *before;
                  after.name = update.name.value_or(before->name);
                  if (update.primary_contact) {
                    BW_TRY_STATUS(UserOf(tx, seen.tree.enterprise().account,
                                         *update.primary_contact, "primary_contact_iam_id"));
                    after.primary_contact = *update.primary_contact;
                  }
                  Touch(after.origin, caller, now);
                  BW_TRY_STATUS(store::Update(tx, after));
                  return EffectOf(ToJson(*before), ToJson(after));
                });
}

Status Organization::DeleteGroup(const control::Caller& caller, std::string_view id) {
  const Timestamp now = deps_.changes.clock.Now();
  return Change(caller, "enterprise.account-group.delete", "account-group", id,
                [&](db::Transaction& tx, const Seen& seen) -> Result<control::Effect> {
                  const AccountGroup* before = seen.tree.Find(id);
                  if (before == nullptr) return NoSuch("account group");
                  const auto below = [&](const auto& one) {
                    return !one.deleted && one.parent == id;
                  };
                  if (std::ranges::any_of(seen.tree.groups(), below) ||
                      std::ranges::any_of(seen.accounts, below)) {
                    return NotEmpty("account groups or accounts");
                  }
                  AccountGroup after = *before;
                  after.deleted = true;
                  Touch(after.origin, caller, now);
                  BW_TRY_STATUS(store::Update(tx, after));
                  return EffectOf(ToJson(*before), nullptr);
                });
}

Result<MadeAccount> Organization::CreateAccount(const control::Caller& caller,
                                                const NewMemberAccount& wanted) {
  BW_TRY_STATUS(iam::CheckName(wanted.name));
  const Timestamp now = deps_.changes.clock.Now();
  const AccountId id = AccountId(iam::NewHexId());
  MadeAccount made;
  BW_TRY_STATUS(Change(
      caller, "enterprise.account.create", "account", id.value(),
      [&](db::Transaction& tx, const Seen& seen) -> Result<control::Effect> {
        made = {.id = id, .service_id = {}, .api_key_id = {}};
        MemberAccount member;
        member.id = id;
        member.enterprise = seen.tree.enterprise().id;
        BW_TRY(member.parent, ParentIn(seen.tree, wanted.parent));
        member.origin = OriginNow(caller, now);
        const auto live = std::ranges::count(seen.accounts, false, &MemberAccount::deleted);
        BW_TRY_STATUS(iam::CheckRoom(live, deps_.limits.accounts, "an enterprise", "accounts"));
        BW_TRY(iam::User owner,
               UserOf(tx, seen.tree.enterprise().account, wanted.owner, "owner_iam_id"));
        BW_TRY(const auto plan, iam::PlanAccount(id, wanted.name, std::move(owner), now));
        BW_TRY_STATUS(iam::StoreAccount(tx, plan, now));
        std::vector<control::Resource> governed{iam::AccessResource(id)};
        if (wanted.with_service_id) {
          BW_TRY(const auto robot, PlanServiceId(plan, deps_.hasher, now));
          BW_TRY_STATUS(StoreServiceId(tx, plan, robot, now));
          made.service_id = robot.service_id.id;
          made.api_key_id = robot.key.key.id;
          made.api_key = robot.key.value;
          governed.push_back(iam::GovernedApiKey(robot.key.key));
        }
        BW_TRY_STATUS(store::InsertPlace(tx, member));
        if (deps_.begin_account) {
          BW_TRY(auto begun, deps_.begin_account(tx, id));
          std::ranges::move(begun, std::back_inserter(governed));
        }
        json::Value document = iam::ToJson(plan);
        document.as_object()["parent"] = json::Text(member.parent);
        control::Effect effect = EffectOf(nullptr, std::move(document));
        // By what it inherits.
        effect.governed = std::move(governed);
        return effect;
      }));
  return made;
}

Status Organization::MoveAccount(const control::Caller& caller, const AccountId& id,
                                 const std::string& parent) {
  const Timestamp now = deps_.changes.clock.Now();
  return Change(caller, "enterprise.account.update", "account", id.value(),
                [&](db::Transaction& tx, const Seen& seen) -> Result<control::Effect> {
                  const auto before = std::ranges::find(seen.accounts, id, &MemberAccount::id);
                  if (before == seen.accounts.end() || before->deleted) return NoSuch("account");
                  MemberAccount after = *before;
                  BW_TRY(after.parent, ParentIn(seen.tree, parent));
                  Touch(after.origin, caller, now);
                  BW_TRY_STATUS(store::UpdatePlace(tx, after));
                  control::Effect effect = EffectOf(ToJson(*before), ToJson(after));
                  effect.events.push_back(iam::AccessFactsChanged(id));
                  return effect;
                });
}

Status Organization::DeleteAccount(const control::Caller& caller, const AccountId& id) {
  const Timestamp now = deps_.changes.clock.Now();
  return Change(caller, "enterprise.account.delete", "account", id.value(),
                [&](db::Transaction& tx, const Seen& seen) -> Result<control::Effect> {
                  const auto before = std::ranges::find(seen.accounts, id, &MemberAccount::id);
                  if (before == seen.accounts.end() || before->deleted) return NoSuch("account");
                  if (id == seen.tree.enterprise().account) {
                    return Conflict("the account that founded the enterprise cannot be deleted")
                        .Reason("enterprise_account");
                  }
                  BW_TRY(const bool full, deps_.holds_content(tx, id));
                  if (full) return NotEmpty("namespaces");
                  MemberAccount after = *before;
                  Touch(after.origin, caller, now);
                  BW_TRY_STATUS(store::UpdatePlace(tx, after));
                  BW_TRY_STATUS(iam::store::MarkAccountDeleted(tx, id));
                  control::Effect effect = EffectOf(ToJson(*before), nullptr);
                  effect.events.push_back(iam::AccessFactsChanged(id));
                  // It stands alone now: what it inherited says nothing of it any more.
                  BW_TRY_STATUS(TellTreeChanged(tx, id, effect));
                  return effect;
                });
}

}  // namespace breakwater::organization
