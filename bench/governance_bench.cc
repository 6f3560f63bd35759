// What governance costs: one evaluation of a condition, and what the gate adds to a change under
// attached rules, over the embedded database. Compared with general engines by governance.sh.
#include <algorithm>
#include <array>
#include <chrono>

#include <benchmark/benchmark.h>

#include "governance/testing.h"

namespace breakwater::governance {
namespace {

constexpr int kRules = 500;
const condition::ResourceType kService{"container-registry", "service"};
const condition::ResourceType kApiKey{"iam-identity", "apikey"};
const Timestamp kNow = FromMicros(1'647'853'800'000'000);

// The conditions and facts that governance_peers.mjs gives to the other engines.
constexpr std::string_view kFlags = R"({"and":[{"property":"iam_authz","operator":"is_true"},)"
                                    R"({"or":[{"property":"private_only","operator":"is_true"},)"
                                    R"({"property":"platform_metrics","operator":"is_true"}]}]})";
constexpr std::string_view kValues =
    R"({"and":[{"property":"owner_kind","operator":"string_equals","value":["service_id","user"]},)"
    R"({"property":"lifetime_days","operator":"num_less_than_equals","value":90},)"
    R"({"or":[{"property":"locked","operator":"is_true"},)"
    R"({"property":"owner","operator":"string_match","value":"IBMid-*"}]}]})";

condition::Facts FactsOf(std::initializer_list<std::pair<const char*, condition::Value>> values) {
  condition::Facts facts;
  for (const auto& [name, value] : values) {
    facts.Set(name, condition::Fact::Present(value, "settings", kNow));
  }
  return facts;
}

condition::Facts Settings() {
  return FactsOf({{"iam_authz", true}, {"private_only", false}, {"platform_metrics", true}});
}

condition::Facts ApiKey() {
  return FactsOf({{"owner_kind", std::string("user")},
                  {"lifetime_days", condition::Number(30)},
                  {"locked", false},
                  {"owner", std::string("IBMid-550008BJPR")}});
}

// A condition that is ready to be judged, as the gate keeps it.
struct Prepared {
  Prepared(std::string_view required, const condition::ResourceType& type)
      : condition(condition::Condition::Parse(json::Parse(required).value(),
                                              condition::Catalogue::BuiltIn(), type)
                      .value()),
        layout(*condition::Catalogue::BuiltIn().Find(type)),
        program(condition, parameters, layout) {}

  const condition::Condition condition;
  const condition::Parameters parameters;
  const condition::Layout layout;
  const condition::Program program;
};

void CountRate(benchmark::State& state) {
  state.counters["per_second"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

// Prepared beforehand is what the other engines are given, too: a compiled rule, and an object.
void Condition(benchmark::State& state, std::string_view required,
               const condition::ResourceType& type, const condition::Facts& facts) {
  const Prepared prepared(required, type);
  const condition::FactSlots slots(prepared.layout, facts);
  BW_CHECK(prepared.program.Holds(slots));
  for (auto _ : state) {
    const condition::FactSlots* seen = &slots;
    benchmark::DoNotOptimize(seen);  // the facts may be others each time
    benchmark::DoNotOptimize(prepared.program.Holds(*seen));
  }
  CountRate(state);
}
BENCHMARK_CAPTURE(Condition, flags, kFlags, kService, Settings());
BENCHMARK_CAPTURE(Condition, values, kValues, kApiKey, ApiKey());

// With the facts laid out anew each time, for one condition alone.
void ConditionAlone(benchmark::State& state, std::string_view required,
                    const condition::ResourceType& type, const condition::Facts& facts) {
  const Prepared prepared(required, type);
  for (auto _ : state) {
    const condition::FactSlots slots(prepared.layout, facts);
    benchmark::DoNotOptimize(prepared.program.Holds(slots));
  }
  CountRate(state);
}
BENCHMARK_CAPTURE(ConditionAlone, flags, kFlags, kService, Settings());
BENCHMARK_CAPTURE(ConditionAlone, values, kValues, kApiKey, ApiKey());

// Rules of several forms, every one of which applies and is complied with.
RuleDraft Draft(const AccountId& account, int number) {
  constexpr std::array<std::string_view, 4> kForms{
      kFlags, R"({"property":"iam_authz","operator":"is_true"})",
      R"({"or":[{"property":"private_only","operator":"is_false"},)"
      R"({"property":"iam_authz","operator":"is_empty"}]})",
      R"({"and":[{"property":"platform_metrics","operator":"is_not_empty"},)"
      R"({"property":"private_only","operator":"is_false"},)"
      R"({"property":"iam_authz","operator":"is_true"}]})"};
  const auto nth = static_cast<std::size_t>(number);
  RuleDraft draft;
  draft.account = account;
  draft.name = "rule " + std::to_string(number);
  draft.description = "one of many";
  json::Object target{{"service_name", "container-registry"}, {"resource_kind", "service"}};
  if (number % 2 == 1) {
    target["additional_target_attributes"] = json::Array{json::Object{
        {"name", "registry"}, {"operator", "string_equals"}, {"value", "us.icr.example"}}};
  }
  draft.target = std::move(target);
  draft.required_config = json::Parse(kForms[nth / 2 % kForms.size()]).value();
  draft.actions = {Action::kDisallow};
  return draft;
}

// The judgement of one resource in a transaction that has begun already; 99th percentile besides.
void Gate(benchmark::State& state) {
  Limits limits;
  limits.rules = kRules;
  testing::World world(condition::Catalogue::BuiltIn(), {kService}, limits);
  for (int i = 0; i < static_cast<int>(state.range(0)); ++i) {
    const auto rule = world.governance.CreateRule(world.caller, Draft(world.account, i));
    BW_CHECK(rule.ok());
    BW_CHECK(world.governance.attachments()
                 .Attach(world.caller, world.account, rule->id, {world.ToAccount()})
                 .ok());
  }
  const control::Resource resource = world.Service("us.icr.example");
  const condition::Facts facts = Settings();
  std::vector<double> micros;
  const Status done = world.database().Write([&](db::Transaction& tx) -> Status {
    for (auto _ : state) {
      const auto begun = std::chrono::steady_clock::now();
      BW_TRY(const auto judgement, world.gate.Judge(tx, world.caller, resource, facts, nullptr));
      const std::chrono::duration<double, std::micro> took =
          std::chrono::steady_clock::now() - begun;
      BW_CHECK(judgement.compliant);
      BW_CHECK(judgement.record.at("rules_judged").to_number<int>() == state.range(0));
      micros.push_back(took.count());
    }
    return Ok();
  });
  BW_CHECK(done.ok());
  std::ranges::sort(micros);
  state.counters["median_us"] = micros[micros.size() / 2];
  state.counters["p99_us"] = micros[micros.size() * 99 / 100];
}
BENCHMARK(Gate)->Arg(0)->Arg(kRules);

}  // namespace
}  // namespace breakwater::governance

BENCHMARK_MAIN();
