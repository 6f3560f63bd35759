#include "api/dry_run.h"

#include <algorithm>

namespace breakwater::api {

Status CheckDryRun(const Endpoint& endpoint, const Context& context) {
  if (endpoint.method == "GET" || endpoint.method == "HEAD") return Ok();
  if (!endpoint.recorded_action().empty()) return Ok();  // it reads
  const auto asked = context.query.GetAll("dry_run");
  const bool wanted = std::ranges::any_of(asked, [](auto value) { return value != "false"; });
  if (!wanted || std::ranges::find(kTakeDryRun, endpoint.operation) != std::end(kTakeDryRun)) {
    return Ok();
  }
  return Invalid("dry_run: " + std::string(endpoint.operation) +
                 " has no dry run; nothing was changed. Leave the parameter out to have it done")
      .Reason("dry_run_unsupported");
}

}  // namespace breakwater::api
