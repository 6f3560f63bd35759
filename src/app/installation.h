// The composition root: everything an installation consists of, built in order and destroyed in
// reverse. Only this folder knows which class stands behind which interface.
#pragma once

#include <memory>
#include <vector>

#include "advisor/importer.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "config/settings.h"
#include "control/registries.h"

namespace breakwater::app {

class Installation {
 public:
  // Opens (and on an empty directory, makes) the installation that the settings describe. Nothing
  // is served and no job runs before Start. `registries` are those of the settings, or the one
  // named by the listener.
  static Result<std::unique_ptr<Installation>> Open(const config::Settings& settings,
                                                    std::vector<control::RegistryInfo> registries);
  ~Installation();
  Installation(const Installation&) = delete;
  Installation& operator=(const Installation&) = delete;

  // Starts background work.
  void StartJobs();
  // Lets running jobs finish until the deadline.
  void StopJobs(std::chrono::milliseconds deadline);

  struct Parts;
  // For the server, in this folder.
  Parts& parts() { return *parts_; }

 private:
  explicit Installation(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace breakwater::app
