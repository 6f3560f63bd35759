// What an action is about, with the attributes that policies and rules can name.
#pragma once

#include <compare>
#include <map>
#include <string>

#include "base/ids.h"

namespace breakwater::control {

struct Resource {
  std::string service = "container-registry";
  std::string kind;  // "service", "namespace", "image", "access", "alerts", "rule", …
  AccountId account;
  RegistryName registry;  // empty: of the account, not of one registry
  std::string region;
  std::string resource_group;
  std::string name_space;  // the namespace an image or repository lies in, or the namespace itself
  std::string name;        // within its kind: "ns/repo@sha256:…", a rule id, …; may be empty

  Crn crn() const;
  // "registry", "region", "resource", …: for rule targets (condition::Target).
  std::map<std::string, std::string> Attributes() const;

  friend auto operator<=>(const Resource&, const Resource&) = default;
};

// The settings of one account in one registry: kind "service".
Resource ServiceResource(const AccountId& account, const RegistryName& registry,
                         std::string region);
// A resource of the account as a whole.
Resource AccountResource(const AccountId& account, std::string kind, std::string name = {});
// A namespace: what data-plane rights are decided on.
Resource NamespaceResource(const AccountId& account, const RegistryName& registry,
                           std::string region, std::string name_space);

}  // namespace breakwater::control
