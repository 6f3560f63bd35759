// The registries this process serves, from its configuration. Immutable after start.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace breakwater::control {

struct RegistryInfo {
  RegistryName name;  // its first public host name, or its listener's address
  std::string region = "local";
  std::vector<std::string> public_hosts;
  std::vector<std::string> private_hosts;
  // How long a URL is good by which a client pulls a blob from the store itself; absent: pulls are
  // answered here.
  std::optional<std::chrono::seconds> pull_url_life = std::nullopt;
};

class Registries {
 public:
  // At least one. The first is the default.
  explicit Registries(std::vector<RegistryInfo> registries);

  // The registry whose public or private host name this is (port ignored unless configured with
  // one), else the first. Case-insensitive.
  const RegistryInfo& ForHost(std::string_view host) const;
  // Null if there is none of that name.
  const RegistryInfo* Find(const RegistryName& name) const;
  const std::vector<RegistryInfo>& all() const { return registries_; }

 private:
  std::vector<RegistryInfo> registries_;
};

}  // namespace breakwater::control
