#include "cli/verify.h"

#include <cstdio>

#include "cli/audit.h"
#include "io/file.h"
#include "report/signature.h"

namespace breakwater::cli {
namespace {

Result<std::string> Checked(const VerifyEvidenceArguments& arguments) {
  auto bytes = io::ReadFile(arguments.file, report::kMaxEnvelope);
  if (!bytes.ok()) return NotFound("cannot read " + arguments.file);
  auto key = ReadPublicKey(arguments.key);
  if (!key.ok()) return Invalid("no public key in " + arguments.key + ": " + key.error().message());
  if (!arguments.report.empty()) {
    const auto report = io::ReadFile(arguments.report, report::kMaxEnvelope);
    if (!report.ok()) return NotFound("cannot read " + arguments.report);
    BW_TRY(const auto signed_report, report::VerifyReport(*bytes, *report, *key));
    return "good: " + signed_report.name + "\nprofile: " + signed_report.profile +
           "\nas of: " + signed_report.at + "\n";
  }
  BW_TRY(const auto found, report::VerifyEnvelope(*bytes, *key));
  if (!arguments.head.empty() && !found.audit_head.is_null()) {
    const std::string head = json::Serialize(found.audit_head);
    BW_TRY_STATUS(io::WriteFileDurably(arguments.head, AsBytes(head), 0644));
  }
  return RenderEvidence(found);
}

}  // namespace

std::string RenderEvidence(const report::VerifiedEvidence& found) {
  std::string text = "good: " + found.subject + "\nprofile: " + found.profile +
                     "\nas of: " + found.at +
                     "\nevaluated again: " + std::to_string(found.results) + " results of " +
                     std::to_string(found.goals) + " goals\n";
  if (found.unreadable > 0) {
    text += "could not be performed then: " + std::to_string(found.unreadable) + " results\n";
  }
  if (found.audit_head.is_null()) return text + "audit trail: nothing was sealed then\n";
  const json::Value* sequence = json::Find(found.audit_head, "sequence");
  return text + "audit trail: had " + (sequence == nullptr ? "?" : json::Serialize(*sequence)) +
         " entries; check it with breakwater audit verify --head\n";
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
