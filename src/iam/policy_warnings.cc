#include "iam/policy_warnings.h"

#include <algorithm>

#include "base/strings.h"
#include "iam/actions.h"
#include "iam/store.h"

namespace breakwater::iam {
namespace {

constexpr std::string_view kRegistryService = "container-registry";

// Whether some value that there is fits the attribute.
template <class Values, class TextOf>
bool FitsAny(const PolicyAttribute& attribute, const Values& values, TextOf text_of) {
  const auto one = [&](std::string_view value) {
    switch (attribute.op) {
      case MatchOperator::kStringEquals: return attribute.value == value;
      case MatchOperator::kStringMatch: return WildcardMatch(attribute.value, value);
      case MatchOperator::kStringExists: return true;
      case MatchOperator::kStringEqualsAnyOf:
        return std::find(attribute.values.begin(), attribute.values.end(), value) !=
               attribute.values.end();
      case MatchOperator::kStringMatchAnyOf: break;
    }
    return std::any_of(attribute.values.begin(), attribute.values.end(),
                       [&](const std::string& pattern) { return WildcardMatch(pattern, value); });
  };
  return std::any_of(values.begin(), values.end(),
                     [&](const auto& value) { return one(text_of(value)); });
}

std::string Said(const PolicyAttribute& attribute) {
  return attribute.name + " " +
         (TakesList(attribute.op) ? Join(attribute.values, ", ") : attribute.value);
}

void WarnOfPlaces(const Policy& policy, const Surroundings& around,
                  std::vector<std::string>* warnings) {
  const auto name = [](const Surroundings::Registry& registry) -> std::string_view {
    return registry.name;
  };
  const auto region = [](const Surroundings::Registry& registry) -> std::string_view {
    return registry.region;
  };
  const auto text = [](const std::string& value) -> std::string_view { return value; };
  const PolicyAttribute* in_region = FindAttribute(policy, "region");
  const PolicyAttribute* in_registry = FindAttribute(policy, "registry");
  const bool region_there = in_region == nullptr || FitsAny(*in_region, around.registries, region);
  const bool registry_there =
      in_registry == nullptr || FitsAny(*in_registry, around.registries, name);
  if (!region_there) warnings->push_back("no registry is in the " + Said(*in_region));
  if (!registry_there) warnings->push_back("there is no " + Said(*in_registry));
  if (in_region != nullptr && in_registry != nullptr && region_there && registry_there) {
    const bool both =
        std::any_of(around.registries.begin(), around.registries.end(),
                    [&](const Surroundings::Registry& registry) {
                      const std::vector<Surroundings::Registry> one{registry};
                      return FitsAny(*in_region, one, region) && FitsAny(*in_registry, one, name);
                    });
    if (!both) {
      warnings->push_back(Said(*in_registry) + " is not in " + Said(*in_region) +
                          ": together they match nothing");
    }
  }
  const PolicyAttribute* name_space = FindAttribute(policy, "resource");
  if (name_space != nullptr && !FitsAny(*name_space, around.namespaces, text)) {
    warnings->push_back("there is no namespace of this name yet: " + Said(*name_space));
  }
  const PolicyAttribute* group = FindAttribute(policy, "resourceGroupId");
  if (group != nullptr && !FitsAny(*group, around.resource_groups, text)) {
    warnings->push_back("no namespace is in this resource group yet: " + Said(*group));
  }
}

bool IsNarrow(const Policy& policy) {
  return FindAttribute(policy, "resource") != nullptr ||
         FindAttribute(policy, "resourceType") != nullptr ||
         FindAttribute(policy, "resourceGroupId") != nullptr;
}

// The actions that a role gives on a service.
std::vector<std::string> ActionsOfRole(const RoleRef& role, std::string_view service,
                                       std::span<const CustomRole> custom_roles) {
  std::vector<std::string> actions;
  if (const auto system = role.system()) {
    for (const std::string_view action : ActionsOf(*system, service)) actions.emplace_back(action);
    return actions;
  }
  for (const CustomRole& known : custom_roles) {
    if (known.name != role.custom() || known.service != service) continue;
    for (const std::string& action : known.actions) actions.push_back(CanonicalAction(action));
  }
  return actions;
}

void WarnOfRoles(const Policy& policy, std::span<const CustomRole> custom_roles,
                 std::vector<std::string>* warnings) {
  const PolicyAttribute* service = FindAttribute(policy, "serviceName");
  if (service == nullptr || service->op != MatchOperator::kStringEquals) return;
  if (ActionsOf(service->value).empty()) {
    warnings->push_back("there is no service " + service->value);
    return;
  }
  for (const RoleRef& role : policy.roles) {
    const auto actions = ActionsOfRole(role, service->value, custom_roles);
    if (actions.empty()) {
      warnings->push_back("the role " + ToString(role) + " gives nothing on " + service->value);
      continue;
    }
    // Assigning access takes the whole service, too.
    const bool on_namespaces =
        std::any_of(actions.begin(), actions.end(), [](const std::string& action) {
          const ActionRule* rule = RuleFor(action);
          return rule != nullptr && rule->scope == ActionScope::kNamespace;
        });
    if (IsNarrow(policy) && !on_namespaces) {
      warnings->push_back("all that the role " + ToString(role) +
                          " gives is done to the account as a whole: on a part it gives nothing");
    }
  }
}

Status WarnAboutSubject(db::Transaction& tx, const Policy& policy, bool* known) {
  *known = true;
  if (policy.subject.kind != SubjectKind::kIdentity) return Ok();
  BW_TRY(const auto named, store::FindNamed(tx, policy.account, IamId(policy.subject.id)));
  *known = named.has_value();
  return Ok();
}

}  // namespace

std::vector<std::string> FindWarnings(const Policy& policy,
                                      std::span<const CustomRole> custom_roles,
                                      const Surroundings& surroundings, bool subject_known,
                                      Timestamp now) {
  std::vector<std::string> warnings;
  if (!subject_known) {
    warnings.emplace_back("the subject is not in this account (yet): it gives nobody anything");
  }
  if (!policy.tags.empty()) {
    warnings.emplace_back("nothing here carries access tags: with tags it matches nothing");
  }
  if (policy.rule && IsOver(*policy.rule, now)) {
    warnings.emplace_back("the time of its rule is over");
  }
  const PolicyAttribute* service = FindAttribute(policy, "serviceName");
  const bool registry = service == nullptr || service->op != MatchOperator::kStringEquals ||
                        service->value == kRegistryService;
  if (registry) WarnOfPlaces(policy, surroundings, &warnings);
  if (!registry && IsNarrow(policy)) {
    warnings.push_back("only " + std::string(kRegistryService) +
                       " has namespaces and resource groups: on " + service->value +
                       " it matches nothing");
  }
  WarnOfRoles(policy, custom_roles, &warnings);
  return warnings;
}

Result<std::vector<std::vector<std::string>>> PolicyWarnings::Of(const AccountId& account,
                                                                 std::span<const Policy> policies) {
  BW_TRY(const Surroundings around, surroundings_.Of(account));
  return database_.ReadValue(
      [&](db::Transaction& tx) -> Result<std::vector<std::vector<std::string>>> {
        BW_TRY(const auto roles, store::AllCustomRoles(tx, account));
        std::vector<std::vector<std::string>> all;
        for (const Policy& policy : policies) {
          bool known = true;
          BW_TRY_STATUS(WarnAboutSubject(tx, policy, &known));
          all.push_back(FindWarnings(policy, roles, around, known, clock_.Now()));
        }
        return all;
      });
}

}  // namespace breakwater::iam
