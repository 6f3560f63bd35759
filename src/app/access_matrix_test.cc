// Who may call what: every endpoint there is, by every role, on the whole service and on one
// namespace, and by another account. What is expected is written down here (access_matrix.h), and
// not taken from the table that decides; an endpoint that has no row there fails the test.
#include "app/access_matrix.h"

#include <map>

#include <gtest/gtest.h>

#include "app/endpoints.h"
#include "app/testing.h"
#include "base/bytes.h"
#include "iam/account_setup.h"
#include "iam/actions.h"
#include "iam/bootstrap.h"
#include "io/stream.h"

namespace breakwater::app {
namespace {

using iam::Role;
using matrix::Action;
using matrix::Row;

constexpr std::string_view kPlanted = "planted-name";
constexpr std::string_view kNamespace = "team-a";

std::string NameOf(const api::Endpoint& endpoint) {
  return std::string(endpoint.face.name()) + "/" + std::string(endpoint.operation);
}

const Row* RowOf(const api::Endpoint& endpoint) {
  for (const Row& row : matrix::kRows) {
    if (row.operation == NameOf(endpoint)) return &row;
  }
  return nullptr;
}

const Action* ActionOf(std::string_view name) {
  for (const Action& action : matrix::kActions) {
    if (action.name == name) return &action;
  }
  return nullptr;
}

struct Caller {
  std::string name;
  std::string authorization;
  std::optional<Role> role;
  bool narrow = false;
  bool foreign = false;
};

class AccessMatrix : public ::testing::Test {
 protected:
  AccessMatrix() {
    faces_ = std::make_unique<Faces>(parts());
    dispatcher_ = faces_->NewDispatcher();
    BW_CHECK(
        parts()
            .namespaces
            .Create(owner_, account_, parts().registries.all().front(), std::string(kNamespace), "")
            .ok());
    MakeCallers();
  }

  Installation::Parts& parts() { return place_.parts(); }

  static control::Caller CallerOf(const AccountId& account, const IamId& iam_id) {
    control::Caller caller;
    caller.actor.kind = control::IdentityKind::kUser;
    caller.actor.account = account;
    caller.actor.iam_id = iam_id;
    return caller;
  }

  // "Basic …", and its iam_id.
  std::pair<std::string, IamId> NewServiceId(const control::Caller& by, const AccountId& account) {
    const auto made = parts().service_ids.Create(
        by, account, {.name = std::string(kPlanted), .api_key = iam::NewApiKey{.name = "k"}});
    BW_CHECK(made.ok());
    return {"Basic " + Base64Encode(AsBytes("iamapikey:" + made->api_key->value.Reveal())),
            made->service_id.iam_id};
  }

  void Grant(const IamId& iam_id, Role role, std::vector<iam::PolicyAttribute> attributes) {
    iam::PolicyContent content;
    content.subject = {iam::SubjectKind::kIdentity, iam_id.value()};
    content.description = kPlanted;
    content.roles = {role};
    content.attributes = std::move(attributes);
    content.attributes.push_back({"accountId", account_.value()});
    BW_CHECK(parts().policies.Create(owner_, account_, content).ok());
  }

  void MakeCallers() {
    for (const Role role : iam::kAllRoles) {
      for (const bool narrow : {false, true}) {
        const auto [authorization, iam_id] = NewServiceId(owner_, account_);
        if (narrow) {
          Grant(iam_id, role,
                {{"serviceName", "container-registry"},
                 {"resourceType", "namespace"},
                 {"resource", std::string(kNamespace)}});
        } else {
          Grant(iam_id, role, {{"serviceType", "service"}});
          Grant(iam_id, role, {{"serviceType", "platform_service"}});
        }
        callers_.push_back({std::string(ToString(role)) + (narrow ? " on a namespace" : ""),
                            authorization, role, narrow, false});
      }
    }
    callers_.push_back({"nobody's roles", NewServiceId(owner_, account_).first, {}, false, false});
    const Timestamp now = parts().clock.Now();
    const auto plan = *iam::PlanAccount(AccountId("other"), "other",
                                        {.iam_id = {},
                                         .account = {},
                                         .email = "o@example.com",
                                         .first_name = "O",
                                         .last_name = "O",
                                         .added = {}},
                                        now);
    BW_CHECK(
        parts()
            .database->Write([&](db::Transaction& tx) { return iam::StoreAccount(tx, plan, now); })
            .ok());
    const auto foreign =
        NewServiceId(CallerOf(plan.account.id, plan.owner.iam_id), plan.account.id);
    foreign_ = foreign.first;
    foreign_account_ = plan.account.id;
  }

  struct Answer {
    int status = 0;
    std::string body;
    bool refused() const { return status == 401 || status == 403; }
  };

  // The endpoint's request on things of our account, or such as there are not.
  Answer Ask(const api::Endpoint& endpoint, const std::string& authorization,
             const std::string& named_account) {
    std::string path;
    for (std::size_t i = 0; i < endpoint.path.size(); ++i) {
      if (endpoint.path[i] != '{') {
        path += endpoint.path[i];
        continue;
      }
      const std::size_t end = endpoint.path.find('}', i);
      path += matrix::ValueFor(endpoint.path.substr(i + 1, end - i - 1), account_.value());
      i = end;
    }
    const bool writes = endpoint.method != "GET" && endpoint.method != "HEAD";
    io::StringSource body(writes ? "{}" : "");
    net::Request request;
    request.method = std::string(endpoint.method);
    request.path = path;
    request.query = "account_id=" + account_.value();
    request.headers.Set("Host", "us.icr.io");
    request.headers.Set("Content-Type", "application/json");
    if (!authorization.empty()) request.headers.Set("Authorization", authorization);
    if (!named_account.empty()) request.headers.Set("Account", named_account);
    request.id = "req-1";
    request.has_body = writes;
    request.content_length = writes ? 2 : 0;
    request.body = &body;
    net::Response response = dispatcher_->Handle(request);
    Answer answer{.status = response.status, .body = {}};
    if (const auto text = response.text()) answer.body = *text;
    return answer;
  }

  testing::Place place_;
  const AccountId account_ = place_.account;
  const control::Caller owner_ = place_.caller;
  std::unique_ptr<Faces> faces_;
  std::unique_ptr<api::Dispatcher> dispatcher_;
  AccountId foreign_account_;
  std::vector<Caller> callers_;
  std::string foreign_;
};

TEST_F(AccessMatrix, HasARowForEveryEndpointAndForNothingElse) {
  std::map<std::string, int, std::less<>> seen;
  for (const api::Endpoint& endpoint : dispatcher_->endpoints()) {
    ++seen[NameOf(endpoint)];
    const Row* row = RowOf(endpoint);
    if (row == nullptr) {
      ADD_FAILURE() << "src/app/access_matrix.h has no row for {\"" << NameOf(endpoint) << "\", \""
                    << endpoint.access.action() << "\"},  // " << endpoint.method << " "
                    << endpoint.path;
      continue;
    }
    const bool by_action = endpoint.access.kind() == api::Access::Kind::kAction;
    EXPECT_EQ(by_action ? endpoint.access.action() : std::string_view(), row->action)
        << NameOf(endpoint);
    const bool anyone = endpoint.access.kind() == api::Access::Kind::kAnyone;
    EXPECT_EQ(anyone, row->who == matrix::Who::kAnyone) << NameOf(endpoint);
    if (!by_action) continue;
    EXPECT_NE(ActionOf(row->action), nullptr) << row->action;
    // Roles of one's own can be made of what it needs.
    const std::string_view needed = iam::NeededAction(row->action);
    const auto known = iam::ActionsOf(iam::ServiceOf(needed).name);
    EXPECT_NE(std::find(known.begin(), known.end(), needed), known.end())
        << "src/iam/actions.cc has no " << needed;
  }
  for (const Row& row : matrix::kRows) {
    EXPECT_TRUE(seen.contains(row.operation)) << row.operation << " is no endpoint (any more)";
  }
}

TEST_F(AccessMatrix, EveryEndpointLetsThroughWhoTheTableSaysAndNobodyElse) {
  for (const api::Endpoint& endpoint : dispatcher_->endpoints()) {
    const Row* row = RowOf(endpoint);
    if (row == nullptr || row->action.empty()) continue;
    const Action* action = ActionOf(row->action);
    ASSERT_NE(action, nullptr) << row->action;
    for (const Caller& caller : callers_) {
      bool may =
          caller.role && action->roles.find(matrix::Letter(*caller.role)) != std::string_view::npos;
      if (caller.narrow) may = may && action->on_namespaces && row->names_namespace;
      const Answer answer = Ask(endpoint, caller.authorization, "");
      EXPECT_EQ(!answer.refused(), may) << NameOf(endpoint) << " by " << caller.name << ": "
                                        << answer.status << " " << answer.body.substr(0, 300);
    }
  }
}

TEST_F(AccessMatrix, WithoutACredentialOnlyWhatIsForAnyoneAnswers) {
  for (const api::Endpoint& endpoint : dispatcher_->endpoints()) {
    const Row* row = RowOf(endpoint);
    if (row == nullptr || row->who == matrix::Who::kAnyone) continue;
    EXPECT_EQ(Ask(endpoint, "", "").status, 401) << NameOf(endpoint);
  }
}

TEST_F(AccessMatrix, AnotherAccountIsRefusedWhenItNamesOursAndLearnsNothingWhenItDoesNot) {
  for (const api::Endpoint& endpoint : dispatcher_->endpoints()) {
    const Row* row = RowOf(endpoint);
    if (row == nullptr || row->who == matrix::Who::kAnyone) continue;
    const Answer named = Ask(endpoint, foreign_, account_.value());
    EXPECT_EQ(named.status, 403) << NameOf(endpoint) << ": " << named.body;
    const Answer quiet = Ask(endpoint, foreign_, "");
    EXPECT_LT(quiet.status, 500) << NameOf(endpoint) << ": " << quiet.body;
    EXPECT_EQ(quiet.body.find("\"" + account_.value() + "\""), std::string::npos)
        << NameOf(endpoint) << ": " << quiet.body;
  }
}

}  // namespace
}  // namespace breakwater::app
