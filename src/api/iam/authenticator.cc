#include "api/iam/authenticator.h"

namespace breakwater::api::iam {

Result<control::Actor> CredentialAuthenticator::Authenticate(std::string_view authorization,
                                                             Audience audience,
                                                             const control::Origin&) {
  return credentials_.Authenticate(authorization, audience == Audience::kDataPlane);
}

}  // namespace breakwater::api::iam
