#include "posture/posture.h"

#include <algorithm>

#include "control/touched.h"
#include "db/lazy_flush.h"
#include "json/reader.h"
#include "posture/attainable.h"

namespace breakwater::posture {
namespace {

using json::Text;

constexpr std::string_view kScanJob = "posture.scan";
constexpr std::string_view kReevaluateJob = "posture.reevaluate";
constexpr std::string_view kAttachmentJob = "posture.attachment";
constexpr std::string_view kExceptedJob = "posture.excepted";
constexpr std::string_view kDiscoverJob = "posture.discover";
constexpr std::size_t kMaxEvents = 50;  // of a scope
constexpr std::string_view kImageJob = "posture.image";
constexpr std::chrono::hours kSafetyNet{1};
constexpr std::chrono::minutes kDueEvery{1};
constexpr jobs::RetryPolicy kScanRetry;
constexpr std::size_t kMaxResourcesOfAScan = 1'000;  // of each goal

// The attachment, while somebody was about to look at it.
bool HasEnded(const Error& error) {
  return error.code() == ErrorCode::kNotFound;
}

ExceptionShown Shown(const control::Exception& one) {
  return {.id = one.id,
          .owner = one.what.owner,
          .approver = one.approver,
          .ticket = one.what.ticket,
          .reason = one.what.reason,
          .crn = one.what.crn,
          .expires = one.what.expires,
          .requested_by = one.requested_by,
          .approved = one.approved.value_or(Timestamp{})};
}

}  // namespace

Posture::Posture(PostureDeps deps)
    : deps_(std::move(deps)),
      evaluator_({deps_.database, deps_.jobs, deps_.facts, deps_.profiles, deps_.attachments,
                  [this](db::Transaction& tx, const AccountId& account, std::string_view scope) {
                    return ScopeOf(tx, account, scope);
                  },
                  [this](db::Transaction& tx, const AccountId& account) {
                    return AcceptedAt(tx, account, deps_.clock.Now());
                  }}) {
  jobs::Jobs& jobs = deps_.jobs;
  jobs.Register(std::string(kScanJob), kScanRetry,
                [this](const jobs::Job& job) { return RunScan(job); });
  jobs.Register(std::string(kReevaluateJob), {},
                [this](const jobs::Job& job) { return Reevaluate(job); });
  jobs.Register(std::string(kAttachmentJob), {},
                [this](const jobs::Job& job) { return EvaluateAttachment(job); });
  jobs.Register(std::string(kImageJob), {},
                [this](const jobs::Job& job) { return ReevaluateImage(job); });
  jobs.Register(std::string(kDiscoverJob), kScanRetry,
                [this](const jobs::Job& job) { return Discover(job); });
  jobs.Register(std::string(kExceptedJob), {},
                [this](const jobs::Job& job) { return ReevaluateExcepted(job); });
  jobs.Subscribe(std::string(control::kExceptionChanged), std::string(kExceptedJob));
  for (const std::string_view event : control::kImageEvents) {
    jobs.Subscribe(std::string(event), std::string(kImageJob));
  }
  jobs.Subscribe(std::string(control::kChangeCommitted), std::string(kReevaluateJob));
  jobs.Subscribe(std::string(control::kFactsChanged), std::string(kReevaluateJob));
  jobs.Subscribe(std::string(kAttachmentChanged), std::string(kAttachmentJob));
  jobs.Every("posture.hourly", kSafetyNet, [this] { return EvaluateEveryAccount(); });
  jobs.Every("posture.due", kDueEvery, [this] { return StartWhatIsDue(); });
}

Result<ScopeFilter> Posture::ScopeOf(db::Transaction& tx, const AccountId& account,
                                     std::string_view id) const {
  BW_TRY(const SetupItem scope, deps_.setup.Find(tx, account, SetupKind::kScope, id));
  const json::Value* selected = scope.document.if_contains("selection");
  BW_TRY(auto selection, SelectionFrom(selected == nullptr ? json::Value() : *selected));
  return ScopeFilter([selection = std::move(selection)](const control::Resource& resource) {
    return InScope(selection, resource);
  });
}

Result<Accepted> Posture::AcceptedAt(db::Transaction& tx, const AccountId& account,
                                     Timestamp at) const {
  BW_TRY(const auto counting,
         control::Exceptions::At(tx, account, control::ExceptionKind::kGoal, at));
  Accepted accepted;
  for (const control::Exception& one : counting) {
    accepted.emplace(one.what.subject, std::pair(one.what.crn, one.id));
  }
  return accepted;
}

Status Posture::ReevaluateExcepted(const jobs::Job& job) {
  const json::Reader in(job.payload);
  const AccountId account(in.Field("account").String());
  const std::string kind = in.Field("kind").String();
  const std::string subject = in.Field("subject").String();
  BW_TRY_STATUS(in.Finish());
  if (kind != control::ToString(control::ExceptionKind::kGoal)) return Ok();
  const auto goal = deps_.profiles.FindGoal(subject);
  if (goal == nullptr) return Ok();
  return Look(account, {goal->type}, {});
}

Result<std::int64_t> Posture::RequestScan(const control::Caller& caller, const AccountId& account,
                                          const std::string& scope_id,
                                          const std::string& profile_id,
                                          const std::string& group_profile_id) {
  std::int64_t id = 0;
  const Timestamp now = deps_.clock.Now();
  BW_TRY_STATUS(deps_.changes.Submit(
      caller,
      {.action = "compliance.posture-management.validations-create",
       .resource = control::AccountResource(account, "validation", profile_id),
       .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
         BW_TRY(const SetupItem scope, deps_.setup.Find(tx, account, SetupKind::kScope, scope_id));
         if (!scope.enabled) return NotFound("scope " + scope_id + " was not found");
         BW_TRY(auto attachment, deps_.attachments.FindFor(tx, account, scope_id, profile_id));
         const json::Object stored = attachment ? attachment->parameters : json::Object();
         if (!attachment || !attachment->enabled) {
           BW_TRY(attachment, deps_.attachments.Attach(tx, caller, account,
                                                       {.scope_id = scope_id,
                                                        .profile_id = profile_id,
                                                        .profile_version = {},
                                                        .parameters = stored,
                                                        .every = {}}));
         }
         // One that has not begun yet will see all there is by then.
         BW_TRY(const auto pending, scans::Pending(tx, attachment->id, group_profile_id));
         if (pending) {
           id = *pending;
           return control::Effect{.before = nullptr,
                                  .after = {{"scan_id", id}, {"profile_id", Text(profile_id)}},
                                  .governed = {},
                                  .events = {}};
         }
         BW_TRY(id,
                scans::Insert(tx, *attachment, group_profile_id, caller.actor.iam_id.value(), now));
         BW_TRY_STATUS(deps_.jobs.Enqueue(tx, {.kind = std::string(kScanJob),
                                               .payload = {{"scan_id", id}},
                                               .run_at = {},
                                               .deduplication_key = {}}));
         return control::Effect{.before = nullptr,
                                .after = {{"scan_id", id}, {"profile_id", Text(profile_id)}},
                                .governed = {},
                                .events = {}};
       },
       .severity = audit::Severity::kNormal}));
  return id;
}

Status Posture::RunScan(const jobs::Job& job) {
  const json::Reader in(job.payload);
  const std::int64_t id = in.Field("scan_id").Int();
  BW_TRY_STATUS(in.Finish());
  BW_TRY(const Scan scan, deps_.database.WriteValue([&](db::Transaction& tx) {
    return scans::Begin(tx, id, deps_.clock.Now());
  }));
  const auto moment = evaluator_.EvaluateAll(scan.attachment_id);
  if (!moment.ok()) {
    if (!HasEnded(moment.error()) && job.attempt < kScanRetry.max_attempts) return moment.error();
    return deps_.database.Write(
        [&](db::Transaction& tx) { return scans::GiveUp(tx, id, deps_.clock.Now()); });
  }
  return deps_.database.Write([&](db::Transaction& tx) -> Status {
    BW_TRY(const auto in_force, deps_.attachments.InForceAt(tx, scan.attachment_id, *moment));
    if (!in_force) return scans::GiveUp(tx, id, deps_.clock.Now());  // ended meanwhile
    BW_TRY(const auto profile, deps_.profiles.Load(tx, scan.profile_id, in_force->profile_version));
    BW_TRY(const auto points, ledger::GoalsAt(tx, scan.attachment_id, *moment));
    BW_TRY_STATUS(scans::Finish(tx, id, in_force->profile_version, *moment, deps_.clock.Now(),
                                CountsOf(*profile, points)));
    return deps_.jobs.Emit(tx, {std::string(kScanFinished),
                                {{"account", Text(scan.account.value())},
                                 {"attachment_id", scan.attachment_id},
                                 {"scan_id", id},
                                 {"moment", Text(FormatRfc3339(*moment))}}});
  });
}

Result<std::vector<Attachment>> Posture::Kept(const AccountId& account) const {
  BW_TRY(auto kept, deps_.attachments.List(account));
  const bool has_default = std::any_of(kept.begin(), kept.end(), [](const Attachment& a) {
    return a.scope_id == kRegistryScope && a.profile_id == kDefaultProfile;
  });
  if (!has_default) {
    BW_TRY(kept,
           deps_.database.WriteValue([&](db::Transaction& tx) -> Result<std::vector<Attachment>> {
             BW_TRY_STATUS(deps_.attachments.Ensure(tx, account, kDefaultProfile));
             return deps_.attachments.List(tx, account);
           }));
  }
  std::erase_if(kept, [](const Attachment& a) { return !a.enabled; });
  return kept;
}

Status Posture::Reevaluate(const jobs::Job& job) {
  const db::LazyFlush lazy;  // derived: the job is done again if it is lost
  const json::Reader in(job.payload);
  const AccountId account(in.Field("account").String());
  BW_TRY(const auto touched, control::TouchedBy(in, account));
  return Look(account, touched.types, touched.resources);
}

Status Posture::ReevaluateImage(const jobs::Job& job) {
  const db::LazyFlush lazy;
  BW_TRY(const control::Resource image, control::ImageTouchedBy(job.payload));
  return Look(image.account, {}, {image});
}

Status Posture::Look(const AccountId& account, const std::set<condition::ResourceType>& types,
                     const std::vector<control::Resource>& resources) {
  if (types.empty() && resources.empty()) return Ok();
  BW_TRY(const auto kept, Kept(account));
  for (const Attachment& attachment : kept) {
    const auto look = [&]() -> Status {
      // Evaluated for the first time: as a whole.
      if (!attachment.checked) {
        BW_TRY_STATUS(evaluator_.EvaluateAll(attachment.id));
        return Ok();
      }
      if (!types.empty()) BW_TRY_STATUS(evaluator_.EvaluateAll(attachment.id, types));
      if (!resources.empty()) BW_TRY_STATUS(evaluator_.Evaluate(attachment.id, resources));
      return Ok();
    };
    const Status looked = look();
    if (!looked.ok() && !HasEnded(looked.error())) return looked;
  }
  return Ok();
}

Status Posture::EvaluateAttachment(const jobs::Job& job) {
  const json::Reader in(job.payload);
  const AccountId account(in.Field("account").String());
  const std::int64_t id = in.Field("attachment_id").Int();
  BW_TRY_STATUS(in.Finish());
  BW_TRY(const Attachment attachment, deps_.attachments.Find(account, id));
  if (!attachment.enabled) return Ok();
  const auto evaluated = evaluator_.EvaluateAll(id);
  if (evaluated.ok() || HasEnded(evaluated.error())) return Ok();
  return evaluated.error();
}

Status Posture::EvaluateEveryAccount() {
  BW_TRY(const auto accounts, deps_.accounts());
  Status first = Ok();  // one that cannot be evaluated keeps no other from it
  const auto note = [&](const Error& error) {
    if (first.ok()) first = error;
  };
  for (const AccountId& account : accounts) {
    const auto kept = Kept(account);
    if (!kept.ok()) {
      note(kept.error());
      continue;
    }
    for (const Attachment& attachment : *kept) {
      const auto evaluated = evaluator_.EvaluateAll(attachment.id);
      if (!evaluated.ok() && !HasEnded(evaluated.error())) note(evaluated.error());
    }
  }
  return first;
}

Status Posture::StartWhatIsDue() {
  BW_TRY_STATUS(StartDueScans());
  BW_TRY(const auto scopes, deps_.database.ReadValue([&](db::Transaction& tx) {
    return Setup::DueForDiscovery(tx, deps_.clock.Now());
  }));
  for (const auto& [account, scope] : scopes) BW_TRY_STATUS(StartDiscovery(account, scope));
  return Ok();
}

Status Posture::StartDueScans() {
  return deps_.database.Write([&](db::Transaction& tx) -> Status {
    const Timestamp now = deps_.clock.Now();
    BW_TRY(const auto due, deps_.attachments.TakeDue(tx, now));
    for (const Attachment& attachment : due) {
      BW_TRY(const std::int64_t id, scans::Insert(tx, attachment, "", "schedule", now));
      BW_TRY_STATUS(deps_.jobs.Enqueue(tx, {.kind = std::string(kScanJob),
                                            .payload = {{"scan_id", id}},
                                            .run_at = {},
                                            .deduplication_key = {}}));
    }
    return Ok();
  });
}

Result<std::string> Posture::StartDiscovery(const AccountId& account, const std::string& scope_id) {
  BW_TRY_STATUS(deps_.database.Write([&](db::Transaction& tx) -> Status {
    BW_TRY(const SetupItem scope, deps_.setup.Find(tx, account, SetupKind::kScope, scope_id));
    if (scope_id == kBuiltIn) return Ok();  // as it is: it has no events
    json::Object document = scope.document;
    document["discovery_status"] = "pending";
    document["discovery_began"] = Text(FormatRfc3339(deps_.clock.Now()));
    BW_TRY_STATUS(deps_.setup.Note(tx, scope, document));
    return deps_.jobs.Enqueue(
        tx, {.kind = std::string(kDiscoverJob),
             .payload = {{"account", Text(account.value())}, {"scope_id", Text(scope_id)}},
             .run_at = {},
             .deduplication_key = {}});
  }));
  return "scope-" + scope_id;
}

Status Posture::Discover(const jobs::Job& job) {
  const json::Reader in(job.payload);
  const AccountId account(in.Field("account").String());
  const std::string scope_id = in.Field("scope_id").String();
  BW_TRY_STATUS(in.Finish());
  std::int64_t found = 0;
  std::string failure;
  for (const auto& config : condition::Catalogue::BuiltIn().configs()) {
    control::FactSource* source = deps_.facts.For(config.type);
    if (source == nullptr) continue;
    // Each by itself: after a statement that failed nothing more can be read.
    const auto counted = deps_.database.ReadValue([&](db::Transaction& tx) -> Result<std::int64_t> {
      BW_TRY(const ScopeFilter in_scope, ScopeOf(tx, account, scope_id));
      BW_TRY(const auto listed, source->List(tx, config.type, account));
      return std::count_if(listed.begin(), listed.end(), in_scope);
    });
    if (counted.ok()) {
      found += *counted;
    } else {
      failure = condition::ToString(config.type) + ": " + counted.error().message();
    }
  }
  return deps_.database.Write([&](db::Transaction& tx) -> Status {
    BW_TRY(const SetupItem scope, deps_.setup.Find(tx, account, SetupKind::kScope, scope_id));
    json::Object document = scope.document;
    const auto now = Text(FormatRfc3339(deps_.clock.Now()));
    const std::string status =
        failure.empty() ? "discovery_result_posted_no_error" : "discovery_result_posted_with_error";
    document["discovery_status"] = Text(status);
    document["discovery_ended"] = now;
    json::Array events;
    if (const auto* before = document.if_contains("events")) events = before->as_array();
    events.insert(
        events.begin(),
        json::Value{
            {"id", Text(std::to_string(job.id))},
            {"created_at", Text(FormatRfc3339(job.created))},
            {"updated_at", now},
            {"task_type", "discovery"},
            {"status", Text(status)},
            {"data_available", found > 0},
            {"status_message",
             Text(failure.empty() ? std::to_string(found) + " resources were found" : failure)}});
    if (events.size() > kMaxEvents) events.pop_back();
    document["events"] = std::move(events);
    return deps_.setup.Note(tx, scope, document);
  });
}

Result<std::vector<Scan>> Posture::LatestScans(const AccountId& account) const {
  return deps_.database.ReadValue([&](db::Transaction& tx) { return scans::Latest(tx, account); });
}

Result<std::vector<Scan>> Posture::Scans(const AccountId& account, std::int64_t attachment,
                                         std::int64_t offset, std::int64_t limit) const {
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<std::vector<Scan>> {
    BW_TRY_STATUS(deps_.attachments.Find(tx, account, attachment));
    return scans::Of(tx, attachment, offset, limit);
  });
}

Result<std::int64_t> Posture::CountScans(const AccountId& account, std::int64_t attachment) const {
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<std::int64_t> {
    BW_TRY_STATUS(deps_.attachments.Find(tx, account, attachment));
    return scans::CountOf(tx, attachment);
  });
}

Result<Scan> Posture::FindScan(const AccountId& account, std::int64_t id) const {
  return deps_.database.ReadValue(
      [&](db::Transaction& tx) { return scans::Find(tx, account, id); });
}

Result<Assessment> Posture::Assess(const AccountId& account, std::int64_t attachment,
                                   const AssessOptions& options) const {
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<Assessment> {
    BW_TRY(const Attachment found, deps_.attachments.Find(tx, account, attachment));
    const Timestamp now = deps_.clock.Now();
    const Timestamp moment = options.at.value_or(std::max(now, found.evaluated));
    BW_TRY(auto accepted, AcceptedAt(tx, account, moment));
    BW_TRY(const auto attestations, Attestations::AllAt(tx, account, moment));
    AssessSource source{deps_.profiles, deps_.attachments, std::move(accepted), {}};
    for (const auto& [goal, attestation] : attestations) source.attested.insert(goal);
    BW_TRY(auto assessment, breakwater::posture::Assess(tx, source, found, options, now));
    BW_TRY(const auto exceptions,
           control::Exceptions::At(tx, account, control::ExceptionKind::kGoal, assessment.at));
    for (AssessedGoal& goal : assessment.goals) {
      for (const control::Exception& one : exceptions) {
        if (one.what.subject == goal.id) goal.exceptions.push_back(Shown(one));
      }
      const auto attested = attestations.find(goal.id);
      if (!goal.is_manual || attested == attestations.end()) continue;
      goal.attestation = {.owner = attested->second.what.owner,
                          .statement = attested->second.what.statement,
                          .given_by = attested->second.given_by,
                          .given = attested->second.given,
                          .expires = attested->second.what.expires};
    }
    assessment.software = "Breakwater " BW_VERSION;
    return assessment;
  });
}

Result<Assessment> Posture::AssessScan(const Scan& scan) const {
  return Assess(scan.account, scan.attachment_id,
                {.at = scan.moment.value_or(scan.created),
                 .from = {},
                 .max_resources = kMaxResourcesOfAScan});
}

Result<Attachment> Posture::AttachmentOf(const AccountId& account,
                                         const std::string& profile_id) const {
  if (profile_id == kDefaultProfile) BW_TRY_STATUS(Kept(account));
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<Attachment> {
    BW_TRY_STATUS(deps_.profiles.Find(tx, account, profile_id));
    BW_TRY(auto found, deps_.attachments.FindFor(tx, account, kRegistryScope, profile_id));
    if (!found) {
      return NotFound("profile " + profile_id + " is not attached; ask for a validation of it");
    }
    return *std::move(found);
  });
}

Result<std::vector<std::string>> Posture::WarningsOf(const Attachment& attachment) const {
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<std::vector<std::string>> {
    BW_TRY(const auto profile,
           deps_.profiles.Load(tx, attachment.profile_id, attachment.profile_version));
    BW_TRY(const ScopeFilter in_scope, ScopeOf(tx, attachment.account, attachment.scope_id));
    std::vector<std::string> warnings;
    for (const condition::ResourceType& type : profile->Types()) {
      BW_TRY(const auto goals, BindGoals(*profile, type, attachment.parameters));
      for (std::string& one : Contradictions(goals)) warnings.push_back(std::move(one));
      const bool any = std::any_of(goals.begin(), goals.end(),
                                   [](const BoundGoal& g) { return g.goal->attainable; });
      control::FactSource* source = any ? deps_.facts.For(type) : nullptr;
      if (source == nullptr) continue;
      const auto resources = source->List(tx, type, attachment.account);
      if (!resources.ok()) return warnings;  // the transaction may be of no more use
      for (const control::Resource& resource : *resources) {
        if (!in_scope(resource)) continue;
        const auto facts = source->Read(tx, resource);
        if (!facts.ok()) return warnings;
        for (const BoundGoal& goal : goals) {
          const std::string why = WhyUnattainable(goal, *facts);
          if (!why.empty()) warnings.push_back("goal " + goal.goal->id + ": " + why);
        }
      }
    }
    return warnings;
  });
}

Status Posture::SetParameter(const control::Caller& caller, const AccountId& account,
                             std::int64_t attachment, const std::string& name,
                             const json::Value& value) {
  BW_TRY_STATUS(deps_.attachments.Update(caller, account, attachment,
                                         [&](AttachmentDraft draft) -> Result<AttachmentDraft> {
                                           if (value.is_null()) {
                                             draft.parameters.erase(name);
                                           } else {
                                             draft.parameters[name] = value;
                                           }
                                           return draft;
                                         }));
  return Ok();
}

}  // namespace breakwater::posture
