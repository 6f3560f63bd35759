// Conditions of a rule and what a provider says of somebody, {"conditions": […], "claims": {…}}:
// conditions that pass the check read back as they were, and more of them admit nobody more.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/check.h"
#include "iam/claims.h"
#include "json/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace breakwater;
  const auto document = json::Parse({reinterpret_cast<const char*>(data), size});
  if (!document.ok()) return 0;
  const json::Value* const written = json::Find(*document, "conditions");
  const json::Value* const claims = json::Find(*document, "claims");
  if (written == nullptr || claims == nullptr || !claims->is_object()) return 0;
  const auto conditions = iam::ConditionsFromJson(json::Serialize(*written));
  if (!conditions.ok()) return 0;
  const bool holds = iam::Holds(*conditions, claims->get_object());
  if (!iam::CheckConditions(*conditions).ok()) return 0;
  BW_CHECK(!conditions->empty());
  const std::string text = json::Serialize(iam::ConditionsToJson(*conditions));
  const auto again = iam::ConditionsFromJson(text);
  BW_CHECK(again.ok() && *again == *conditions);
  for (const iam::ClaimCondition& one : *conditions) {
    const bool alone = iam::Holds(std::span(&one, 1), claims->get_object());
    BW_CHECK(!holds || alone);
    // Nobody meets a condition on what is not said of them.
    BW_CHECK(!iam::Holds(std::span(&one, 1), {}));
    iam::ClaimCondition opposite = one;
    if (one.op == iam::ClaimOperator::kEquals) opposite.op = iam::ClaimOperator::kNotEquals;
    if (one.op == iam::ClaimOperator::kNotEquals) opposite.op = iam::ClaimOperator::kEquals;
    if (opposite.op == one.op) continue;
    BW_CHECK(!alone || !iam::Holds(std::span(&opposite, 1), claims->get_object()));
  }
  return 0;
}
