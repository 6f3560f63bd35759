// Makes rules out of little, for tests of what they do. Test code only.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "governance/testing.h"

namespace breakwater::governance::testing {

inline const condition::ResourceType kService{"container-registry", "service"};
inline const condition::ResourceType kAccess{"container-registry", "access"};
inline const condition::ResourceType kNamespace{"container-registry", "namespace"};
inline const condition::ResourceType kImage{"container-registry", "image"};
inline const condition::ResourceType kRepository{"container-registry", "repository"};

// Rules of one account, whose facts a test sets.
class RuleTest : public ::testing::Test {
 protected:
  static std::string Leaf(std::string_view property, std::string_view op,
                          std::string_view value = "") {
    std::string leaf =
        R"({"property":")" + std::string(property) + R"(","operator":")" + std::string(op) + '"';
    if (!value.empty()) leaf += ",\"value\":" + std::string(value);
    return leaf + "}";
  }

  RuleDraft Draft(std::string_view required, std::vector<Action> actions = {Action::kDisallow},
                  std::string_view kind = "service") const {
    RuleDraft draft;
    draft.account = world.account;
    draft.name = "rule";
    draft.description = "a rule";
    draft.target =
        json::Object{{"service_name", "container-registry"}, {"resource_kind", json::Text(kind)}};
    draft.required_config = json::Parse(required).value();
    draft.actions = std::move(actions);
    return draft;
  }

  Rule Create(const RuleDraft& draft) {
    auto rule = world.governance.CreateRule(world.caller, draft);
    BW_CHECK(rule.ok());
    return *std::move(rule);
  }
  Result<std::vector<Attachment>> Attach(const Rule& rule, AttachmentDraft draft) {
    return world.governance.attachments().Attach(world.caller, world.account, rule.id,
                                                 {std::move(draft)});
  }
  Rule CreateAttached(const RuleDraft& draft) {
    Rule rule = Create(draft);
    const auto attached = Attach(rule, world.ToAccount());
    BW_CHECK(attached.ok());
    return rule;
  }

  condition::Facts PrivateOnly(bool on) const {
    condition::Facts facts;
    facts.Set("private_only", condition::Fact::Present(on, "settings", world.clock.Now()));
    facts.Set("platform_metrics", condition::Fact::Present(true, "settings", world.clock.Now()));
    return facts;
  }

  // A sub-rule: namespaces have patterns.
  static std::string EachNamespace(std::string_view quantifier) {
    return "{\"" + std::string(quantifier) +
           R"(":{"target":{"service_name":"container-registry","resource_kind":"namespace"},)" +
           R"("required_config":)" + Leaf("tag_immutability", "is_not_empty") + "}}";
  }
  // Leaves the one namespace of that registry with these patterns.
  Status SetPatterns(const std::string& registry, condition::StringList patterns) {
    return world.Change(Space(registry), Patterned(std::move(patterns)));
  }
  control::Resource Space(const std::string& registry) const {
    control::Resource space = world.Service(registry);
    space.kind = "namespace";
    return space;
  }
  condition::Facts Patterned(condition::StringList patterns) const {
    condition::Facts facts;
    facts.Set("tag_immutability",
              condition::Fact::Present(std::move(patterns), "test", world.clock.Now()));
    return facts;
  }

  World world{condition::Catalogue::BuiltIn(),
              {kService, kAccess, kNamespace, kImage, kRepository}};
};

}  // namespace breakwater::governance::testing
