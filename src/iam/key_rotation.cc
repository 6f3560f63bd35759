#include "iam/key_rotation.h"

#include <algorithm>

#include "control/fact_events.h"
#include "crypto/key_set.h"
#include "iam/sign_in_facts.h"
#include "iam/signing_key_rows.h"

namespace breakwater::iam {
namespace {

// Clocks of several machines differ, and a token may be verified a little after it ends.
constexpr std::chrono::hours kMargin{1};

json::Value ToJson(const std::vector<SigningKeyInfo>& keys) {
  json::Array all;
  for (const SigningKeyInfo& key : keys) all.push_back(breakwater::iam::ToJson(key));
  return all;
}

SigningKeyInfo InfoOf(const SealedKey& key) {
  return {.kid = key.kid, .created = key.created, .signs_from = key.signs_from, .ends = {}};
}

Status RemoveKey(db::Transaction& tx, const std::string& kid) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_signing_key WHERE kid = $1", {kid}));
  return Ok();
}

}  // namespace

json::Value ToJson(const SigningKeyInfo& key) {
  json::Object out{{"kid", json::Text(key.kid)},
                   {"created_at", json::Text(FormatRfc3339(key.created))},
                   {"signs_from", json::Text(FormatRfc3339(key.signs_from))}};
  if (key.ends) out["verifies_until"] = json::Text(FormatRfc3339(*key.ends));
  return out;
}

Result<std::vector<SigningKeyInfo>> KeyRotation::ReadInfos(db::Transaction& tx) const {
  BW_TRY(const auto rows, ReadSigningKeys(tx));
  std::vector<SigningKeyInfo> infos;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    infos.push_back(InfoOf(rows[i]));
    if (i + 1 < rows.size()) {
      infos.back().ends = rows[i + 1].signs_from + options_.longest_token + kMargin;
    }
  }
  return infos;
}

Result<std::vector<SigningKeyInfo>> KeyRotation::List() {
  return deps_.database.ReadValue([&](db::Transaction& tx) { return ReadInfos(tx); });
}

Status KeyRotation::Submit(const control::Caller& caller, const AccountId& account,
                           audit::Severity severity,
                           const std::function<Status(db::Transaction&)>& change) {
  return deps_.changes.Submit(
      caller, {.action = "breakwater.signing-key.rotate",
               .resource = IamResource(account, "breakwater", "signing-key"),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const auto before, ReadInfos(tx));
                 BW_TRY_STATUS(change(tx));
                 BW_TRY(const auto after, ReadInfos(tx));
                 return control::Effect{
                     .before = {{"keys", ToJson(before)}},
                     .after = {{"keys", ToJson(after)}},
                     .governed = {},
                     .events = {control::FactsChanged(account, {SigningKeyType()})}};
               },
               .severity = severity});
}

Result<SigningKeyInfo> KeyRotation::Rotate(const control::Caller& caller,
                                           const AccountId& account) {
  const Timestamp now = deps_.clock.Now();
  BW_TRY(const SealedKey made,
         SealSigningKey(crypto::SigningKey::Generate(), master_key_, now, now + options_.lead));
  BW_TRY_STATUS(
      Submit(caller, account, audit::Severity::kWarning, [&](db::Transaction& tx) -> Status {
        BW_TRY(const auto rows, ReadSigningKeys(tx));
        if (!rows.empty() && rows.back().signs_from > now) {
          return Conflict("the next key is shown already and signs from " +
                          FormatRfc3339(rows.back().signs_from))
              .Reason("rotation_pending");
        }
        if (rows.size() >= crypto::KeySet::kMaxKeys) {
          return Conflict("there are as many keys as can be: wait until the oldest has ended")
              .Reason("too_many_keys");
        }
        return InsertSigningKey(tx, made);
      }));
  return InfoOf(made);
}

Result<SigningKeyInfo> KeyRotation::Replace(const control::Caller& caller,
                                            const AccountId& account) {
  const Timestamp now = deps_.clock.Now();
  BW_TRY(const SealedKey made,
         SealSigningKey(crypto::SigningKey::Generate(), master_key_, now, now));
  BW_TRY_STATUS(
      Submit(caller, account, audit::Severity::kCritical, [&](db::Transaction& tx) -> Status {
        BW_TRY_STATUS(tx.Execute("DELETE FROM iam_signing_key"));
        // Tokens that processes have found good are remembered for a version of their account.
        BW_TRY_STATUS(tx.Execute("UPDATE iam_version SET version = version + 1"));
        return InsertSigningKey(tx, made);
      }));
  return InfoOf(made);
}

Status KeyRotation::RunSchedule(const AccountId& account) {
  const Timestamp now = deps_.clock.Now();
  BW_TRY(const auto keys, List());
  const control::Caller calendar = control::SystemCaller(account, "signing key schedule");
  const auto ended = [&](const SigningKeyInfo& key) { return key.ends && *key.ends <= now; };
  if (std::any_of(keys.begin(), keys.end(), ended)) {
    BW_TRY_STATUS(
        Submit(calendar, account, audit::Severity::kNormal, [&](db::Transaction& tx) -> Status {
          BW_TRY(const auto present, ReadInfos(tx));
          for (const SigningKeyInfo& key : present) {
            if (ended(key)) BW_TRY_STATUS(RemoveKey(tx, key.kid));
          }
          return Ok();
        }));
  }
  if (keys.empty()) return Ok();
  // Keys of before there was a schedule began at no known time.
  const Timestamp began = std::max(keys.back().signs_from, keys.back().created);
  if (began > now || now < began + options_.every) return Ok();
  const auto rotated = Rotate(calendar, account);
  if (!rotated.ok() && rotated.error().reason() != "rotation_pending") return rotated.error();
  return Ok();
}

}  // namespace breakwater::iam
