#include "iam/sign_in/passcodes.h"

#include "crypto/hash.h"
#include "crypto/random.h"
#include "iam/sessions.h"

namespace breakwater::iam {
namespace {

constexpr std::string_view kKind = "passcode";
constexpr std::size_t kOctets = 18;
constexpr std::size_t kMaxValueOctets = 128;

Error Unknown() {
  return Unauthenticated("the passcode is wrong, was used, or has expired: get another one")
      .Reason("passcode_unknown");
}

constexpr std::size_t kChallengeOctets = 43;  // base64url of 32
constexpr std::size_t kMaxVerifier = 128;     // RFC 7636 §4.1

bool Meets(const std::string& challenge, const Secret& verifier) {
  if (challenge.empty()) return true;
  const std::string& text = verifier.Reveal();  // to hash it
  return text.size() >= kChallengeOctets && text.size() <= kMaxVerifier &&
         ConstantTimeEqual(Base64UrlEncode(crypto::Sha256(AsBytes(text))), challenge);
}

}  // namespace

bool IsChallenge(std::string_view text) {
  const auto decoded = Base64UrlDecode(text);
  return text.size() == kChallengeOctets && decoded.ok() && Base64UrlEncode(*decoded) == text;
}

Result<Passcode> Passcodes::Make(const PasscodeOwner& owner) {
  const Timestamp now = clock_.Now();
  const Passcode made{Secret(crypto::RandomToken(kOctets)), now + kLife};
  const Bytes hash = hasher_.Hash(made.value);
  BW_TRY_STATUS(database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(tx.Execute(
        "DELETE FROM iam_one_time WHERE kind = $1 AND iam_id = $2 AND hash NOT IN (SELECT hash "
        "FROM iam_one_time WHERE kind = $1 AND iam_id = $2 ORDER BY expires_at DESC LIMIT $3)",
        {kKind, owner.iam_id, kMost - 1}));
    BW_TRY_STATUS(tx.Execute(
        "INSERT INTO iam_one_time (hash, kind, account_id, iam_id, source, session_id, "
        "session_ends_at, expires_at, proved_at, challenge) VALUES ($1, $2, $3, $4, $5, $6, "
        "$7, $8, $9, $10)",
        {hash, kKind, owner.account, owner.iam_id, owner.source, owner.session_id,
         owner.session_ends, made.expires, owner.proved, owner.challenge}));
    return Ok();
  }));
  return made;
}

Result<PasscodeOwner> Passcodes::Use(const Secret& value, const Secret& verifier) {
  if (value.empty() || value.Reveal().size() > kMaxValueOctets) return Unknown();
  const Bytes hash = hasher_.Hash(value);
  const Timestamp now = clock_.Now();
  BW_TRY(const auto owner,
         database_.WriteValue([&](db::Transaction& tx) -> Result<std::optional<PasscodeOwner>> {
           BW_TRY(auto found,
                  tx.QueryOne("SELECT account_id, iam_id, source, session_id, session_ends_at, "
                              "proved_at, challenge FROM iam_one_time "
                              "WHERE hash = $1 AND kind = $2 AND expires_at > $3",
                              {hash, kKind, now}, [](const db::Row& row) {
                                return PasscodeOwner{AccountId(row.String(0)),
                                                     IamId(row.String(1)),
                                                     row.String(2),
                                                     row.String(3),
                                                     row.OptionalTime(4),
                                                     row.Time(5),
                                                     row.String(6)};
                              }));
           BW_TRY_STATUS(tx.Execute("DELETE FROM iam_one_time WHERE hash = $1", {hash}));
           if (!found || found->session_id.empty()) return found;
           BW_TRY(const auto session, store::FindSession(tx, found->session_id));
           return CheckSession(session, now).ok() ? found : std::nullopt;
         }));
  if (!owner || !Meets(owner->challenge, verifier)) return Unknown();
  return *owner;
}

Result<bool> Passcodes::First(std::string_view kind, std::string_view what, Timestamp expires) {
  const Bytes hash = hasher_.Hash(Secret(std::string(kind) + "\n" + std::string(what)));
  return database_.WriteValue([&](db::Transaction& tx) -> Result<bool> {
    BW_TRY(
        const std::int64_t rows,
        tx.Execute("INSERT INTO iam_one_time (hash, kind, account_id, iam_id, source, session_id, "
                   "expires_at) VALUES ($1, $2, '', '', '', '', $3) ON CONFLICT (hash) DO NOTHING",
                   {hash, kind, expires}));
    return rows == 1;
  });
}

Status Passcodes::Sweep() {
  const Timestamp now = clock_.Now();
  return database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(tx.Execute("DELETE FROM iam_one_time WHERE expires_at < $1", {now}));
    return Ok();
  });
}

}  // namespace breakwater::iam
