#include "admin/checks.h"

#include "admin/installation_facts.h"
#include "admin/outcomes.h"
#include "control/fact_events.h"

namespace breakwater::admin {
namespace {

constexpr std::size_t kDigestDigits = 64;
// Two machines' clocks.
constexpr std::chrono::minutes kClockMargin{5};

Error Wrong(std::string_view what) {
  return Invalid(std::string(what)).Reason("invalid_field");
}

json::Value ToJson(const BackupReport& report) {
  return {{"manifest_sha256", json::Text(report.manifest_sha256)},
          {"as_of", json::Text(FormatRfc3339(report.as_of))},
          {"rows", report.rows},
          {"blobs", report.blobs},
          {"blob_bytes", report.blob_bytes},
          {"read_back", report.read_back}};
}

// The head that was signed last is of this chain, and was signed here.
Status CheckHead(const audit::Log& log, const audit::Heads& heads) {
  BW_TRY(const auto head, heads.Latest());
  if (!head) return Ok();
  if (!audit::IsSignedBy(*head, heads.public_key())) {
    return DataCorrupt("the signature of the latest head is not good");
  }
  BW_TRY(const audit::ChainEnd end, log.End());
  if (end.sequence < head->sequence) {
    return DataCorrupt("the latest head vouches for entry " + std::to_string(head->sequence) +
                       ", and the chain ends before it");
  }
  return log.Export(head->sequence, 1, [&](const audit::Entry& entry) -> Status {
    if (entry.sequence != head->sequence || entry.hash == head->hash) return Ok();
    return DataCorrupt("audit entry " + std::to_string(entry.sequence) +
                       ": it is not the one that the latest head vouches for");
  });
}

}  // namespace

Status Checks::BackupDone(const control::Caller& caller, const BackupReport& report) {
  const Timestamp now = deps_.clock.Now();
  const bool digest =
      report.manifest_sha256.size() == kDigestDigits &&
      report.manifest_sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!digest) return Wrong("manifest_sha256: must be 64 hexadecimal digits");
  if (report.as_of > now + kClockMargin) return Wrong("as_of: must not lie in the future");
  return deps_.changes.Submit(
      caller, {.action = std::string(kBackupAction),
               .resource = control::AccountResource(deps_.owner, "backup"),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 const json::Value detail = ToJson(report);
                 const auto name = report.read_back ? outcome::kVerifiedBackup : outcome::kBackup;
                 BW_TRY(const auto before, ReadOutcome(tx, name));
                 BW_TRY_STATUS(WriteOutcome(tx, name, true, report.as_of, now, detail));
                 return control::Effect{
                     .before = before ? before->detail : json::Value(),
                     .after = detail,
                     .governed = {},
                     .events = {control::FactsChanged(deps_.owner, {BackupType()})}};
               },
               .severity = audit::Severity::kNormal});
}

Result<audit::Verification> Checks::VerifyAudit(const audit::Log& log, const audit::Heads& heads) {
  auto verified = log.Verify();
  if (verified.ok()) {
    if (Status head = CheckHead(log, heads); !head.ok()) verified = std::move(head).error();
  }
  // What could not be read says nothing of the chain.
  if (!verified.ok() && verified.error().code() != ErrorCode::kDataCorrupt) return verified;
  const json::Value detail = verified.ok()
                                 ? json::Value{{"sealed", verified->sealed}}
                                 : json::Value{{"problem", json::Text(verified.error().message())}};
  BW_TRY_STATUS(deps_.database.Write([&](db::Transaction& tx) -> Status {
    const Timestamp now = deps_.clock.Now();
    BW_TRY_STATUS(WriteOutcome(tx, outcome::kAudit, verified.ok(), now, now, detail));
    return deps_.jobs.Emit(tx, control::FactsChanged(deps_.owner, {AuditType()}));
  }));
  return verified;
}

}  // namespace breakwater::admin
