#include "report/signature.h"

#include "crypto/hash.h"
#include "json/reader.h"
#include "report/envelope.h"

namespace breakwater::report {
namespace {

using json::Text;

}  // namespace

json::Value StatementOfReport(const posture::Assessment& a, const Report& report) {
  return {{"_type", Text(kStatementType)},
          {"subject",
           {{{"name", Text(report.file_name)},
             {"digest", {{"sha256", Text(crypto::Sha256Hex(report.bytes))}}}}}},
          {"predicateType", Text(kReportPredicateType)},
          {"predicate",
           {{"installation", Text(a.installation)},
            {"software", Text(a.software)},
            {"account", Text(a.account.value())},
            {"attachment_id", a.attachment_id},
            {"scope", {{"id", Text(a.scope_id)}, {"name", Text(a.scope_name)}}},
            {"profile",
             {{"id", Text(a.profile_id)},
              {"name", Text(a.profile_name)},
              {"version", a.profile_version},
              {"digest", Text(a.profile_digest)}}},
            {"media_type", Text(report.media_type)},
            {"from", a.from ? json::Value(Text(FormatRfc3339(*a.from))) : json::Value()},
            {"at", Text(FormatRfc3339(a.at))}}}};
}

Result<VerifiedReport> VerifyReport(std::string_view envelope, std::string_view report,
                                    const crypto::VerifyingKey& key) {
  BW_TRY(const json::Value statement, OpenEnvelope(envelope, key));
  const json::Reader in(statement);
  const std::string type = in.Field("predicateType").String();
  if (type != kReportPredicateType) return DataCorrupt("this is no signature of a report: " + type);
  const auto subjects = in.Field("subject").Items(1);
  const json::Reader profile = in.Field("predicate").Field("profile");
  VerifiedReport found{.name = {},
                       .profile = profile.Field("name").String() + ", version " +
                                  std::to_string(profile.Field("version").Int()),
                       .at = in.Field("predicate").Field("at").String()};
  std::string digest;
  if (!subjects.empty()) {
    found.name = subjects.front().Field("name").String();
    digest = subjects.front().Field("digest").Field("sha256").String();
  }
  BW_TRY_STATUS(in.Finish());
  if (digest != crypto::Sha256Hex(report)) {
    return DataCorrupt("the report is not the one that was signed");
  }
  return found;
}

}  // namespace breakwater::report
