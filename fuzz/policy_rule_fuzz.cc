// What a policy says in JSON: its rule, attributes, tags and roles. A rule that was read is within
// its bounds, reads the same after being printed, and can be held against any moment; the rest
// reads the same after being printed.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "iam/decision.h"
#include "iam/model.h"

namespace {

using namespace breakwater;       // NOLINT: a program of one file
using namespace breakwater::iam;  // NOLINT

std::size_t ConditionsIn(const PolicyRule& rule) {
  if (rule.kind == PolicyRule::Kind::kCondition) return 1;
  std::size_t conditions = 0;
  for (const PolicyRule& part : rule.parts) conditions += ConditionsIn(part);
  return conditions;
}

void TryRule(std::string_view input) {
  const auto rule = ParseRule(input);
  if (!rule.ok()) {
    BW_CHECK(!rule.error().reason().empty());
    return;
  }
  BW_CHECK(ConditionsIn(*rule) <= kMaxRuleConditions);
  const auto again = ParseRule(json::Serialize(ToJson(*rule)));
  BW_CHECK(again.ok() && ToJson(*again) == ToJson(*rule));
  const bool looks = LooksAtResource(*rule);
  Policy policy;
  policy.account = AccountId("a");
  policy.subject = {SubjectKind::kIdentity, "i"};
  policy.roles = {Role::kManager};
  policy.attributes = {{"accountId", "a"}, {"serviceType", "service"}};
  policy.rule = *rule;
  BW_CHECK(CoverageOf(policy, "container-registry", ServiceType::kService) ==
           (looks ? Coverage::kPart : Coverage::kWhole));
  Identity identity;
  identity.account = policy.account;
  identity.iam_id = IamId("i");
  const auto resource =
      control::NamespaceResource(policy.account, RegistryName("r"), "region", "team");
  for (const std::int64_t micros : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 50}) {
    const Decision decision = Decide(identity, {}, PolicySet({policy}),
                                     "container-registry.image.pull", resource, FromMicros(micros));
    if (decision.allowed && !looks) BW_CHECK(!IsOver(*rule, FromMicros(micros)));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  TryRule(input);
  if (const auto attributes = AttributesFromJson(input); attributes.ok()) {
    const auto again = AttributesFromJson(json::Serialize(AttributesToJson(*attributes)));
    BW_CHECK(again.ok() && *again == *attributes);
  }
  if (const auto tags = TagsFromJson(input); tags.ok()) {
    const auto again = TagsFromJson(json::Serialize(TagsToJson(*tags)));
    BW_CHECK(again.ok() && *again == *tags);
  }
  if (const auto roles = RolesFromJson(input); roles.ok()) {
    const auto again = RolesFromJson(json::Serialize(RolesToJson(*roles)));
    BW_CHECK(again.ok() && *again == *roles);
  }
  return 0;
}
