#include "control/registries.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"

namespace breakwater::control {
namespace {

// "host:5000" -> "host"; "[::1]:5000" -> "[::1]".
std::string_view WithoutPort(std::string_view host) {
  const auto colon = host.rfind(':');
  const auto bracket = host.rfind(']');
  if (colon == std::string_view::npos) return host;
  if (bracket != std::string_view::npos && colon < bracket) return host;
  return host.substr(0, colon);
}

bool Names(const std::vector<std::string>& hosts, std::string_view host) {
  return std::any_of(hosts.begin(), hosts.end(),
                     [&](const std::string& known) { return EqualsIgnoreCase(known, host); });
}

}  // namespace

Registries::Registries(std::vector<RegistryInfo> registries) : registries_(std::move(registries)) {
  BW_CHECK(!registries_.empty());
}

const RegistryInfo& Registries::ForHost(std::string_view host) const {
  for (const std::string_view candidate : {host, WithoutPort(host)}) {
    for (const RegistryInfo& registry : registries_) {
      if (Names(registry.public_hosts, candidate) || Names(registry.private_hosts, candidate)) {
        return registry;
      }
    }
  }
  return registries_.front();
}

const RegistryInfo* Registries::Find(const RegistryName& name) const {
  for (const RegistryInfo& registry : registries_) {
    if (registry.name == name) return &registry;
  }
  return nullptr;
}

}  // namespace breakwater::control
