// Where somebody may prove who they are by name and password.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "base/secret.h"
#include "json/json.h"

namespace breakwater::iam {

// Somebody as a source knows them.
struct Person {
  IamId iam_id{};         // of one who is of this installation; else empty, and:
  std::string subject{};  // what the source calls them, now and later
  std::string email{};
  std::string first_name{};
  std::string last_name{};
  json::Object claims{};  // what conditions of access groups and trusted profiles are about
  // Good for nothing but choosing another password.
  bool must_choose_password = false;
};

// Asked by a source once it knows whom a name means (`subject` of the Person), before it tries the
// password: whatever other names they have there. Its error is the answer.
using BeforeProof = std::function<Status(std::string_view subject)>;

// Thread-safe.
class PasswordSource {
 public:
  virtual ~PasswordSource() = default;
  virtual std::string_view name() const = 0;
  // Nothing if nobody here has that name. kUnauthenticated "wrong_password"; kUnavailable or
  // kDeadline if it cannot tell. Bounded in time. The password is never empty.
  virtual Result<std::optional<Person>> Check(std::string_view name, const Secret& password,
                                              const BeforeProof& before) = 0;
  // Does what refusing somebody costs who is known here, so that the time of a refusal does not
  // tell who is. `looked`: Check was asked already and knew nobody. kRateLimited as Check.
  virtual Status PretendToRefuse(bool looked) = 0;
  // What the source says of them today; nothing if they are gone or may not sign in any more. A
  // source that cannot tell without their password says so: kUnsupported.
  virtual Result<std::optional<Person>> LookUp(std::string_view subject) = 0;
};

// The same words whichever of the two it was.
inline Error WrongNameOrPassword() {
  return Unauthenticated("the name or the password is wrong").Reason("wrong_password");
}

}  // namespace breakwater::iam
