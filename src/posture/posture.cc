#include "posture/posture.h"

#include "db/lazy_flush.h"
#include "json/reader.h"

namespace breakwater::posture {
namespace {

using json::Text;

constexpr std::string_view kScanJob = "posture.scan";
constexpr std::string_view kReevaluateJob = "posture.reevaluate";
constexpr std::chrono::hours kSafetyNet{24};
constexpr jobs::RetryPolicy kScanRetry;
constexpr json::Limits kDocumentLimits{.max_bytes = 64U << 20, .max_depth = 32};

constexpr std::string_view kScanColumns =
    "SELECT id, account, scope_id, profile_id, group_profile_id, requested_by, status, created, "
    "started, ended, document FROM posture_scan ";

Result<std::vector<GoalResult>> GoalsFrom(std::string_view text) {
  std::vector<GoalResult> goals;
  BW_TRY(const json::Value document, json::Parse(text, kDocumentLimits));
  const json::Reader in(document);
  for (const json::Reader& goal : in.Field("goals").Items(10'000)) {
    BW_TRY(auto result, GoalResultFromJson(goal.value()));
    goals.push_back(std::move(result));
  }
  BW_TRY_STATUS(in.Finish());
  return goals;
}

std::string ToDocument(const std::vector<GoalResult>& results) {
  json::Array goals;
  for (const GoalResult& result : results) goals.push_back(ToJson(result));
  return json::Serialize(json::Value{{"goals", std::move(goals)}});
}

Result<Scan> ScanOf(const db::Row& row) {
  Scan scan{.id = row.Int(0),
            .account = AccountId(row.String(1)),
            .scope_id = row.String(2),
            .profile_id = row.String(3),
            .group_profile_id = row.String(4),
            .requested_by = row.String(5),
            .status = row.String(6),
            .created = row.Time(7),
            .started = row.OptionalTime(8),
            .ended = row.OptionalTime(9),
            .goals = {}};
  if (!row.IsNull(10)) {
    BW_TRY(scan.goals, GoalsFrom(row.Text(10)));
  }
  return scan;
}

Result<GoalState> StateOf(const db::Row& row) {
  BW_TRY(const json::Value document, json::Parse(row.Text(0), kDocumentLimits));
  BW_TRY(auto result, GoalResultFromJson(document));
  return GoalState{std::move(result), row.Time(1)};
}

Result<json::Value> ReadParameters(db::Transaction& tx, const AccountId& account,
                                   const std::string& profile_id) {
  json::Object values;
  BW_TRY_STATUS(
      tx.Query("SELECT name, value FROM posture_parameter WHERE account = $1 AND profile_id = $2",
               {account, profile_id}, [&](const db::Row& row) -> Status {
                 BW_TRY(json::Value value, json::Parse(row.Text(1)));
                 values[row.String(0)] = std::move(value);
                 return Ok();
               }));
  return json::Value(std::move(values));
}

// A goal takes only its own parameters out of the profile's.
Result<condition::Parameters> Bind(const Goal& goal, const json::Value& of_profile) {
  json::Object own;
  for (const auto& declaration : goal.parameters) {
    if (const json::Value* value = json::Find(of_profile, declaration.name)) {
      own[declaration.name] = *value;
    }
  }
  return condition::Parameters::Bind(goal.parameters, own);
}

Observation Observe(db::Transaction& tx, const control::FactSources& facts,
                    const condition::ResourceType& type, const AccountId& account) {
  Observation observation;
  control::FactSource* source = facts.For(type);
  if (source == nullptr) {
    observation.failure = Unavailable("nothing here knows " + condition::ToString(type));
    return observation;
  }
  auto resources = source->List(tx, type, account);
  if (!resources.ok()) {
    observation.failure = std::move(resources).error();
    return observation;
  }
  for (const control::Resource& resource : *resources) {
    observation.resources.push_back({resource, source->Read(tx, resource)});
  }
  return observation;
}

const condition::ParameterDeclaration* FindParameter(const Content& content, const Profile& profile,
                                                     std::string_view name) {
  for (const Goal* goal : content.GoalsOf(profile)) {
    for (const auto& declaration : goal->parameters) {
      if (declaration.name == name) return &declaration;
    }
  }
  return nullptr;
}

// In the shape of change.committed's "governed".
json::Array TypesOf(const std::vector<const Goal*>& goals) {
  json::Array types;
  for (const Goal* goal : goals) {
    types.push_back({{"service", Text(goal->type.service)}, {"kind", Text(goal->type.kind)}});
  }
  return types;
}

Error NoProfile(const std::string& id) {
  return NotFound("profile " + id + " was not found");
}

}  // namespace

Posture::Posture(PostureDeps deps) : deps_(std::move(deps)) {
  jobs::Jobs& jobs = deps_.jobs;
  jobs.Register(std::string(kScanJob), kScanRetry,
                [this](const jobs::Job& job) { return RunScan(job); });
  jobs.Register(std::string(kReevaluateJob), {},
                [this](const jobs::Job& job) { return Reevaluate(job); });
  jobs.Subscribe(std::string(control::kChangeCommitted), std::string(kReevaluateJob));
  jobs.Subscribe(std::string(control::kFactsChanged), std::string(kReevaluateJob));
  jobs.Every("posture.daily", kSafetyNet, [this] { return EvaluateEveryAccount(); });
}

Result<std::int64_t> Posture::RequestScan(const control::Caller& caller, const AccountId& account,
                                          const std::string& scope_id,
                                          const std::string& profile_id,
                                          const std::string& group_profile_id) {
  if (scope_id != kRegistryScope) return NotFound("scope " + scope_id + " was not found");
  if (deps_.content.FindProfile(profile_id) == nullptr) return NoProfile(profile_id);
  std::int64_t id = 0;
  const Timestamp now = deps_.clock.Now();
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = "compliance.posture-management.validations-create",
               .resource = control::AccountResource(account, "validation", profile_id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const auto made,
                        tx.QueryOne("INSERT INTO posture_scan (account, scope_id, profile_id, "
                                    "group_profile_id, requested_by, status, created) "
                                    "VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
                                    {account, scope_id, profile_id, group_profile_id,
                                     caller.actor.iam_id, kPending, now},
                                    [](const db::Row& row) { return row.Int(0); }));
                 id = made.value_or(0);
                 BW_TRY_STATUS(deps_.jobs.Enqueue(tx, {.kind = std::string(kScanJob),
                                                       .payload = {{"scan_id", id}},
                                                       .run_at = {},
                                                       .deduplication_key = {}}));
                 return control::Effect{
                     .before = nullptr,
                     .after = {{"scan_id", id}, {"profile_id", Text(profile_id)}},
                     .governed = {},
                     .events = {}};
               },
               .severity = audit::Severity::kNormal}));
  return id;
}

Result<std::vector<GoalResult>> Posture::EvaluateProfile(
    db::Transaction& tx, const AccountId& account, const Profile& profile,
    const std::set<condition::ResourceType>& types) const {
  BW_TRY(const json::Value parameters, ReadParameters(tx, account, profile.id));
  std::map<condition::ResourceType, Observation> observed;
  std::vector<GoalResult> results;
  for (const Goal* goal : deps_.content.GoalsOf(profile)) {
    if (!types.empty() && !types.contains(goal->type)) continue;
    BW_TRY(const auto bound, Bind(*goal, parameters));
    auto found = observed.find(goal->type);
    if (found == observed.end()) {
      found = observed.emplace(goal->type, Observe(tx, deps_.facts, goal->type, account)).first;
    }
    results.push_back(Evaluate(*goal, bound, found->second, deps_.clock.Now()));
  }
  return results;
}

Status Posture::EvaluateAndStore(const AccountId& account, const Profile& profile,
                                 const std::set<condition::ResourceType>& types) {
  return deps_.database.Write([&](db::Transaction& tx) -> Status {
    BW_TRY(const auto results, EvaluateProfile(tx, account, profile, types));
    return Store(tx, account, profile, results);
  });
}

Status Posture::Store(db::Transaction& tx, const AccountId& account, const Profile& profile,
                      const std::vector<GoalResult>& results) {
  for (const GoalResult& result : results) {
    struct Known {
      std::string status;
      Timestamp since;
    };
    BW_TRY(const auto known,
           tx.QueryOne("SELECT status, since FROM posture_state "
                       "WHERE account = $1 AND profile_id = $2 AND goal_id = $3",
                       {account, profile.id, result.goal_id},
                       [](const db::Row& row) { return Known{row.String(0), row.Time(1)}; }));
    const std::string status(ToString(result.status));
    const bool changed = !known || known->status != status;
    const std::string document = json::Serialize(ToJson(result));
    BW_TRY_STATUS(
        tx.Execute("INSERT INTO posture_state (account, profile_id, goal_id, status, since, "
                   "checked, document) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account, profile_id, goal_id) "
                   "DO UPDATE SET status = $4, since = $5, checked = $6, document = $7",
                   {account, profile.id, result.goal_id, status,
                    changed ? result.completed : known->since, result.completed, document}));
    if (!changed) continue;
    BW_TRY_STATUS(tx.Execute(
        "INSERT INTO posture_history (account, profile_id, goal_id, at, status, document) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account, profile_id, goal_id, at) "
        "DO UPDATE SET status = $5, document = $6",
        {account, profile.id, result.goal_id, result.completed, status, document}));
    BW_TRY_STATUS(
        deps_.jobs.Emit(tx, {std::string(kGoalChanged),
                             {{"account", Text(account.value())},
                              {"profile_id", Text(profile.id)},
                              {"goal_id", Text(result.goal_id)},
                              {"before", known ? json::Value(Text(known->status)) : nullptr},
                              {"after", Text(status)}}}));
  }
  return Ok();
}

Status Posture::RunScan(const jobs::Job& job) {
  const json::Reader in(job.payload);
  const std::int64_t id = in.Field("scan_id").Int();
  BW_TRY_STATUS(in.Finish());
  const Timestamp started = deps_.clock.Now();
  BW_TRY(const auto scan, deps_.database.WriteValue([&](db::Transaction& tx) -> Result<Scan> {
    BW_TRY_STATUS(tx.Execute("UPDATE posture_scan SET status = $1, started = $2 WHERE id = $3",
                             {kInProgress, started, id}));
    BW_TRY(auto found, tx.QueryOne(std::string(kScanColumns) + "WHERE id = $1", {id}, ScanOf));
    if (!found) return NotFound("the scan is gone");
    return *std::move(found);
  }));
  const Profile* profile = deps_.content.FindProfile(scan.profile_id);
  // Of an older version of the program: nobody will ever be able to evaluate it.
  if (profile == nullptr) return GiveUp(id);
  const Status done = deps_.database.Write([&](db::Transaction& tx) -> Status {
    BW_TRY(const auto results, EvaluateProfile(tx, scan.account, *profile, {}));
    BW_TRY_STATUS(
        tx.Execute("UPDATE posture_scan SET status = $1, ended = $2, document = $3 WHERE id = $4",
                   {kPosted, deps_.clock.Now(), ToDocument(results), id}));
    return Store(tx, scan.account, *profile, results);
  });
  if (!done.ok() && job.attempt >= kScanRetry.max_attempts) return GiveUp(id);
  return done;
}

Status Posture::GiveUp(std::int64_t scan_id) {
  return deps_.database.Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(tx.Execute("UPDATE posture_scan SET status = $1, ended = $2 WHERE id = $3",
                             {kFailed, deps_.clock.Now(), scan_id}));
    return Ok();
  });
}

Status Posture::Reevaluate(const jobs::Job& job) {
  const db::LazyFlush lazy;  // derived: the job is done again if it is lost
  const json::Reader in(job.payload);
  const AccountId account(in.Field("account").String());
  std::set<condition::ResourceType> types;
  for (const json::Reader& touched : in.Field("governed").Items(10'000)) {
    types.insert({touched.Field("service").String(), touched.Field("kind").String()});
  }
  BW_TRY_STATUS(in.Finish());
  if (types.empty()) return Ok();
  for (const Profile& profile : deps_.content.profiles()) {
    BW_TRY_STATUS(EvaluateAndStore(account, profile, types));
  }
  return Ok();
}

Status Posture::EvaluateEveryAccount() {
  BW_TRY(const auto accounts, deps_.accounts());
  for (const AccountId& account : accounts) {
    for (const Profile& profile : deps_.content.profiles()) {
      BW_TRY_STATUS(EvaluateAndStore(account, profile, {}));
    }
  }
  return Ok();
}

Result<std::vector<Scan>> Posture::LatestScans(const AccountId& account) const {
  return deps_.database.ReadValue([&](db::Transaction& tx) {
    return tx.QueryAll(std::string(kScanColumns) +
                           "WHERE id IN (SELECT MAX(id) FROM posture_scan WHERE account = $1 "
                           "GROUP BY profile_id) ORDER BY id DESC",
                       {account}, ScanOf);
  });
}

Result<std::vector<Scan>> Posture::Scans(const AccountId& account, std::string_view profile_id,
                                         std::int64_t offset, std::int64_t limit) const {
  return deps_.database.ReadValue([&](db::Transaction& tx) {
    return tx.QueryAll(std::string(kScanColumns) +
                           "WHERE account = $1 AND profile_id = $2 ORDER BY id DESC "
                           "LIMIT $3 OFFSET $4",
                       {account, profile_id, limit, offset}, ScanOf);
  });
}

Result<std::int64_t> Posture::CountScans(const AccountId& account,
                                         std::string_view profile_id) const {
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<std::int64_t> {
    BW_TRY(const auto count,
           tx.QueryOne("SELECT count(*) FROM posture_scan "
                       "WHERE account = $1 AND profile_id = $2",
                       {account, profile_id}, [](const db::Row& row) { return row.Int(0); }));
    return count.value_or(0);
  });
}

Result<Scan> Posture::FindScan(const AccountId& account, std::int64_t id) const {
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<Scan> {
    BW_TRY(auto scan, tx.QueryOne(std::string(kScanColumns) + "WHERE account = $1 AND id = $2",
                                  {account, id}, ScanOf));
    if (!scan) return NotFound("scan " + std::to_string(id) + " was not found");
    return *std::move(scan);
  });
}

Result<std::vector<GoalState>> Posture::State(const AccountId& account,
                                              const Profile& profile) const {
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<std::vector<GoalState>> {
    std::vector<GoalState> states;
    for (const Goal* goal : deps_.content.GoalsOf(profile)) {
      BW_TRY(auto state, tx.QueryOne("SELECT document, since FROM posture_state "
                                     "WHERE account = $1 AND profile_id = $2 AND goal_id = $3",
                                     {account, profile.id, goal->id}, StateOf));
      if (state) states.push_back(*std::move(state));
    }
    return states;
  });
}

Status Posture::CheckParameter(const std::string& profile_id, const std::string& name,
                               const json::Value& value) const {
  const Profile* profile = deps_.content.FindProfile(profile_id);
  if (profile == nullptr) return NoProfile(profile_id);
  const auto* declaration = FindParameter(deps_.content, *profile, name);
  if (declaration == nullptr) {
    return NotFound("parameter " + name + " was not found in profile " + profile_id);
  }
  if (value.is_null()) return Ok();
  BW_TRY_STATUS(condition::Parameters::Bind({*declaration}, json::Object{{name, value}}));
  return Ok();
}

Status Posture::SetParameter(const control::Caller& caller, const AccountId& account,
                             const std::string& profile_id, const std::string& name,
                             const json::Value& value) {
  BW_TRY_STATUS(CheckParameter(profile_id, name, value));
  const Profile* profile = deps_.content.FindProfile(profile_id);
  return deps_.changes.Submit(
      caller, {.action = "compliance.posture-management.profiles-update",
               .resource = control::AccountResource(account, "profile", profile_id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const json::Value before, ReadParameters(tx, account, profile_id));
                 if (value.is_null()) {
                   BW_TRY_STATUS(
                       tx.Execute("DELETE FROM posture_parameter WHERE account = $1 "
                                  "AND profile_id = $2 AND name = $3",
                                  {account, profile_id, name}));
                 } else {
                   BW_TRY_STATUS(tx.Execute(
                       "INSERT INTO posture_parameter (account, profile_id, name, value) "
                       "VALUES ($1, $2, $3, $4) ON CONFLICT (account, profile_id, name) "
                       "DO UPDATE SET value = $4",
                       {account, profile_id, name, json::Serialize(value)}));
                 }
                 BW_TRY(const json::Value after, ReadParameters(tx, account, profile_id));
                 return control::Effect{
                     .before = before,
                     .after = after,
                     .governed = {},
                     .events = {{std::string(control::kFactsChanged),
                                 {{"account", Text(account.value())},
                                  {"governed", TypesOf(deps_.content.GoalsOf(*profile))}}}}};
               }});
}

Result<json::Value> Posture::Parameters(const AccountId& account,
                                        const std::string& profile_id) const {
  return deps_.database.ReadValue(
      [&](db::Transaction& tx) { return ReadParameters(tx, account, profile_id); });
}

}  // namespace breakwater::posture
