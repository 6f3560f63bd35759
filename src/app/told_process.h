// What this process tells of itself, for goals to judge (admin/processes.h).
#pragma once

#include <cstdint>
#include <vector>

#include "admin/processes.h"
#include "config/settings.h"

namespace breakwater::app {

// A listener that was taken; `port` is the one it has.
struct BoundListener {
  std::string plane;  // public or private
  const config::Listener& configured;
  std::uint16_t port = 0;
};

// Reads the certificates, as the listeners did. A certificate is served for as long as the process
// runs.
admin::ToldProcess DescribeProcess(const config::Settings& settings,
                                   const std::vector<BoundListener>& listeners);

}  // namespace breakwater::app
