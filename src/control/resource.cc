#include "control/resource.h"

#include "base/bytes.h"

namespace breakwater::control {

Crn Resource::crn() const {
  // What lies in a namespace has the reference system's form, without an instance: also where a
  // right is needed on the service as a whole, and so no namespace named for policies.
  const bool is_of_one = kind == "namespace" || kind == "repository" || kind == "image";
  const bool lies_in_one = !name_space.empty() || (is_of_one && !name.empty());
  return {.service = service,
          .location = region,
          .account = account,
          // Two registries may lie in one region, each with resources of its own. A registry's
          // name may hold a port, and colons separate the parts of a CRN.
          .instance = lies_in_one ? "" : PercentEncode(registry.value()),
          .type = kind,
          .resource = name.empty() ? name_space : name};
}

std::map<std::string, std::string> Resource::Attributes() const {
  std::map<std::string, std::string> attributes;
  const auto put = [&](const char* key, const std::string& value) {
    if (!value.empty()) attributes.emplace(key, value);
  };
  put("account_id", account.value());
  put("registry", registry.value());
  put("region", region);
  put("resource_group_id", resource_group);
  put("namespace", name_space);
  put("resource", name);
  return attributes;
}

Resource ServiceResource(const AccountId& account, const RegistryName& registry,
                         std::string region) {
  Resource resource;
  resource.kind = "service";
  resource.account = account;
  resource.registry = registry;
  resource.region = std::move(region);
  return resource;
}

Resource AccountResource(const AccountId& account, std::string kind, std::string name) {
  Resource resource;
  resource.kind = std::move(kind);
  resource.account = account;
  resource.name = std::move(name);
  return resource;
}

Resource NamespaceResource(const AccountId& account, const RegistryName& registry,
                           std::string region, std::string name_space) {
  Resource resource = ServiceResource(account, registry, std::move(region));
  resource.kind = "namespace";
  resource.name_space = std::move(name_space);
  return resource;
}

}  // namespace breakwater::control
