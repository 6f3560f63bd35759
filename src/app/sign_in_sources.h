// The sources of identities that the configuration names.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/iam/iam.h"
#include "config/settings.h"
#include "iam/ldap/directory.h"
#include "iam/oidc/provider.h"
#include "iam/sign_in/sign_in.h"

namespace breakwater::app {

// Whether each could be asked: files are there, filters can be filled. Asks none. kInvalid.
Status CheckSignInSources(const std::vector<config::SignInSource>& configured);
// What the source of this installation's own users is called.
std::string LocalSourceName(const std::vector<config::SignInSource>& configured);
// Of all sources that sessions may stand on, the break-glass identity's included.
std::vector<std::string> SourceNames(const std::vector<config::SignInSource>& configured);

// Owns them.
class SignInSources {
 public:
  // `configured` was checked. `key` seals states of sign-ins. What is referred to must outlive it.
  SignInSources(const std::vector<config::SignInSource>& configured, const Secret& key,
                iam::Passcodes& passcodes, iam::LocalPasswords& local, const Clock& clock);
  ~SignInSources();
  SignInSources(const SignInSources&) = delete;
  SignInSources& operator=(const SignInSources&) = delete;

  const std::vector<iam::AskedSource>& asked() const { return asked_; }
  const api::iam::OutsideSources& outside() const { return outside_; }

 private:
  void AddDirectory(const config::SignInSource& source);
  void AddProvider(const config::SignInSource& source, const Secret& key, iam::Passcodes& passcodes,
                   const Clock& clock);
  iam::oidc::Issuer& AddIssuer(const config::SignInSource& source, const Clock& clock);

  std::vector<std::unique_ptr<net::HttpClient>> clients_;
  // By how they are asked: sources that differ in nothing of that share what is known of one.
  std::map<std::string, std::unique_ptr<iam::oidc::Issuer>> issuers_;
  std::vector<std::unique_ptr<iam::oidc::Provider>> providers_;
  std::vector<std::unique_ptr<iam::ldap::Directory>> directories_;
  std::vector<iam::oidc::TrustedIssuer> trusted_;
  std::vector<iam::AskedSource> asked_;
  api::iam::OutsideSources outside_;
};

}  // namespace breakwater::app
