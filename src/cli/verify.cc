#include "cli/verify.h"

#include <cstdio>
#include <set>

#include "cli/audit.h"
#include "io/file.h"
#include "report/signature.h"

namespace breakwater::cli {
namespace {

// What was read and is not as it should be was changed, in whatever way it shows.
template <class T>
Result<T> AsCorrupt(Result<T> result) {
  if (result.ok()) return result;
  return DataCorrupt(result.error().message());
}

Result<std::string> ReadInput(const std::string& path) {
  auto bytes = io::ReadFile(path, report::kMaxEnvelope);
  if (!bytes.ok()) return NotFound("cannot read " + path);
  return bytes;
}

// The head that the bundle names, if there is one: signed by the key.
Result<std::optional<audit::Head>> HeadOf(const report::VerifiedEvidence& found,
                                          const crypto::VerifyingKey& key) {
  if (found.audit_head.is_null()) return std::optional<audit::Head>();
  BW_TRY(auto head, AsCorrupt(audit::HeadFromJson(found.audit_head)));
  if (!audit::IsSignedBy(head, key)) {
    return DataCorrupt("the head of the audit trail is not signed by this key");
  }
  return std::optional(std::move(head));
}

// The trail is intact up to the head and beyond, and knows what the bundle counts on.
Result<std::string> AgainstTrail(const VerifyEvidenceArguments& arguments,
                                 const report::VerifiedEvidence& found,
                                 const std::optional<audit::Head>& head) {
  if (arguments.trail.empty()) return std::string("not held against the audit trail (--trail)\n");
  if (!head) return DataCorrupt("the bundle names no head of the audit trail");
  std::set<std::pair<std::string, std::string>> missing(found.recorded.begin(),
                                                        found.recorded.end());
  const std::size_t wanted = missing.size();
  VerifyAuditArguments files{
      .files = arguments.trail,
      .key = arguments.key,
      .heads = {},
      .as_json = false,
      .more_heads = {*head},
      .on_record = [&](std::string_view text) {
        const auto record = json::Parse(text);
        if (!record.ok()) return;
        const json::Value* target = json::Find(*record, "target");
        if (target == nullptr || json::FindText(*record, "outcome") != "success") {
          return;
        }
        missing.erase({std::string(json::FindText(*record, "action")),
                       std::string(json::FindText(*target, "name"))});
      }};
  BW_TRY(const auto trail, VerifyAuditFiles(files));
  for (const std::int64_t sequence : trail.unreachable) {
    if (sequence == head->sequence) {
      return NotFound("the files do not reach entry " + std::to_string(sequence) +
                      ", the head that the bundle names");
    }
  }
  if (!missing.empty()) {
    return DataCorrupt("the audit trail has no record of " + missing.begin()->first + " " +
                       missing.begin()->second);
  }
  return "audit trail: intact, with the head that the bundle names and " + std::to_string(wanted) +
         " of " + std::to_string(wanted) + " attestations and exceptions on record\n";
}

Result<std::string> CheckedReport(const VerifyEvidenceArguments& arguments,
                                  const std::string& signature, const crypto::VerifyingKey& key) {
  BW_TRY(const std::string report, ReadInput(arguments.report));
  BW_TRY(const auto found, AsCorrupt(report::VerifyReport(signature, report, key)));
  return "good: " + found.name + "\nprofile: " + found.profile + "\nas of: " + found.at + "\n";
}

Result<std::string> Checked(const VerifyEvidenceArguments& arguments) {
  BW_TRY(const std::string bytes, ReadInput(arguments.file));
  auto key = ReadPublicKey(arguments.key);
  if (!key.ok()) return Invalid("no public key in " + arguments.key + ": " + key.error().message());
  if (!arguments.report.empty()) return CheckedReport(arguments, bytes, *key);
  BW_TRY(const auto found, AsCorrupt(report::VerifyEnvelope(bytes, *key)));
  BW_TRY(const auto head, HeadOf(found, *key));
  BW_TRY(const std::string trail, AgainstTrail(arguments, found, head));
  if (!arguments.head.empty() && head) {
    const std::string text = json::Serialize(found.audit_head);
    BW_TRY_STATUS(io::WriteFileDurably(arguments.head, AsBytes(text), 0644));
  }
  return RenderEvidence(found) + trail;
}

}  // namespace

std::string RenderEvidence(const report::VerifiedEvidence& found) {
  std::string text = "good: " + found.subject + "\nprofile: " + found.profile +
                     "\nscope: " + found.scope + "\nas of: " + found.at +
                     "\nlast looked at: " + found.looked_at + "\nmade: " + found.made_at +
                     "\nevaluated again: " + std::to_string(found.results) + " results of " +
                     std::to_string(found.goals) + " goals\n";
  if (found.unreadable > 0) {
    text += "could not be performed then: " + std::to_string(found.unreadable) + " results\n";
  }
  if (found.missing > 0) {
    text += "NOT IN THE BUNDLE: " + std::to_string(found.missing) + " results\n";
  }
  if (found.audit_head.is_null()) return text + "audit trail: nothing was sealed then\n";
  const json::Value* sequence = json::Find(found.audit_head, "sequence");
  return text + "audit trail: had " + (sequence == nullptr ? "?" : json::Serialize(*sequence)) +
         " entries when it was made\n";
}

int VerifyEvidence(const VerifyEvidenceArguments& arguments) {
  const auto text = Checked(arguments);
  if (text.ok()) {
    std::fputs(text->c_str(), stdout);
    return 0;
  }
  std::fprintf(stderr, "%s\n", text.error().message().c_str());
  return text.error().code() == ErrorCode::kDataCorrupt ? 1 : 2;
}

}  // namespace breakwater::cli
