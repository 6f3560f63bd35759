// The one path for change with everybody trusted and no rules, over a real database; for tests of
// folders above.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "audit/recorder.h"
#include "base/testing.h"
#include "control/change.h"
#include "control/hierarchy.h"
#include "db/testing.h"

namespace breakwater::control::testing {

class AllowAll final : public Authorizer {
 public:
  Status Authorize(const Caller&, std::string_view, const Resource&) override { return Ok(); }
};

class OpenGate final : public Gate {
 public:
  Result<Judgement> Judge(db::Transaction&, const Caller&, const Resource&, const condition::Facts&,
                          const Before*) override {
    return Judgement{};
  }
};

// Accounts stand alone, but for those whose place a test sets. Not thread-safe.
class Trees final : public Hierarchy {
 public:
  void Put(Place place) { places_.insert_or_assign(place.account, std::move(place)); }

  Result<Place> PlaceOf(db::Transaction&, const AccountId& account) const override {
    const auto found = places_.find(account);
    if (found != places_.end()) return found->second;
    return Place{.account = account, .enterprise = {}, .root = account, .account_groups = {}};
  }
  Result<std::vector<Place>> Ruled(db::Transaction& tx, const AccountId& root) const override {
    std::vector<Place> ruled;
    for (const auto& [account, place] : places_) {
      if (place.root == root) ruled.push_back(place);
    }
    if (ruled.empty()) {
      BW_TRY(auto own, PlaceOf(tx, root));
      ruled.push_back(std::move(own));
    }
    return ruled;
  }
  Result<std::vector<std::string>> PathTo(db::Transaction&, std::string_view enterprise,
                                          std::string_view account_group) const override {
    for (const auto& [account, place] : places_) {
      if (place.enterprise != enterprise) continue;
      const auto& groups = place.account_groups;
      const auto at = std::find(groups.begin(), groups.end(), account_group);
      if (at != groups.end()) return std::vector<std::string>(groups.begin(), at + 1);
    }
    return std::vector<std::string>{};
  }

 private:
  std::map<AccountId, Place> places_;
};

// Members in the order they depend on each other.
struct ControlFixture {
  breakwater::testing::ManualClock clock;
  std::unique_ptr<db::testing::TestDatabase> owner = db::testing::OpenTestDatabase();
  db::Database& database = owner->database();
  audit::Log log{database, clock};
  std::unique_ptr<jobs::Jobs> jobs = jobs::NewJobs({.owner = "test"}, database, clock);
  AllowAll authorizer;
  OpenGate gate;
  FactSources facts;
  ChangePath changes{database, log, *jobs, authorizer, gate, facts};
  // Writes when it is told to.
  audit::Recorder recorder{{.process = "test", .account = AccountId("acc")}, database, log, clock};
  AccountId account{"acc"};
  Caller caller{.actor = {.kind = IdentityKind::kUser,
                          .account = account,
                          .iam_id = IamId("IBMid-1"),
                          .name = "one",
                          .credential = "apikey",
                          .grants = {}},
                .origin = {.request_id = "req-1",
                           .address = "127.0.0.1",
                           .user_agent = "test",
                           .private_network = false}};
};

}  // namespace breakwater::control::testing
