// What access costs in an account of 100,000 identities, groups and policies, over the embedded
// database: a decision, an explanation, and the beginning of lists. Times are of single calls, and
// the counters their 99th percentile.
#include <algorithm>
#include <chrono>
#include <random>

#include <benchmark/benchmark.h>

#include "iam/access_explainer.h"
#include "iam/iam_testing.h"

namespace breakwater::iam {
namespace {

constexpr int kMany = 100'000;
constexpr int kPoliciesOfOne = 500;  // the most that one subject may have
constexpr std::string_view kPull = "container-registry.image.pull";

std::string Numbered(const char* prefix, int number) {
  std::string digits = std::to_string(number);
  return prefix + std::string(6 - std::min<std::size_t>(digits.size(), 6), '0') + digits;
}

struct Crowd {
  Crowd() {
    const Status filled = world.database->database().Write([&](db::Transaction& tx) -> Status {
      for (int i = 0; i < kMany; ++i) BW_TRY_STATUS(AddOne(tx, i));
      for (int i = 0; i < kPoliciesOfOne; ++i) {
        BW_TRY_STATUS(AddPolicy(tx, {SubjectKind::kIdentity, Numbered("IBMid-", 0)}, "many", i));
      }
      return store::BumpVersion(tx, world.account);
    });
    BW_CHECK(filled.ok());
  }

  // A user in one group, with one policy of its own or of the group.
  Status AddOne(db::Transaction& tx, int i) {
    const Timestamp now = world.clock.Now();
    User user;
    user.iam_id = IamId(Numbered("IBMid-", i));
    user.account = world.account;
    user.email = Numbered("user", i) + "@example.com";
    user.state = UserState::kActive;
    user.added = now;
    BW_TRY_STATUS(store::InsertUser(tx, user));
    AccessGroup group;
    group.id = Numbered("AccessGroupId-", i);
    group.account = world.account;
    group.name = Numbered("group", i);
    group.created = group.modified = now;
    BW_TRY_STATUS(store::InsertGroup(tx, group));
    Member member;
    member.iam_id = user.iam_id;
    member.created = now;
    BW_TRY_STATUS(store::InsertMember(tx, group.id, member));
    const Subject subject = i % 2 == 0 ? Subject{SubjectKind::kIdentity, user.iam_id.value()}
                                       : Subject{SubjectKind::kAccessGroup, group.id};
    return AddPolicy(tx, subject, "team", i % 1000);
  }

  Status AddPolicy(db::Transaction& tx, Subject subject, const char* name_space, int number) {
    Policy policy;
    policy.id = NewUuid();
    policy.account = world.account;
    policy.subject = std::move(subject);
    policy.roles = {Role::kReader};
    policy.attributes = {{"accountId", world.account.value()},
                         {"serviceName", "container-registry"},
                         {"resourceType", "namespace"},
                         {"resource", Numbered(name_space, number)}};
    policy.created = policy.modified = world.clock.Now();
    return store::InsertPolicy(tx, policy);
  }

  testing::World world;
};

Crowd& TheCrowd() {
  static Crowd crowd;
  return crowd;
}

// Times each call of `one`, and adds the 99th percentile in microseconds.
template <class One>
void Measure(benchmark::State& state, One one) {
  std::vector<double> took;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    if (!one()) state.SkipWithError("not the answer that is measured");
    const std::chrono::duration<double, std::micro> passed =
        std::chrono::steady_clock::now() - start;
    took.push_back(passed.count());
  }
  if (took.empty()) return;
  std::sort(took.begin(), took.end());
  state.counters["p99_us"] = took[took.size() * 99 / 100];
}

// Through the cache and its look at the account's version, as each request asks.
void Decision(benchmark::State& state) {
  Crowd& crowd = TheCrowd();
  std::mt19937 random(1);
  std::uniform_int_distribution<int> any(0, 2999);
  for (int i = 0; i < 3000; ++i) {
    BW_CHECK(crowd.world.cache.Get(crowd.world.account, IamId(Numbered("IBMid-", i))).ok());
  }
  Measure(state, [&] {
    const int i = any(random);
    const auto caller = crowd.world.CallerOf(IamId(Numbered("IBMid-", i)));
    return crowd.world.authorizer
        .Authorize(caller, kPull, crowd.world.Repository(Numbered("team", i % 1000) + "/app"))
        .ok();
  });
}

// Of the one with the most policies a subject may have, where none of them gives it.
void DecisionOverTheMostPolicies(benchmark::State& state) {
  Crowd& crowd = TheCrowd();
  const auto access = *crowd.world.cache.Get(crowd.world.account, IamId(Numbered("IBMid-", 0)));
  const auto resource = crowd.world.Repository("elsewhere/app");
  const Timestamp now = crowd.world.clock.Now();
  Measure(state, [&] {
    return !Decide(access->identity, access->groups, access->policies, kPull, resource, now)
                .allowed;
  });
}

// Read from the database each time: the first request of an identity after a change.
void DecisionAfterAChange(benchmark::State& state) {
  Crowd& crowd = TheCrowd();
  int i = 1;
  Measure(state, [&] {
    const IamId iam_id(Numbered("IBMid-", i++ % kMany));
    return crowd.world.database->database()
        .ReadValue([&](db::Transaction& tx) {
          return ReadIdentityAccess(tx, crowd.world.account, iam_id, crowd.world.clock.Now());
        })
        .ok();
  });
}

void ExplainOverTheMostPolicies(benchmark::State& state) {
  Crowd& crowd = TheCrowd();
  const auto caller = crowd.world.CallerOf(IamId(Numbered("IBMid-", 0)));
  const auto resource = crowd.world.Repository("elsewhere/app");
  Measure(state, [&] {
    const auto report = crowd.world.explainer.Explain(crowd.world.account, caller, kPull, resource);
    return report.ok() && !report->allowed;
  });
}

void ListPoliciesBegins(benchmark::State& state) {
  Crowd& crowd = TheCrowd();
  const store::PolicyPage page{.order = static_cast<store::PolicyOrder>(state.range(0)),
                               .descending = true};
  Measure(state, [&] {
    const auto listed = crowd.world.policies.List(crowd.world.account, {}, page);
    return listed.ok() && listed->items.size() == 100;
  });
}

void ListPoliciesOfOne(benchmark::State& state) {
  Crowd& crowd = TheCrowd();
  int i = 0;
  Measure(state, [&] {
    const store::PolicyFilter filter{
        .subject = Subject{SubjectKind::kIdentity, Numbered("IBMid-", 2 * (i++ % 1000) + 2)}};
    const auto listed = crowd.world.policies.List(crowd.world.account, filter, {});
    return listed.ok() && listed->items.size() == 1;
  });
}

void ListUsersBegins(benchmark::State& state) {
  Crowd& crowd = TheCrowd();
  Measure(state, [&] { return crowd.world.users.List(crowd.world.account, {}, {0, 100}).ok(); });
}

void ListGroupsBegins(benchmark::State& state) {
  Crowd& crowd = TheCrowd();
  Measure(state, [&] { return crowd.world.groups.List(crowd.world.account, {}, {0, 100}).ok(); });
}

BENCHMARK(Decision);
BENCHMARK(DecisionOverTheMostPolicies);
BENCHMARK(DecisionAfterAChange)->Unit(benchmark::kMicrosecond);
BENCHMARK(ExplainOverTheMostPolicies)->Unit(benchmark::kMicrosecond);
BENCHMARK(ListPoliciesBegins)
    ->Arg(static_cast<int>(store::PolicyOrder::kId))
    ->Arg(static_cast<int>(store::PolicyOrder::kCreated))
    ->Arg(static_cast<int>(store::PolicyOrder::kModified))
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(ListPoliciesOfOne)->Unit(benchmark::kMicrosecond);
BENCHMARK(ListUsersBegins)->Unit(benchmark::kMicrosecond);
BENCHMARK(ListGroupsBegins)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace breakwater::iam

BENCHMARK_MAIN();
