// Codes that sign somebody in once: from a browser, where they signed in, to a command line.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "iam/changes.h"
#include "iam/key_hasher.h"

namespace breakwater::iam {

struct Passcode {
  Secret value;
  Timestamp expires;
};

struct PasscodeOwner {
  AccountId account;
  IamId iam_id;
  std::string source;                     // of the session that it begins
  std::string session_id;                 // in which it was made, and with which it dies; or empty
  std::optional<Timestamp> session_ends;  // at the latest
  Timestamp proved{};                     // when they proved who they are
  // base64url of the SHA-256 of what the one client knows that may use it (RFC 7636 §4.2); empty:
  // whoever has it may.
  std::string challenge{};
};

// Whether it can be a PKCE challenge of the method S256.
bool IsChallenge(std::string_view text);

// Thread-safe.
class Passcodes {
 public:
  static constexpr std::chrono::minutes kLife{5};
  static constexpr std::int64_t kMost =
      10;  // of one identity; a further one takes the oldest's place

  Passcodes(db::Database& database, const KeyHasher& hasher, const Clock& clock)
      : database_(database), hasher_(hasher), clock_(clock) {}

  Result<Passcode> Make(const PasscodeOwner& owner);
  // Whose it is, this once. kUnauthenticated "passcode_unknown" for one that was used, has expired
  // or never was, whose session is over, or whose client's challenge `verifier` does not meet: that
  // one is used up, too.
  Result<PasscodeOwner> Use(const Secret& value, const Secret& verifier = {});
  // Whether something happens for the first time: the state of a sign-in, say, until `expires`.
  Result<bool> First(std::string_view kind, std::string_view what, Timestamp expires);
  Status Sweep();

 private:
  db::Database& database_;
  const KeyHasher& hasher_;
  const Clock& clock_;
};

}  // namespace breakwater::iam
