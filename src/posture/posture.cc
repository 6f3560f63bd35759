#include "posture/posture.h"

#include "db/lazy_flush.h"
#include "json/reader.h"

namespace breakwater::posture {
namespace {

using json::Text;

constexpr std::string_view kScanJob = "posture.scan";
constexpr std::string_view kReevaluateJob = "posture.reevaluate";
constexpr std::string_view kAttachmentJob = "posture.attachment";
constexpr std::chrono::hours kSafetyNet{24};
constexpr std::chrono::minutes kDueEvery{1};
constexpr jobs::RetryPolicy kScanRetry;
constexpr std::size_t kMaxGoverned = 10'000;

Error NoScope(std::string_view id) {
  return NotFound("scope " + std::string(id) + " was not found");
}

Result<InScope> ScopeOf(db::Transaction&, const AccountId&, std::string_view id) {
  if (id != kRegistryScope) return NoScope(id);
  return InScope([](const control::Resource&) { return true; });
}

// What an event says was touched: whole types, or resources of them by their coordinates.
struct Touched {
  std::set<condition::ResourceType> types;
  std::vector<control::Resource> resources;
};

Result<Touched> TouchedBy(const json::Reader& event, const AccountId& account) {
  Touched touched;
  for (const json::Reader& item : event.Field("governed").Items(kMaxGoverned)) {
    const condition::ResourceType type{item.Field("service").String(), item.Field("kind").String()};
    if (!item.Optional("registry")) {
      touched.types.insert(type);
      continue;
    }
    control::Resource resource;
    resource.service = type.service;
    resource.kind = type.kind;
    resource.account = account;
    resource.registry = RegistryName(item.String("registry", ""));
    resource.region = item.String("region", "");
    resource.resource_group = item.String("resource_group", "");
    resource.name_space = item.String("namespace", "");
    resource.name = item.String("name", "");
    touched.resources.push_back(std::move(resource));
  }
  BW_TRY_STATUS(event.Finish());
  return touched;
}

}  // namespace

Posture::Posture(PostureDeps deps)
    : deps_(std::move(deps)),
      evaluator_({deps_.database, deps_.jobs, deps_.facts, deps_.profiles, deps_.attachments,
                  ScopeOf, [this](db::Transaction& tx, const AccountId& account) {
                    return AcceptedAt(tx, account, deps_.clock.Now());
                  }}) {
  jobs::Jobs& jobs = deps_.jobs;
  jobs.Register(std::string(kScanJob), kScanRetry,
                [this](const jobs::Job& job) { return RunScan(job); });
  jobs.Register(std::string(kReevaluateJob), {},
                [this](const jobs::Job& job) { return Reevaluate(job); });
  jobs.Register(std::string(kAttachmentJob), {},
                [this](const jobs::Job& job) { return EvaluateAttachment(job); });
  jobs.Subscribe(std::string(control::kChangeCommitted), std::string(kReevaluateJob));
  jobs.Subscribe(std::string(control::kFactsChanged), std::string(kReevaluateJob));
  jobs.Subscribe(std::string(kAttachmentChanged), std::string(kAttachmentJob));
  jobs.Every("posture.daily", kSafetyNet, [this] { return EvaluateEveryAccount(); });
  jobs.Every("posture.due", kDueEvery, [this] { return StartDueScans(); });
}

Result<Accepted> Posture::AcceptedAt(db::Transaction&, const AccountId&, Timestamp) const {
  return Accepted{};
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
         BW_TRY_STATUS(ScopeOf(tx, account, scope_id));
         BW_TRY(auto attachment, deps_.attachments.FindFor(tx, account, scope_id, profile_id));
         if (!attachment || !attachment->enabled) {
           BW_TRY(attachment, deps_.attachments.Attach(tx, caller, account,
                                                       {.scope_id = scope_id,
                                                        .profile_id = profile_id,
                                                        .profile_version = {},
                                                        .parameters = {},
                                                        .every = {}}));
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
    if (job.attempt < kScanRetry.max_attempts) return moment.error();
    return deps_.database.Write(
        [&](db::Transaction& tx) { return scans::GiveUp(tx, id, deps_.clock.Now()); });
  }
  return deps_.database.Write([&](db::Transaction& tx) -> Status {
    BW_TRY(const auto in_force, deps_.attachments.InForceAt(tx, scan.attachment_id, *moment));
    if (!in_force) return Internal("a scan's attachment was made after it");
    BW_TRY(const auto profile, deps_.profiles.Load(tx, scan.profile_id, in_force->profile_version));
    BW_TRY(const auto points, ledger::GoalsAt(tx, scan.attachment_id, *moment));
    return scans::Finish(tx, id, *moment, deps_.clock.Now(), CountsOf(*profile, points));
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
  BW_TRY(const Touched touched, TouchedBy(in, account));
  if (touched.types.empty() && touched.resources.empty()) return Ok();
  BW_TRY(const auto kept, Kept(account));
  for (const Attachment& attachment : kept) {
    // Evaluated for the first time: as a whole.
    if (!attachment.checked) {
      BW_TRY_STATUS(evaluator_.EvaluateAll(attachment.id));
      continue;
    }
    if (!touched.types.empty()) {
      BW_TRY_STATUS(evaluator_.EvaluateAll(attachment.id, touched.types));
    }
    if (!touched.resources.empty()) {
      BW_TRY_STATUS(evaluator_.Evaluate(attachment.id, touched.resources));
    }
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
  BW_TRY_STATUS(evaluator_.EvaluateAll(id));
  return Ok();
}

Status Posture::EvaluateEveryAccount() {
  BW_TRY(const auto accounts, deps_.accounts());
  for (const AccountId& account : accounts) {
    BW_TRY(const auto kept, Kept(account));
    for (const Attachment& attachment : kept) {
      BW_TRY_STATUS(evaluator_.EvaluateAll(attachment.id));
    }
  }
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
    BW_TRY(auto accepted, AcceptedAt(tx, account, options.at.value_or(now)));
    BW_TRY(auto assessment,
           breakwater::posture::Assess(tx, {deps_.profiles, deps_.attachments, std::move(accepted)},
                                       found, options, now));
    assessment.scope_name = "registry";
    assessment.scope_description = "Everything the account has in this installation";
    return assessment;
  });
}

Result<Assessment> Posture::AssessScan(const Scan& scan) const {
  return Assess(scan.account, scan.attachment_id,
                {.at = scan.moment.value_or(scan.created), .from = {}});
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

Status Posture::SetParameter(const control::Caller& caller, const AccountId& account,
                             std::int64_t attachment, const std::string& name,
                             const json::Value& value) {
  BW_TRY(const Attachment now, deps_.attachments.Find(account, attachment));
  AttachmentDraft draft{.scope_id = now.scope_id,
                        .profile_id = now.profile_id,
                        .profile_version = now.profile_version,
                        .parameters = now.parameters,
                        .every = now.every,
                        .enabled = now.enabled};
  if (value.is_null()) {
    draft.parameters.erase(name);
  } else {
    draft.parameters[name] = value;
  }
  BW_TRY_STATUS(deps_.attachments.Update(caller, account, attachment, draft));
  return Ok();
}

}  // namespace breakwater::posture
