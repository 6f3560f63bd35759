// What governance costs: one evaluation of a condition, and what the gate adds to a change under
// 500 attached rules, over the embedded database. Compared with general engines by governance.sh.
#include <algorithm>
#include <chrono>

#include <benchmark/benchmark.h>

#include "governance/testing.h"

namespace breakwater::governance {
namespace {

constexpr int kRules = 500;
const condition::ResourceType kService{"container-registry", "service"};

// The condition and the facts that governance_peers.mjs gives to the other engines.
constexpr std::string_view kRequired =
    R"({"and":[{"property":"iam_authz","operator":"is_true"},)"
    R"({"or":[{"property":"private_only","operator":"is_true"},)"
    R"({"property":"platform_metrics","operator":"is_true"}]}]})";

condition::Facts Settings() {
  const Timestamp now = FromMicros(1'647'853'800'000'000);
  condition::Facts facts;
  facts.Set("iam_authz", condition::Fact::Present(true, "settings", now));
  facts.Set("private_only", condition::Fact::Present(false, "settings", now));
  facts.Set("platform_metrics", condition::Fact::Present(true, "settings", now));
  return facts;
}

void Condition(benchmark::State& state) {
  const auto condition = condition::Condition::Parse(json::Parse(kRequired).value(),
                                                     condition::Catalogue::BuiltIn(), kService);
  BW_CHECK(condition.ok());
  const condition::Facts facts = Settings();
  for (auto _ : state) {
    benchmark::DoNotOptimize(condition::Judge(*condition, {}, facts));
  }
  state.counters["per_second"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}
BENCHMARK(Condition);

RuleDraft Draft(const AccountId& account, int number) {
  RuleDraft draft;
  draft.account = account;
  draft.name = "rule " + std::to_string(number);
  draft.description = "one of many";
  draft.target = json::Object{{"service_name", "container-registry"}, {"resource_kind", "service"}};
  draft.required_config = json::Parse(kRequired).value();
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
  const control::Resource resource = world.Service("us.icr.io");
  const condition::Facts facts = Settings();
  std::vector<double> micros;
  const Status done = world.database().Write([&](db::Transaction& tx) -> Status {
    for (auto _ : state) {
      const auto begun = std::chrono::steady_clock::now();
      BW_TRY(const auto judgement, world.gate.Judge(tx, world.caller, resource, facts));
      const std::chrono::duration<double, std::micro> took =
          std::chrono::steady_clock::now() - begun;
      BW_CHECK(judgement.compliant);
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
