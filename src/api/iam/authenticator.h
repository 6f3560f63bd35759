// The dispatcher's question "who?", answered by IAM's credentials.
#pragma once

#include "api/dispatcher.h"
#include "iam/credentials.h"

namespace breakwater::api::iam {

// Thread-safe. Registry tokens count on the data plane alone.
class CredentialAuthenticator final : public Authenticator {
 public:
  explicit CredentialAuthenticator(::breakwater::iam::Credentials& credentials)
      : credentials_(credentials) {}

  Result<control::Actor> Authenticate(std::string_view authorization, Audience audience,
                                      const control::Origin& origin) override;

 private:
  ::breakwater::iam::Credentials& credentials_;
};

}  // namespace breakwater::api::iam
