#include "api/iam/authenticator.h"

namespace breakwater::api::iam {

Result<control::Actor> CredentialAuthenticator::Authenticate(std::string_view authorization,
                                                             Audience audience,
                                                             const control::Origin& origin) {
  BW_TRY(auto actor,
         credentials_.Authenticate(authorization, audience == Audience::kDataPlane, origin));
  // Where a token was made was looked at when it was.
  const auto presented = ::breakwater::iam::ParseAuthorization(authorization);
  if (presented.ok() && presented->basic) BW_TRY_STATUS(guard_.Check(origin, actor));
  return actor;
}

}  // namespace breakwater::api::iam
