// Whole installations for tests: everything but the listeners and the workers.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/parts.h"
#include "base/testing.h"
#include "config/load.h"
#include "iam/bootstrap.h"

namespace breakwater::app::testing {

// As new, with two registries.
class Place {
 public:
  using Names = std::vector<std::pair<std::string, std::string>>;  // of registries, with regions

  Place() {
    Open({{"us.icr.io", "us-south"}, {"de.icr.io", "eu-central"}});
    account = parts().first_account;
    caller.actor.kind = control::IdentityKind::kUser;
    caller.actor.account = account;
    caller.actor.iam_id = iam::FirstAccount(*parts().database)->owner;
  }

  // Starts again over the same stores.
  void Restart(const Names& registries) {
    installation_.reset();
    Open(registries);
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
  // With the first error that there is.
  admin::StepOutcomes Apply(const json::Value& document, bool keep_going = false) {
    const auto failed = [](const Error& error) -> admin::StepOutcomes {
      return {{.kind = admin::StepOutcome::Kind::kRefused, .error = error}};
    };
    const auto plan = Plan(document);
    if (!plan.ok()) return failed(plan.error());
    if (keep_going)
      return ApplyStepByStep(parts().changes, *parts().database, caller, account, *plan);
    const auto applied =
        ApplyConfiguration(parts().changes, *parts().database, caller, account, *plan);
    return applied.ok() ? *applied : failed(applied.error());
  }
  Result<admin::StepOutcomes> Rehearse(const json::Value& document) {
    BW_TRY(const auto plan, Plan(document));
    return admin::RehearseConfiguration(parts().changes, *parts().database, caller, account, plan);
  }
  registry::Settings SettingsOf(const char* registry) {
    return *parts().settings_service.Get(account, RegistryName(registry));
  }

  AccountId account;
  control::Caller caller;

 private:
  void Open(const Names& names) {
    config::LoadRequest request;
    request.flags = {{"data", directory_.path()}};
    auto loaded = config::Load(request);
    BW_CHECK(loaded.ok());
    std::vector<control::RegistryInfo> registries;
    for (const auto& [name, region] : names) {
      registries.push_back({.name = RegistryName(name),
                            .region = region,
                            .public_hosts = {name},
                            .private_hosts = {}});
    }
    auto opened = Installation::Open(loaded->settings, std::move(registries));
    BW_CHECK(opened.ok());
    installation_ = *std::move(opened);
  }

  breakwater::testing::TempDir directory_;
  std::unique_ptr<Installation> installation_;
};

}  // namespace breakwater::app::testing
