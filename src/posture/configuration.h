// What an account sets up to know its posture, as documents (control/configuration.h).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/configuration.h"
#include "posture/posture.h"

namespace breakwater::posture {

// "posture_scopes": by name; description, selection, interval and is_discovery_scheduled. The
// registry's own is none of them; collectors and credentials are in no document.
class ScopesSection final : public control::ConfigurationSection {
 public:
  explicit ScopesSection(Setup& setup) : setup_(setup) {}

  std::string_view name() const override { return "posture_scopes"; }
  Result<std::vector<control::ConfigurationItem>> Export(const AccountId& account) override;
  Result<control::ConfigurationItem> Complete(const AccountId& account,
                                              control::ConfigurationItem item,
                                              const json::Value& now) override;
  Status Put(const control::Caller& caller, const AccountId& account,
             const control::ConfigurationItem& item) override;
  Status Remove(const control::Caller& caller, const AccountId& account,
                const control::ConfigurationItem& item) override;

 private:
  Setup& setup_;
};

// "posture_profiles": custom profiles by name, with their controls.
class CustomProfilesSection final : public control::ConfigurationSection {
 public:
  explicit CustomProfilesSection(Profiles& profiles) : profiles_(profiles) {}

  std::string_view name() const override { return "posture_profiles"; }
  Result<std::vector<control::ConfigurationItem>> Export(const AccountId& account) override;
  Result<control::ConfigurationItem> Complete(const AccountId& account,
                                              control::ConfigurationItem item,
                                              const json::Value& now) override;
  Status Put(const control::Caller& caller, const AccountId& account,
             const control::ConfigurationItem& item) override;
  Status Remove(const control::Caller& caller, const AccountId& account,
                const control::ConfigurationItem& item) override;

 private:
  Profiles& profiles_;
};

// "posture": what is attached, by PROFILE or PROFILE@SCOPE, a predefined profile by its id and a
// custom one by its name; parameters, interval, until, evidence_repository, and the version of a
// predefined profile. The default profile is always attached to the registry's scope: left out it
// is as it was made.
class AttachmentsSection final : public control::ConfigurationSection {
 public:
  // Whether the caller may have bundles kept there.
  using MayKeepIn = std::function<Status(const control::Caller& caller, const AccountId& account,
                                         const std::string& repository)>;

  AttachmentsSection(Posture& posture, MayKeepIn may_keep_in)
      : posture_(posture), may_keep_in_(std::move(may_keep_in)) {}

  std::string_view name() const override { return "posture"; }
  Result<std::vector<control::ConfigurationItem>> Export(const AccountId& account) override;
  Result<control::ConfigurationItem> Complete(const AccountId& account,
                                              control::ConfigurationItem item,
                                              const json::Value& now) override;
  Status Put(const control::Caller& caller, const AccountId& account,
             const control::ConfigurationItem& item) override;
  Status Remove(const control::Caller& caller, const AccountId& account,
                const control::ConfigurationItem& item) override;

 private:
  struct Place {
    FoundProfile profile;
    std::string scope_id;
  };
  // kNotFound if there is no such profile or scope.
  Result<Place> PlaceOf(const AccountId& account, const std::string& key) const;

  Posture& posture_;
  const MayKeepIn may_keep_in_;
};

}  // namespace breakwater::posture
