// A rule's target and required configuration as a client sends them: {"target","required_config",
// "parameters","facts"}. Whatever is accepted must evaluate, and evaluate the same after being
// printed and read again.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "condition/cure.h"
#include "condition/evaluate.h"
#include "condition/target.h"
#include "json/json.h"

namespace {

using namespace breakwater;             // NOLINT: a program of one file
using namespace breakwater::condition;  // NOLINT

json::Value MemberOf(const json::Value& document, std::string_view name) {
  const json::Value* member = json::Find(document, name);
  return member == nullptr ? json::Value() : *member;
}

void TryTarget(const json::Value& document) {
  const auto target = Target::Parse(MemberOf(document, "target"), Catalogue::BuiltIn());
  if (!target.ok()) {
    BW_CHECK(target.error().reason() == "rule_error");
    return;
  }
  target->Matches(target->type(), {{"registry", "us.icr.io"}, {"region", "eu-gb"}});
  target->Matches(target->type(), {});
}

void TryCondition(const json::Value& document, const ResourceType& type) {
  const auto declared = ParseDeclarations(MemberOf(document, "parameters"));
  const auto parameters = declared.ok() ? *declared : std::vector<ParameterDeclaration>{};
  const json::Value source = MemberOf(document, "required_config");
  const auto condition = Condition::Parse(source, Catalogue::BuiltIn(), type, {}, parameters);
  if (!condition.ok()) {
    BW_CHECK(condition.error().reason() == "rule_error");
    return;
  }
  const auto facts = Facts::FromJson(MemberOf(document, "facts"));
  const Facts known = facts.ok() ? *facts : Facts{};
  const auto bound = Parameters::Bind(parameters, nullptr);
  BW_CHECK(bound.ok());
  const Verdict verdict = Evaluate(*condition, *bound, known);
  BW_CHECK(verdict.outcome == Judge(*condition, *bound, known));
  static_cast<void>(Cure(*condition, *bound, known));
  const auto reread =
      json::Parse(json::Serialize(source), {.max_bytes = 1U << 20, .max_depth = 64});
  BW_CHECK(reread.ok());
  const auto again = Condition::Parse(*reread, Catalogue::BuiltIn(), type, {}, parameters);
  BW_CHECK(again.ok());
  BW_CHECK(Evaluate(*again, *bound, known) == verdict);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document = breakwater::json::Parse(text, {.max_bytes = 64U << 10, .max_depth = 64});
  if (!document.ok()) return 0;
  TryTarget(*document);
  for (const auto& config : breakwater::condition::Catalogue::BuiltIn().configs()) {
    TryCondition(*document, config.type);
  }
  return 0;
}
