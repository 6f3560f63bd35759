// Whole installations for tests: everything but the listeners and the workers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/parts.h"
#include "base/testing.h"
#include "config/load.h"
#include "iam/bootstrap.h"

namespace breakwater::app::testing {

// As new, with two registries.
class Place {
 public:
  Place() {
    config::LoadRequest request;
    request.flags = {{"data", directory_.path()}};
    auto loaded = config::Load(request);
    BW_CHECK(loaded.ok());
    auto opened = Installation::Open(loaded->settings, {{.name = RegistryName("us.icr.io"),
                                                         .region = "us-south",
                                                         .public_hosts = {"us.icr.io"},
                                                         .private_hosts = {}},
                                                        {.name = RegistryName("de.icr.io"),
                                                         .region = "eu-central",
                                                         .public_hosts = {"de.icr.io"},
                                                         .private_hosts = {}}});
    BW_CHECK(opened.ok());
    installation_ = *std::move(opened);
    account = parts().first_account;
    caller.actor.kind = control::IdentityKind::kUser;
    caller.actor.account = account;
    caller.actor.iam_id = iam::FirstAccount(*parts().database)->owner;
  }

  Installation::Parts& parts() { return installation_->parts(); }
  const admin::ConfigurationSections& sections() { return parts().configuration.sections(); }

  json::Value Export() {
    auto document = admin::ExportConfiguration(sections(), account);
    BW_CHECK(document.ok());
    return *std::move(document);
  }
  Result<admin::ConfigurationPlan> Plan(const json::Value& document) {
    return admin::PlanConfiguration(sections(), account, document);
  }
  std::vector<admin::StepOutcome> Apply(const json::Value& document, bool keep_going = false) {
    const auto plan = Plan(document);
    if (!plan.ok()) return {{.step = 0, .error = plan.error()}};
    return ApplyConfiguration(caller, account, *plan, keep_going);
  }
  registry::Settings SettingsOf(const char* registry) {
    return *parts().settings_service.Get(account, RegistryName(registry));
  }

  AccountId account;
  control::Caller caller;

 private:
  breakwater::testing::TempDir directory_;
  std::unique_ptr<Installation> installation_;
};

}  // namespace breakwater::app::testing
