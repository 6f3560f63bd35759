// `breakwater audit verify` and `breakwater audit export`.
#pragma once

#include <string>
#include <vector>

#include "audit/verify.h"
#include "base/result.h"
#include "cli/login.h"
#include "crypto/signing.h"

namespace breakwater::cli {

struct VerifyAuditArguments {
  std::vector<std::string> files;  // plain, .gz or .zst, in any order
  std::string key;                 // PEM, or what GET /breakwater/v1/audit/key answers
  std::string heads;               // a head, a list of them, or one in each line; empty: none
  bool as_json = false;
  std::vector<audit::Head> more_heads = {};  // that must be met too
  audit::FileVerifier::OnRecord on_record = {};
};

inline constexpr std::string_view kVerifyAuditHelp =
    "Needs nothing but the files, the public key and, to find a tail that was cut off, a head that "
    "was kept elsewhere. Exit status: 0 intact, 1 something was changed, is missing or was cut "
    "off, no head vouches for it, or there is no entry at all, 2 it could not be looked at.";

// A PEM, a JWK, or an object that holds a PEM as "pem".
Result<crypto::VerifyingKey> ReadPublicKey(const std::string& path);

// Reads all of them. kDataCorrupt where they are not what was sealed.
Result<audit::FileVerification> VerifyAuditFiles(const VerifyAuditArguments& arguments);
std::string RenderVerification(const audit::FileVerification& found);
std::string RenderVerificationJson(const Result<audit::FileVerification>& found);

struct ExportAuditArguments {
  std::string directory = ".";
  std::int64_t from = 1;
};

// What was written: the file with the lines, empty if there were none.
struct ExportedAudit {
  std::string file;
  std::int64_t last = 0;
};
// Writes audit-<first>-<last>.jsonl, audit-key.pem and audit-head.json.
Result<ExportedAudit> ExportAuditFiles(Client& client, const ExportAuditArguments& arguments);

// The process's exit status.
int VerifyAudit(const VerifyAuditArguments& arguments);
int ExportAudit(const RawClientArguments& raw, const ExportAuditArguments& arguments);

}  // namespace breakwater::cli
