#include "posture/attestations.h"

#include "control/fact_events.h"
#include "json/reader.h"

namespace breakwater::posture {
namespace {

using condition::Fact;
using json::Text;

constexpr std::string_view kExpireJob = "posture.attestation_ends";
constexpr std::string_view kSource = "attestations";
constexpr std::size_t kMaxOwner = 255;
constexpr std::size_t kMaxStatement = 4096;

constexpr std::string_view kSelect =
    "SELECT id, account, goal_id, met, owner, statement, given, given_by, expires, ended, ended_by "
    "FROM posture_attestation ";

Attestation AttestationOf(const db::Row& row) {
  return {.id = row.Int(0),
          .account = AccountId(row.String(1)),
          .what = {.goal_id = row.String(2),
                   .met = row.Bool(3),
                   .owner = row.String(4),
                   .statement = row.String(5),
                   .expires = row.Time(8)},
          .given = row.Time(6),
          .given_by = row.String(7),
          .ended = row.OptionalTime(9),
          .ended_by = row.String(10)};
}

json::Value Shown(const Attestation& a) {
  return {{"goal_id", Text(a.what.goal_id)},
          {"met", a.what.met},
          {"owner", Text(a.what.owner)},
          {"statement", Text(a.what.statement)},
          {"expires_at", Text(FormatRfc3339(a.what.expires))}};
}

control::Resource ResourceOf(const AccountId& account, std::string_view goal_id) {
  control::Resource resource =
      control::AccountResource(account, std::string(kAttestationKind), std::string(goal_id));
  resource.service = kAttestationService;
  return resource;
}

jobs::Event Changed(const AccountId& account, std::string_view goal_id) {
  return control::FactsChanged(ResourceOf(account, goal_id));
}

Error Wrong(std::string_view what) {
  return Invalid(std::string(what)).Reason("invalid_field");
}

}  // namespace

Attestations::Attestations(db::Database& database, control::ChangePath& changes, jobs::Jobs& jobs,
                           const Content& content, const Clock& clock)
    : database_(database), changes_(changes), jobs_(jobs), content_(content), clock_(clock) {
  jobs_.Register(std::string(kExpireJob), {}, [this](const jobs::Job& job) { return Expire(job); });
}

Status Attestations::Check(const AttestationDraft& draft) const {
  const auto goal = content_.FindGoal(draft.goal_id);
  if (goal == nullptr || !goal->is_manual()) {
    return NotFound("goal " + draft.goal_id + " is not answered by attestation");
  }
  if (draft.owner.empty() || draft.owner.size() > kMaxOwner) {
    return Wrong("owner: must have between 1 and 255 characters");
  }
  if (draft.statement.empty() || draft.statement.size() > kMaxStatement) {
    return Wrong("statement: must have between 1 and 4096 characters");
  }
  const Timestamp now = clock_.Now();
  if (draft.expires <= now) return Wrong("expires_at: must lie in the future");
  if (draft.expires > now + kLongestAttestation) {
    return Wrong("expires_at: must lie within 366 days");
  }
  return Ok();
}

Result<Attestation> Attestations::Attest(const control::Caller& caller, const AccountId& account,
                                         const AttestationDraft& draft) {
  BW_TRY_STATUS(Check(draft));
  Attestation made{.id = 0,
                   .account = account,
                   .what = draft,
                   .given = clock_.Now(),
                   .given_by = caller.actor.iam_id.value(),
                   .ended = {},
                   .ended_by = {}};
  BW_TRY_STATUS(changes_.Submit(
      caller,
      {.action = "compliance.posture-management.attestations-create",
       .resource = control::AccountResource(account, "attestation", draft.goal_id),
       .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
         BW_TRY(const auto before, At(tx, account, draft.goal_id, made.given));
         BW_TRY(const auto id,
                tx.QueryOne("INSERT INTO posture_attestation (account, goal_id, met, owner, "
                            "statement, given, given_by, expires, ended_by) "
                            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '') RETURNING id",
                            {account, draft.goal_id, draft.met, draft.owner, draft.statement,
                             made.given, made.given_by, draft.expires},
                            [](const db::Row& row) { return row.Int(0); }));
         made.id = id.value_or(0);
         BW_TRY_STATUS(jobs_.Enqueue(
             tx, {.kind = std::string(kExpireJob),
                  .payload = {{"account", Text(account.value())}, {"goal_id", Text(draft.goal_id)}},
                  .run_at = draft.expires,
                  .deduplication_key = {}}));
         return control::Effect{.before = before ? Shown(*before) : json::Value(),
                                .after = Shown(made),
                                .governed = {},
                                .events = {Changed(account, draft.goal_id)}};
       }}));
  return made;
}

Status Attestations::Withdraw(const control::Caller& caller, const AccountId& account,
                              const std::string& goal_id) {
  return changes_.Submit(
      caller, {.action = "compliance.posture-management.attestations-delete",
               .resource = control::AccountResource(account, "attestation", goal_id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 const Timestamp now = clock_.Now();
                 BW_TRY(const auto before, At(tx, account, goal_id, now));
                 if (!before) return NotFound("goal " + goal_id + " has no attestation");
                 BW_TRY_STATUS(tx.Execute(
                     "UPDATE posture_attestation SET ended = $3, ended_by = $4 "
                     "WHERE account = $1 AND goal_id = $2 AND ended IS NULL AND expires > $3",
                     {account, goal_id, now, caller.actor.iam_id}));
                 return control::Effect{.before = Shown(*before),
                                        .after = nullptr,
                                        .governed = {},
                                        .events = {Changed(account, goal_id)}};
               }});
}

Status Attestations::Expire(const jobs::Job& job) {
  const json::Reader in(job.payload);
  const AccountId account(in.Field("account").String());
  const std::string goal_id = in.Field("goal_id").String();
  BW_TRY_STATUS(in.Finish());
  return database_.Write(
      [&](db::Transaction& tx) { return jobs_.Emit(tx, Changed(account, goal_id)); });
}

Result<std::vector<Attestation>> Attestations::List(const AccountId& account,
                                                    std::int64_t limit) const {
  return database_.ReadValue([&](db::Transaction& tx) {
    return tx.QueryAll(std::string(kSelect) + "WHERE account = $1 ORDER BY id DESC LIMIT $2",
                       {account, limit}, AttestationOf);
  });
}

Result<std::optional<Attestation>> Attestations::At(db::Transaction& tx, const AccountId& account,
                                                    std::string_view goal_id, Timestamp at) {
  BW_TRY(auto found,
         tx.QueryOne(std::string(kSelect) + "WHERE account = $1 AND goal_id = $2 AND given <= $3 "
                                            "ORDER BY id DESC LIMIT 1",
                     {account, goal_id, at}, AttestationOf));
  if (found && !found->CountsAt(at)) found.reset();
  return found;
}

Result<std::map<std::string, Attestation, std::less<>>> Attestations::AllAt(
    db::Transaction& tx, const AccountId& account, Timestamp at) {
  std::map<std::string, Attestation, std::less<>> latest;
  BW_TRY_STATUS(tx.Query(std::string(kSelect) + "WHERE account = $1 AND given <= $2 ORDER BY id",
                         {account, at}, [&](const db::Row& row) -> Status {
                           Attestation one = AttestationOf(row);
                           std::string goal = one.what.goal_id;
                           latest.insert_or_assign(std::move(goal), std::move(one));
                           return Ok();
                         }));
  std::erase_if(latest, [&](const auto& one) { return !one.second.CountsAt(at); });
  return latest;
}

std::vector<condition::ResourceType> Attestations::Types() const {
  return {{std::string(kAttestationService), std::string(kAttestationKind)}};
}

Result<std::vector<control::Resource>> Attestations::List(db::Transaction&,
                                                          const condition::ResourceType&,
                                                          const AccountId& account) {
  std::vector<control::Resource> resources;
  for (const auto& goal : content_.goals()) {
    if (goal->is_manual()) resources.push_back(ResourceOf(account, goal->id));
  }
  return resources;
}

Result<condition::Facts> Attestations::Read(db::Transaction& tx,
                                            const control::Resource& resource) {
  const Timestamp now = clock_.Now();
  BW_TRY(const auto found, At(tx, resource.account, resource.name, now));
  const std::string source(kSource);
  condition::Facts facts;
  if (!found) {
    const auto nobody =
        Fact::Unavailable("nobody attests it, or the attestation has ended", source, now);
    for (const char* property : {"attested", "attested_by", "expires_at"}) {
      facts.Set(property, nobody);
    }
    return facts;
  }
  facts.Set("attested", Fact::Present(found->what.met, source, now));
  facts.Set("attested_by", Fact::Present(found->what.owner, source, now));
  facts.Set("expires_at", Fact::Present(found->what.expires, source, now));
  return facts;
}

}  // namespace breakwater::posture
