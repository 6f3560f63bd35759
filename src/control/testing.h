// The one path for change with everybody trusted and no rules, over a real database; for tests of
// folders above.
#pragma once

#include <memory>

#include "base/testing.h"
#include "control/change.h"
#include "db/testing.h"

namespace breakwater::control::testing {

class AllowAll final : public Authorizer {
 public:
  Status Authorize(const Caller&, std::string_view, const Resource&) override { return Ok(); }
};

class OpenGate final : public Gate {
 public:
  Result<Judgement> Judge(db::Transaction&, const Caller&, const Resource&,
                          const condition::Facts&) override {
    return Judgement{};
  }
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
