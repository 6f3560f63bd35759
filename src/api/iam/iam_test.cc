// The management APIs on the wire.
#include <gtest/gtest.h>

#include "api/iam/testing.h"

namespace breakwater::api::iam {
namespace {

TEST_F(IamApi, LinksToOtherPagesKeepTheFilter) {
  const Answer policies =
      Call("GET", "/iam/v1/policies",
           {.authorization = admin_, .query = "account_id=acc&iam_id=IBMid-1&limit=5"});
  ASSERT_EQ(policies.status, 200);
  const std::string first(json::FindText(policies.body.at("first"), "href"));
  EXPECT_EQ(first, "/iam/v1/policies?account_id=acc&limit=5&iam_id=IBMid-1");
  const Answer groups =
      Call("GET", "/iam/v2/groups",
           {.authorization = admin_, .query = "account_id=acc&search=ops&limit=5"});
  ASSERT_EQ(groups.status, 200);
  EXPECT_EQ(json::FindText(groups.body.at("first"), "href"),
            "/iam/v2/groups?offset=0&limit=5&account_id=acc&search=ops");
}

TEST_F(IamApi, ServiceIdsAndTheirKeysLiveTheirLife) {
  const Answer made = Admin("POST", "/iam/v1/serviceids/",
                            {{"account_id", "acc"}, {"name", "ci"}, {"apikey", {{"name", "k"}}}});
  ASSERT_EQ(made.status, 201) << json::Serialize(made.body);
  const std::string id = made.Text("id");
  EXPECT_EQ(made.Text("iam_id"), "iam-" + id);
  EXPECT_FALSE(json::FindText(made.body.at("apikey"), "apikey").empty());
  const Answer list = Admin("GET", "/iam/v1/serviceids/");
  EXPECT_EQ(list.body.at("serviceids").as_array().size(), 1U);
  EXPECT_EQ(json::FindText(list.body.at("serviceids").at(0), "entity_tag"),
            made.Text("entity_tag"));
  const std::string path = "/iam/v1/serviceids/" + id;
  EXPECT_EQ(Admin("PUT", path, {{"name", "new"}}).status, 400);
  const Answer updated = Admin("PUT", path, {{"name", "new"}}, IfMatch(made));
  EXPECT_EQ(updated.Text("name"), "new");
  EXPECT_EQ(Admin("PUT", path, {{"name", "newer"}}, IfMatch(made)).status, 412);
  EXPECT_EQ(Admin("POST", path + "/lock").status, 204);
  EXPECT_EQ(Admin("DELETE", path).status, 409);
  EXPECT_EQ(Admin("DELETE", path + "/lock").status, 204);
  EXPECT_EQ(Admin("DELETE", path).status, 204);
  const Answer gone = Admin("GET", path);
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(gone.ErrorCode(), "not_found");
}

TEST_F(IamApi, KeysAreShownOnceLockedDisabledAndFoundByValue) {
  const std::string iam_id = world_.administrator.actor.iam_id.value();
  const Answer made = Admin("POST", "/iam/v1/apikeys", {{"name", "k"}, {"iam_id", iam_id}});
  ASSERT_EQ(made.status, 201);
  const std::string path = "/iam/v1/apikeys/" + made.Text("id");
  EXPECT_EQ(Admin("GET", path).Text("apikey"), "");
  net::Headers by_value;
  by_value.Set("IAM-ApiKey", made.Text("apikey"));
  EXPECT_EQ(Admin("GET", "/iam/v1/apikeys/details", nullptr, by_value).Text("id"), made.Text("id"));
  EXPECT_EQ(Admin("POST", path + "/disable").status, 204);
  EXPECT_EQ(Exchange(Secret(made.Text("apikey"))).status, 400);
  EXPECT_EQ(Admin("DELETE", path + "/disable").status, 204);
  EXPECT_EQ(Exchange(Secret(made.Text("apikey"))).status, 200);
  EXPECT_EQ(Admin("POST", path + "/lock").status, 204);
  EXPECT_EQ(Admin("DELETE", path).status, 409);
  EXPECT_EQ(Admin("DELETE", path + "/lock").status, 204);
  EXPECT_EQ(Admin("DELETE", path).status, 204);
}

TEST_F(IamApi, GroupsAndMembersAnswerItemByItem) {
  const Answer made = Admin("POST", "/iam/v2/groups", {{"name", "devs"}});
  ASSERT_EQ(made.status, 201);
  const std::string path = "/iam/v2/groups/" + made.Text("id");
  const std::string user = world_.Invite("u@example.com").iam_id.value();
  const Answer added =
      Admin("PUT", path + "/members",
            {{"members",
              {json::Object{{"iam_id", json::Text(user)}, {"type", "user"}},
               json::Object{{"iam_id", "iam-ServiceId-none"}, {"type", "service"}}}}});
  ASSERT_EQ(added.status, 207) << json::Serialize(added.body);
  EXPECT_EQ(added.body.at("members").at(0).at("status_code").as_int64(), 200);
  EXPECT_EQ(added.body.at("members").at(1).at("status_code").as_int64(), 404);
  EXPECT_EQ(Admin("HEAD", path + "/members/" + user).status, 204);
  const Answer members =
      Call("GET", path + "/members", {.authorization = admin_, .query = "verbose=true"});
  EXPECT_EQ(json::FindText(members.body.at("members").at(0), "email"), "u@example.com");
  EXPECT_EQ(Admin("DELETE", path).status, 409);
  EXPECT_EQ(Admin("PATCH", path, {{"description", "d"}}, IfMatch(made)).Text("description"), "d");
  EXPECT_EQ(Admin("DELETE", path + "/members/" + user).status, 204);
  EXPECT_EQ(Admin("HEAD", path + "/members/" + user).status, 404);
  EXPECT_EQ(Admin("DELETE", path).status, 204);
}

TEST_F(IamApi, PoliciesLiveTheirLifeAndRefuseWhatIsWrong) {
  const std::string user = world_.Invite("u@example.com").iam_id.value();
  const auto body = [&](const char* role, const char* service) -> json::Value {
    return {{"type", "access"},
            {"subjects",
             {json::Object{{"attributes", json::Array{json::Object{{"name", "iam_id"},
                                                                   {"value", json::Text(user)}}}}},
              json::Object{{"dropped", true}}}},
            {"roles", json::Array{json::Object{{"role_id", role}}}},
            {"resources",
             json::Array{json::Object{
                 {"attributes",
                  json::Array{json::Object{{"name", "accountId"}, {"value", "acc"}},
                              json::Object{{"name", "serviceName"}, {"value", service}}}}}}}};
  };
  const auto good = [&](const char* role, const char* service) {
    json::Value policy = body(role, service);
    policy.at("subjects").as_array().pop_back();
    return policy;
  };
  constexpr const char* kReader = "crn:v1:bluemix:public:container-registry::::serviceRole:Reader";
  EXPECT_EQ(Admin("POST", "/iam/v1/policies", body(kReader, "container-registry")).ErrorCode(),
            "invalid_body");
  EXPECT_EQ(Admin("POST", "/iam/v1/policies",
                  good("crn:v1:bluemix:public:iam::::role:King", "container-registry"))
                .ErrorCode(),
            "role_not_found");
  const Answer made = Admin("POST", "/iam/v1/policies", good(kReader, "container-registry"));
  ASSERT_EQ(made.status, 201) << json::Serialize(made.body);
  EXPECT_EQ(json::FindText(made.body.at("roles").at(0), "role_id"),
            "crn:v1:bluemix:public:iam::::serviceRole:Reader");
  EXPECT_EQ(Admin("POST", "/iam/v1/policies", good(kReader, "container-registry")).ErrorCode(),
            "policy_conflict_error");
  EXPECT_EQ(Admin("GET", "/iam/v1/policies").ErrorCode(), "missing_required_query_parameter");
  const Answer list = Call("GET", "/iam/v1/policies",
                           {.authorization = admin_, .query = "account_id=acc&iam_id=" + user});
  EXPECT_EQ(list.body.at("policies").as_array().size(), 1U);
  const std::string path = "/iam/v1/policies/" + made.Text("id");
  EXPECT_EQ(Admin("PUT", path,
                  good("crn:v1:bluemix:public:iam::::serviceRole:Manager", "container-registry"),
                  IfMatch(made))
                .status,
            200);
  EXPECT_EQ(Admin("DELETE", path).status, 204);
  const Answer deleted = Admin("GET", path);
  EXPECT_EQ(deleted.Text("state"), "deleted");
  EXPECT_EQ(Admin("DELETE", path).ErrorCode(), "policy_not_found");
  EXPECT_EQ(Admin("PATCH", path, {{"state", "active"}}).status, 400);
  EXPECT_EQ(Admin("PATCH", path, {{"state", "deleted"}}, IfMatch(deleted)).status, 400);
  const Answer restored = Admin("PATCH", path, {{"state", "active"}}, IfMatch(deleted));
  ASSERT_EQ(restored.status, 200);
  EXPECT_EQ(restored.Text("state"), "active");
}

TEST_F(IamApi, BothVersionsSeeTheSamePoliciesAndV1LosesNoRule) {
  const json::Value v2 = *json::Parse(R"({"type":"access",
    "subject":{"attributes":[{"key":"iam_id","operator":"stringEquals","value":"IBMid-1"}]},
    "control":{"grant":{"roles":[{"role_id":"crn:v1:bluemix:public:iam::::serviceRole:Reader"}]}},
    "resource":{"attributes":[
      {"key":"accountId","operator":"stringEquals","value":"acc"},
      {"key":"serviceName","operator":"stringEquals","value":"container-registry"},
      {"key":"resource","operator":"stringEqualsAnyOf","value":["team-a","team-b"]}],
      "tags":[{"key":"project","operator":"stringEquals","value":"x"}]},
    "pattern":"time-based-conditions:weekly:all-day",
    "rule":{"key":"{{environment.attributes.day_of_week}}","operator":"dayOfWeekAnyOf",
            "value":["1+00:00","2+00:00"]}})");
  const Answer made = Admin("POST", "/iam/v2/policies", v2);
  ASSERT_EQ(made.status, 201) << json::Serialize(made.body);
  for (const char* field : {"type", "subject", "control", "resource", "pattern", "rule"}) {
    EXPECT_EQ(json::Canonical(made.body.at(field)), json::Canonical(v2.at(field))) << field;
  }
  const Answer in_v1 = Admin("GET", "/iam/v1/policies/" + made.Text("id"));
  EXPECT_EQ(json::Canonical(in_v1.body.at("rule")), json::Canonical(v2.at("rule")));
  const json::Value& attributes = in_v1.body.at("resources").at(0).at("attributes");
  EXPECT_EQ(json::FindText(attributes.at(2), "value"), "team-a,team-b");
  json::Value v1 = in_v1.body;
  v1.at("resources").at(0).at("attributes").as_array().pop_back();
  const auto replace = [&] {
    return Admin("PUT", "/iam/v1/policies/" + made.Text("id"), v1, IfMatch(in_v1)).ErrorCode();
  };
  EXPECT_EQ(replace(), "invalid_body");
  v1.as_object().erase("rule");
  v1.as_object().erase("pattern");
  EXPECT_EQ(replace(), "unable_to_process");
  EXPECT_EQ(Admin("PUT", "/iam/v2/policies/" + made.Text("id"), v2, IfMatch(in_v1)).status, 200);
  json::Value authorization = v2;
  authorization.as_object()["type"] = "authorization";
  EXPECT_EQ(Admin("POST", "/iam/v2/policies", authorization).ErrorCode(), "unable_to_process");
  json::Value wrong = v2;
  wrong.as_object()["pattern"] = "time-based-conditions:once";
  EXPECT_EQ(Admin("POST", "/iam/v2/policies", wrong).ErrorCode(), "invalid_body");
}

TEST_F(IamApi, APolicyThatMatchesNothingIsMadeWithAWarning) {
  const json::Value policy = *json::Parse(R"({"type":"access",
    "subject":{"attributes":[{"key":"iam_id","operator":"stringEquals","value":"IBMid-1"}]},
    "control":{"grant":{"roles":[{"role_id":"crn:v1:bluemix:public:iam::::serviceRole:Reader"}]}},
    "resource":{"attributes":[
      {"key":"accountId","operator":"stringEquals","value":"acc"},
      {"key":"serviceName","operator":"stringEquals","value":"container-registry"},
      {"key":"resource","operator":"stringEquals","value":"n\u00e4me"}]}})");
  const Answer made = Admin("POST", "/iam/v2/policies", policy);
  ASSERT_EQ(made.status, 201);
  const auto warnings = made.headers.GetAll("Breakwater-Policy-Warning");
  ASSERT_EQ(warnings.size(), 2U);
  EXPECT_TRUE(warnings[0].starts_with("the subject is not in this account"));
  EXPECT_EQ(warnings[1], "there is no namespace of this name yet: resource n??me");
}

TEST_F(IamApi, ListsOfPoliciesTakeOnlyWhatTheyUnderstand) {
  const auto status = [&](const std::string& query) {
    return Call("GET", "/iam/v2/policies",
                {.authorization = admin_, .query = "account_id=acc&" + query})
        .status;
  };
  for (const char* good :
       {"sort=-last_modified_at", "format=display", "format=include_last_permit", "state=deleted",
        "type=authorization", "service_type=platform_service", "tag_name=a&tag_value=b",
        "service_group_id=IAM", "service_name=container-registry", "access_group_id=x"}) {
    EXPECT_EQ(status(good), 200) << good;
  }
  for (const char* bad :
       {"sort=color", "sort=last_permit_at", "format=xml", "state=gone", "type=denial",
        "service_type=other", "limit=0", "start=x", "start=WyJhIiwxXQ"}) {
    EXPECT_EQ(status(bad), 400) << bad;
  }
}

TEST_F(IamApi, AnInvitationIsAllOfItOrNothing) {
  const auto users = [&] {
    return Admin("GET", "/iam/v2/accounts/acc/users").body.at("total_results").as_int64();
  };
  const auto invite = [&](const char* service, const char* role) {
    return Admin("POST", "/iam/v2/accounts/acc/users",
                 *json::Parse(std::string(R"({"users":[{"email":"p@example.com"}],"iam_policy":[{
      "type":"access","roles":[{"role_id":")") +
                              role + R"("}],"resources":[{"attributes":[
      {"name":"accountId","value":"acc"},{"name":"serviceName","value":")" +
                              service + R"("}]}]}]})"));
  };
  const char* const reader = "crn:v1:bluemix:public:iam::::serviceRole:Reader";
  ASSERT_EQ(users(), 1);
  EXPECT_EQ(
      invite("container-registry", "crn:v1:bluemix:public:iam::a/acc::customRole:none").status,
      400);
  EXPECT_EQ(users(), 1);
  EXPECT_EQ(invite("container-registry", reader).status, 202);
  EXPECT_EQ(users(), 2);
  const Answer policies = Call("GET", "/iam/v1/policies",
                               {.authorization = admin_, .query = "account_id=acc&type=access"});
  const std::string text = json::Serialize(policies.body);
  EXPECT_NE(text.find("serviceRole:Reader"), std::string::npos) << text;
}

TEST_F(IamApi, TheGroupOfEverybodyNamesNobody) {
  const Answer members = Admin("GET", "/iam/v2/groups/AccessGroupId-PublicAccess/members");
  EXPECT_EQ(members.status, 200);
  EXPECT_EQ(members.body.at("total_count").as_int64(), 0);
  EXPECT_TRUE(members.body.at("members").as_array().empty());
}

TEST_F(IamApi, PoliciesTellWhenTheyLastGaveARight) {
  const domain::User user = world_.Invite("reader@example.com");
  const auto policy = world_.Grant(World::Of(user.iam_id), {Role::kReader});
  const auto read = [&] {
    return Call("GET", "/iam/v1/policies/" + policy.id,
                {.authorization = admin_, .query = "format=include_last_permit"})
        .body;
  };
  EXPECT_EQ(read().at("last_permit_frequency").as_int64(), 0);
  ASSERT_TRUE(world_.May(world_.CallerOf(user.iam_id), "container-registry.image.pull",
                         world_.Repository("team/app")));
  const json::Value after = read();
  EXPECT_EQ(after.at("last_permit_frequency").as_int64(), 1);
  EXPECT_EQ(json::FindText(after, "last_permit_at"), FormatRfc3339(world_.clock.Now()));
  const json::Value listed =
      Call("GET", "/iam/v2/policies",
           {.authorization = admin_, .query = "account_id=acc&format=include_last_permit"})
          .body;
  EXPECT_NE(json::Serialize(listed).find("last_permit_at"), std::string::npos);
}

TEST_F(IamApi, UsersAreInvitedListedByPageAndRemoved) {
  const Answer invited =
      Admin("POST", "/iam/v2/accounts/acc/users",
            {{"users",
              {json::Object{{"email", "a@example.com"}, {"account_role", "Member"}},
               json::Object{{"email", "b@example.com"}}}}});
  ASSERT_EQ(invited.status, 202) << json::Serialize(invited.body);
  EXPECT_EQ(json::FindText(invited.body.at("resources").at(0), "state"), "PENDING");
  std::size_t seen = 0;
  std::string next = "/v2/accounts/acc/users?limit=2";
  // As clients do it whose service's URL is the server's with /iam behind it.
  for (int pages = 0; pages < 5 && !next.empty(); ++pages) {
    const std::size_t query = next.find('?');
    const Answer page = Call("GET", "/iam" + next.substr(0, query),
                             {.authorization = admin_, .query = next.substr(query + 1)});
    ASSERT_EQ(page.status, 200) << next;
    EXPECT_EQ(page.body.at("total_results").as_int64(), 3);
    EXPECT_TRUE(page.Text("first_url").starts_with("/v2/accounts/acc/users?"));
    seen += page.body.at("resources").as_array().size();
    next = page.Text("next_url");
  }
  EXPECT_EQ(seen, 3U);
  const std::string path = "/iam/v2/accounts/acc/users/" +
                           std::string(json::FindText(invited.body.at("resources").at(0), "id"));
  EXPECT_EQ(Admin("GET", path).Text("email"), "a@example.com");
  EXPECT_EQ(Admin("DELETE", path).status, 204);
  EXPECT_EQ(Admin("GET", path).status, 404);
}

TEST_F(IamApi, AnotherAccountIsRefused) {
  EXPECT_EQ(Admin("GET", "/iam/v2/accounts/other/users").status, 403);
  EXPECT_EQ(
      Call("GET", "/iam/v2/groups", {.authorization = admin_, .query = "account_id=other"}).status,
      403);
}

TEST_F(IamApi, ErrorsNamePlaceAndRequest) {
  const Answer malformed = Call("POST", "/iam/v2/groups", {.authorization = admin_, .body = "{"});
  EXPECT_EQ(malformed.status, 400);
  EXPECT_EQ(malformed.ErrorCode(), "invalid_body");
  EXPECT_EQ(malformed.Text("trace"), "req-1");
  EXPECT_EQ(malformed.body.at("status_code").as_int64(), 400);
  const Answer nobody = Call("GET", "/iam/v2/groups", {});
  EXPECT_EQ(nobody.status, 401);
  EXPECT_EQ(nobody.ErrorCode(), "invalid_token");
}

// Who has no role may call nothing that changes or shows the account.
TEST_F(IamApi, EveryManagementEndpointRefusesAMemberWithoutRoles) {
  const domain::User user = world_.Invite("u@example.com");
  const auto key =
      *world_.api_keys.Create(world_.administrator, world_.account, user.iam_id, {.name = "k"});
  const std::string caller = World::Basic(key.value);
  int checked = 0;
  for (const Endpoint& endpoint : dispatcher_.endpoints()) {
    if (endpoint.access.kind() == Access::Kind::kAnyone) continue;
    std::string path(endpoint.path);
    for (const char* name : {"{id}", "{iam_id}", "{account_id}"}) {
      const std::size_t at = path.find(name);
      if (at == std::string::npos) continue;
      path.replace(at, std::string_view(name).size(),
                   std::string_view(name) == "{account_id}" ? "acc" : "x");
    }
    EXPECT_EQ(Call(std::string(endpoint.method), path, {.body = "{}"}).status, 401) << path;
    if (endpoint.access.kind() == Access::Kind::kAction) {
      EXPECT_EQ(
          Call(std::string(endpoint.method), path, {.authorization = caller, .body = "{}"}).status,
          403)
          << endpoint.method << " " << path;
      ++checked;
    }
  }
  EXPECT_GT(checked, 20);
}

}  // namespace
}  // namespace breakwater::api::iam
