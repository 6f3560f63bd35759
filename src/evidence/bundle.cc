#include "evidence/bundle.h"

#include "report/evidence.h"

namespace breakwater::evidence {

Result<Bundle> MakeBundle(const posture::Posture& posture, const audit::Heads& heads,
                          const AccountId& account, std::int64_t attachment,
                          const BundleOptions& options) {
  BW_TRY(auto assessment, posture.Assess(account, attachment, {.at = options.at, .from = {}}));
  assessment.installation = options.installation;
  BW_TRY(const auto profile,
         posture.profiles().Load(assessment.profile_id, assessment.profile_version));
  BW_TRY(const auto head, heads.Sign());
  const json::Value statement = report::StatementOf(
      assessment, *profile,
      {.made = posture.Now(), .audit_head = head ? audit::ToJson(*head) : json::Value()});
  const json::Value envelope =
      report::EnvelopeOf(statement, heads.public_key().kid(),
                         [&](ByteView message) { return heads.SignMessage(message); });
  Bundle bundle{assessment.at, json::Serialize(envelope)};
  // Nobody could open it.
  if (bundle.bytes.size() > report::kMaxEnvelope) {
    return TooLarge("the bundle would have more than 256 MiB: narrow the attachment's scope");
  }
  return bundle;
}

}  // namespace breakwater::evidence
