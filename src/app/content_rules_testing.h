// Whole installations whose rules judge content as it comes and goes, for tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "app/testing.h"
#include "io/stream.h"
#include "oci/media_types.h"
#include "registry/testing.h"

namespace breakwater::app::testing {

inline constexpr std::string_view kDenied = "config_rule_denied";

// Namespaces "team" and "other" of the first account.
class ContentRulesTest : public ::testing::Test {
 protected:
  ContentRulesTest() {
    for (const char* name : {"team", "other"}) {
      BW_CHECK(parts().namespaces.Create(place_.caller, place_.account, registry(), name, "").ok());
    }
  }

  Installation::Parts& parts() { return place_.parts(); }
  const control::RegistryInfo& registry() { return parts().registries.all().front(); }
  registry::RepositoryPath Path(std::string_view repository) {
    return *parts().namespaces.Resolve(registry(), repository);
  }

  governance::RuleDraft Draft(std::string_view kind, std::string_view condition,
                              std::vector<governance::Action> actions = {
                                  governance::Action::kDisallow}) {
    governance::RuleDraft draft;
    draft.account = place_.account;
    draft.name = "content";
    draft.description = "what content must be";
    draft.target =
        json::Object{{"service_name", "container-registry"}, {"resource_kind", json::Text(kind)}};
    draft.required_config = *json::Parse(condition);
    draft.actions = std::move(actions);
    return draft;
  }
  // Attached to the whole account; its id.
  std::string Attach(const governance::RuleDraft& draft) {
    const auto rule = parts().governance.CreateRule(place_.caller, draft);
    BW_CHECK(rule.ok());
    const auto attached = parts().governance.attachments().Attach(
        place_.caller, place_.account, rule->id,
        {{.account = place_.account,
          .included = {governance::ScopeType::kAccount, place_.account.value(), ""},
          .excluded = {}}});
    BW_CHECK(attached.ok());
    return rule->id;
  }

  void PushBlob(const registry::RepositoryPath& path, const std::string& bytes) {
    io::StringSource source(bytes);
    BW_CHECK(parts()
                 .uploads
                 .Push(path, place_.caller.actor,
                       {.source = &source, .length = bytes.size(), .range = {}},
                       oci::Digest::Of(AsBytes(bytes)))
                 .ok());
  }

  Result<registry::PushedManifest> PushManifest(std::string_view repository,
                                                const std::string& manifest,
                                                std::string_view type = oci::kOciManifest,
                                                std::string_view reference = "1") {
    return parts().manifests.Put(place_.caller, Path(repository),
                                 {.content = manifest,
                                  .content_type = std::string(type),
                                  .reference = *oci::Reference::Parse(reference),
                                  .tags = {}});
  }

  // "config_rule_denied" where a rule forbids it, "" where nothing does.
  static std::string ReasonOf(const auto& result) {
    return result.ok() ? "" : result.error().reason();
  }
  std::string Delete(std::string_view repository, std::string_view reference) {
    return ReasonOf(parts().manifests.Delete(place_.caller, Path(repository),
                                             *oci::Reference::Parse(reference)));
  }
  std::string Copy(std::string_view from, std::string_view to, std::string_view reference = "1",
                   std::string_view tag = "1") {
    return ReasonOf(parts().manifests.Tag(place_.caller, Path(from),
                                          *oci::Reference::Parse(reference), Path(to),
                                          *oci::Reference::Parse(tag)));
  }

  bool IsThere(std::string_view repository, std::string_view reference = "1") {
    return parts().manifests.Head(Path(repository), *oci::Reference::Parse(reference)).ok();
  }

  Place place_;
};

}  // namespace breakwater::app::testing
