// The dispatcher's question "who?", answered by IAM's credentials.
#pragma once

#include "api/dispatcher.h"
#include "iam/address_guard.h"
#include "iam/credentials.h"

namespace breakwater::api::iam {

// Thread-safe. Registry tokens count on the data plane alone.
class CredentialAuthenticator final : public Authenticator {
 public:
  CredentialAuthenticator(::breakwater::iam::Credentials& credentials,
                          ::breakwater::iam::AddressGuard& guard)
      : credentials_(credentials), guard_(guard) {}

  Result<control::Actor> Authenticate(std::string_view authorization, Audience audience,
                                      const control::Origin& origin) override;

 private:
  ::breakwater::iam::Credentials& credentials_;
  ::breakwater::iam::AddressGuard& guard_;
};

}  // namespace breakwater::api::iam
