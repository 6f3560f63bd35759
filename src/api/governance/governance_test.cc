#include "api/governance/governance.h"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/testing.h"
#include "governance/testing.h"
#include "io/stream.h"

namespace breakwater::api::governance {
namespace {

using breakwater::governance::testing::FactTable;
using breakwater::governance::testing::World;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Answer {
  int status = 0;
  json::Value body;
  std::string etag;
  std::string trace;
};

class GovernanceApi : public ::testing::Test {
 protected:
  Answer Send(std::string method, std::string path, std::string_view body = {},
              std::optional<std::string> if_match = {}) {
    net::Request request;
    request.method = std::move(method);
    const auto question = path.find('?');
    request.path = path.substr(0, question);
    request.query = question == std::string::npos ? "" : path.substr(question + 1);
    request.id = "trace-1";
    request.has_body = !body.empty();
    request.headers.Set("Host", "us.icr.io");
    request.headers.Set("Authorization", "Bearer good");
    if (if_match) request.headers.Set("If-Match", *if_match);
    io::StringSource source(body);
    request.body = &source;
    const net::Response response = dispatcher_.Handle(request);
    Answer answer;
    answer.status = response.status;
    const auto& text = std::get<std::string>(response.body);
    if (!text.empty()) answer.body = json::Parse(text).value();
    answer.etag = response.headers.Get("ETag").value_or("");
    answer.trace = response.headers.Get("Transaction-Id").value_or("");
    return answer;
  }

  // The seed rule, unchanged, in a creation request.
  static std::string SeedRequest(std::string_view actions, std::string_view account = "account-1") {
    std::ifstream file(BW_SEED_RULE, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    std::string rule = text.str();
    rule.resize(rule.rfind('}'));
    return R"({"rules":[{"rule":)" + rule + R"(,"account_id":")" + std::string(account) +
           R"(","name":"private","description":"private only","rule_type":"user_defined",)" +
           R"("enforcement_actions":)" + std::string(actions) + R"(,"labels":["pci"]}}]})";
  }

  // The rule as created; its id is in "rule_id".
  json::Value CreateSeed(std::string_view actions = R"([{"action":"disallow"}])") {
    const Answer created = Send("POST", "/config/v1/rules", SeedRequest(actions));
    EXPECT_EQ(created.status, 201) << json::Serialize(created.body);
    return created.body.at("rules").at(0).at("rule");
  }

  static std::string IdOf(const json::Value& rule) {
    return std::string(json::FindText(rule, "rule_id"));
  }

  static constexpr std::string_view kToAccount =
      R"({"attachments":[{"account_id":"account-1","included_scope":)"
      R"({"note":"all","scope_id":"account-1","scope_type":"account"}}]})";

  World world_{condition::Catalogue::BuiltIn(), {{"container-registry", "service"}}};
  testing::Forbidding authorizer_;
  testing::OneCaller identity_{world_.caller.actor};
  control::Registries registries_{{{RegistryName("us.icr.io"), "us-south", {"us.icr.io"}, {}},
                                   {RegistryName("de.icr.io"), "eu-central", {"de.icr.io"}, {}}}};
  observe::Metrics metrics_;
  audit::Recorder recorder_{
      {.process = "test", .account = world_.account}, world_.database(), world_.log, world_.clock};
  SccFace face_{"config"};
  Dispatcher dispatcher_{{.registries = registries_,
                          .authenticator = identity_,
                          .authorizer = authorizer_,
                          .changes = world_.changes,
                          .recorder = recorder_,
                          .metrics = metrics_,
                          .first_account = world_.account},
                         Endpoints(world_.governance, world_.templates, face_),
                         {{"/", &face_}}};
};

TEST_F(GovernanceApi, SeedRuleIsAcceptedUnchangedAndReadBack) {
  const json::Value created = CreateSeed();
  EXPECT_THAT(IdOf(created), StartsWith("rule-"));
  const Answer read = Send("GET", "/config/v1/rules/" + IdOf(created));
  EXPECT_EQ(read.status, 200);
  EXPECT_FALSE(read.etag.empty());
  EXPECT_EQ(read.trace, "trace-1");
  EXPECT_EQ(read.body, created);
  EXPECT_EQ(json::Serialize(read.body.at("required_config").at("and")),
            R"([{"property":"private_only","operator":"is_true"}])");
  EXPECT_EQ(read.body.at("number_of_attachments").as_int64(), 0);
  EXPECT_EQ(json::FindText(read.body, "created_by"), "IBMid-owner");
}

TEST_F(GovernanceApi, ItemThatFailsMakesItMultiStatusAndStoresNothingOfIt) {
  std::string body = SeedRequest("[]");
  body.replace(body.find("user_defined"), 12, "service_defined");
  const Answer alone = Send("POST", "/config/v1/rules", body);
  EXPECT_EQ(alone.status, 207);
  const json::Value& item = alone.body.at("rules").at(0);
  EXPECT_EQ(item.at("status_code").as_int64(), 400);
  EXPECT_EQ(json::FindText(item.at("errors").at(0), "code"), "rule_error");
  EXPECT_EQ(json::FindText(item, "request_id"), "1");
  EXPECT_EQ(json::FindText(item, "trace"), "trace-1");
  EXPECT_EQ(Send("GET", "/config/v1/rules?account_id=account-1").body.at("total_count"), 0);
}

TEST_F(GovernanceApi, ItemsOfABulkAreAnsweredInOrderEachForItself) {
  const std::string good = SeedRequest("[]");
  const std::string item = good.substr(10, good.size() - 12);
  std::string bad = item;
  bad.replace(bad.find("is_true"), 7, "is_tru");
  const Answer answer = Send("POST", "/config/v1/rules",
                             R"({"rules":[)" + bad + "," + item + R"(,{"request_id":"mine"}]})");
  EXPECT_EQ(answer.status, 207);
  const json::Array& rules = answer.body.at("rules").as_array();
  ASSERT_EQ(rules.size(), 3U);
  const std::string_view message = json::FindText(rules[0].at("errors").at(0), "message");
  EXPECT_THAT(message, HasSubstr("required_config.and[0].operator: 'is_tru' is no operator; did "
                                 "you mean 'is_true'? (allowed: "));
  EXPECT_EQ(json::FindText(rules[0].at("errors").at(0).at("details"), "path"),
            "required_config.and[0].operator");
  EXPECT_EQ(rules[1].at("status_code").as_int64(), 201);
  EXPECT_EQ(json::FindText(rules[1], "request_id"), "2");
  EXPECT_EQ(json::FindText(rules[2], "request_id"), "mine");
  EXPECT_EQ(rules[2].at("status_code").as_int64(), 400);
}

TEST_F(GovernanceApi, MissingAccountIsTheReferenceSystemsError) {
  std::string body = SeedRequest("[]");
  const std::string_view field = R"("account_id":"account-1",)";
  body.erase(body.find(field), field.size());
  const Answer answer = Send("POST", "/config/v1/rules", body);
  EXPECT_EQ(answer.status, 207);
  const json::Value& error = answer.body.at("rules").at(0).at("errors").at(0);
  EXPECT_EQ(json::FindText(error, "code"), "bad_request");
  EXPECT_EQ(json::FindText(error, "message"), "missing account ID");
}

TEST_F(GovernanceApi, RuleForAnotherAccountFailsTheWholeRequest) {
  const Answer answer = Send("POST", "/config/v1/rules", SeedRequest("[]", "account-2"));
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(Send("GET", "/config/v1/rules?account_id=account-2").status, 403);
}

TEST_F(GovernanceApi, CallerWithoutTheRightGets403AndARecord) {
  authorizer_.forbidden = "compliance.configuration-governance.rules-create";
  EXPECT_EQ(Send("POST", "/config/v1/rules", SeedRequest("[]")).status, 403);
  EXPECT_EQ(world_.LastRecord().outcome, audit::Outcome::kFailure);
}

TEST_F(GovernanceApi, ReplacementNeedsTheEntityTagAndAnswers400Otherwise) {
  const json::Value created = CreateSeed();
  const std::string path = "/config/v1/rules/" + IdOf(created);
  const std::string body = json::Serialize(created);
  for (const auto& tag : {std::optional<std::string>(), std::optional<std::string>("\"old\"")}) {
    const Answer refused = Send("PUT", path, body, tag);
    EXPECT_EQ(refused.status, 400);
    EXPECT_THAT(json::FindText(refused.body.at("errors").at(0), "message"), HasSubstr("If-Match"));
    EXPECT_EQ(json::FindText(refused.body, "trace"), "trace-1");
  }
  const Answer read = Send("GET", path);
  const Answer replaced = Send("PUT", path, body, read.etag);
  EXPECT_EQ(replaced.status, 200);
  EXPECT_NE(replaced.etag, read.etag);
  EXPECT_EQ(Send("GET", path).etag, replaced.etag);
  EXPECT_EQ(Send("PUT", path, body, read.etag).status, 400);
}

TEST_F(GovernanceApi, UnknownIdIs404WithTrace) {
  for (const std::string method : {"GET", "DELETE"}) {
    const Answer answer = Send(method, "/config/v1/rules/rule-unknown");
    EXPECT_EQ(answer.status, 404);
    EXPECT_THAT(json::FindText(answer.body.at("errors").at(0), "message"), HasSubstr("not found"));
    EXPECT_EQ(json::FindText(answer.body, "trace"), "trace-1");
  }
}

TEST_F(GovernanceApi, AttachmentsLiveThroughTheirWholeCycle) {
  const std::string rule = "/config/v1/rules/" + IdOf(CreateSeed());
  const Answer made = Send("POST", rule + "/attachments", kToAccount);
  ASSERT_EQ(made.status, 201) << json::Serialize(made.body);
  const std::string id(json::FindText(made.body.at("attachments").at(0), "attachment_id"));
  EXPECT_THAT(id, StartsWith("attachment-"));
  EXPECT_EQ(Send("GET", rule).body.at("number_of_attachments").as_int64(), 1);
  const Answer listed = Send("GET", rule + "/attachments?limit=1");
  EXPECT_EQ(listed.body.at("total_count").as_int64(), 1);
  EXPECT_EQ(listed.body.at("attachments").as_array().size(), 1U);

  const Answer read = Send("GET", rule + "/attachments/" + id);
  EXPECT_EQ(read.status, 200);
  const std::string body =
      R"({"account_id":"account-1","included_scope":{"scope_id":"account-1","scope_type":)"
      R"("account"},"excluded_scopes":[{"scope_id":"rg","scope_type":"account.resource_group"}]})";
  EXPECT_EQ(Send("PUT", rule + "/attachments/" + id, body, "\"old\"").status, 400);
  const Answer replaced = Send("PUT", rule + "/attachments/" + id, body, read.etag);
  EXPECT_EQ(replaced.status, 200);
  EXPECT_EQ(replaced.body.at("excluded_scopes").as_array().size(), 1U);

  EXPECT_EQ(Send("DELETE", rule + "/attachments/" + id).status, 204);
  EXPECT_EQ(Send("GET", rule + "/attachments/" + id).status, 404);
  EXPECT_EQ(Send("POST", rule + "/attachments", kToAccount).status, 201);
  EXPECT_EQ(Send("DELETE", rule).status, 204) << "with the attachment it still has";
}

TEST_F(GovernanceApi, AttachmentToAnUnknownScopeTypeIs400ForTheWholeCall) {
  const std::string rule = "/config/v1/rules/" + IdOf(CreateSeed());
  const Answer refused =
      Send("POST", rule + "/attachments",
           R"({"attachments":[{"included_scope":{"scope_id":"account-1","scope_type":"account"}},)"
           R"({"included_scope":{"scope_id":"x","scope_type":"galaxy"}}]})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(json::FindText(refused.body.at("errors").at(0), "message"),
              HasSubstr("attachments[1].included_scope.scope_type: 'galaxy' is no scope type"));
  EXPECT_EQ(Send("GET", rule + "/attachments").body.at("total_count").as_int64(), 0);
}

TEST_F(GovernanceApi, AnExcludedScopeOfAnUnknownTypeIsNoDescendant) {
  const std::string rule = "/config/v1/rules/" + IdOf(CreateSeed());
  const Answer refused =
      Send("POST", rule + "/attachments",
           R"({"attachments":[{"included_scope":{"scope_id":"account-1","scope_type":"account"},)"
           R"("excluded_scopes":[{"scope_id":"x","scope_type":"enterprise.BOGUS"}]}]})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(json::FindText(refused.body.at("errors").at(0), "message"),
              HasSubstr("not a descendant"));
}

TEST_F(GovernanceApi, WhatClientsOf2020SendBesideIsIgnored) {
  std::string request = SeedRequest("[]");
  request.insert(request.rfind(R"("name")"),
                 R"("version":"0.0.1","imports":[{"name":"i","ui_support":{}}],)");
  const Answer made = Send("POST", "/config/v1/rules", request);
  ASSERT_EQ(made.status, 201) << json::Serialize(made.body);
  EXPECT_EQ(json::Find(made.body.at("rules").at(0).at("rule"), "version"), nullptr);
}

TEST_F(GovernanceApi, AttachmentToAResourceGroupComesWithAWarning) {
  const std::string rule = "/config/v1/rules/" + IdOf(CreateSeed());
  const Answer made = Send("POST", rule + "/attachments",
                           R"({"attachments":[{"included_scope":{"scope_id":"rg",)"
                           R"("scope_type":"account.resource_group"}}]})");
  ASSERT_EQ(made.status, 201);
  EXPECT_THAT(json::Serialize(made.body), HasSubstr("matches none"));
}

TEST_F(GovernanceApi, ListsArePagedAndFiltered) {
  CreateSeed();
  world_.clock.Advance(std::chrono::seconds(1));
  const std::string second = IdOf(CreateSeed());
  Send("POST", "/config/v1/rules/" + second + "/attachments", kToAccount);
  const Answer page = Send("GET", "/config/v1/rules?account_id=account-1&limit=1&offset=1");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body.at("total_count").as_int64(), 2);
  EXPECT_EQ(IdOf(page.body.at("rules").at(0)), second);
  EXPECT_THAT(json::FindText(page.body.at("last"), "href"), HasSubstr("offset=1&limit=1"));
  const Answer attached = Send("GET", "/config/v1/rules?account_id=account-1&attached=true");
  EXPECT_EQ(attached.body.at("total_count").as_int64(), 1);
  EXPECT_EQ(Send("GET", "/config/v1/rules?account_id=account-1&labels=pci,other")
                .body.at("total_count")
                .as_int64(),
            0);
  EXPECT_EQ(Send("GET", "/config/v1/rules").status, 400);
  EXPECT_EQ(Send("GET", "/config/v1/rules?account_id=account-1&attached=maybe").status, 400);
}

TEST_F(GovernanceApi, ResultsAndTheirHistoryAreServed) {
  const auto us = world_.Service("us.icr.io");
  const auto set = [&](bool private_only) {
    condition::Facts facts;
    facts.Set("private_only",
              condition::Fact::Present(private_only, "settings", world_.clock.Now()));
    ASSERT_TRUE(world_.Change(us, facts).ok());
    world_.Settle();
    world_.clock.Advance(std::chrono::seconds(1));
  };
  const std::string rule_id = IdOf(CreateSeed("[]"));
  Send("POST", "/config/v1/rules/" + rule_id + "/attachments", kToAccount);
  set(true);
  set(false);
  const Answer failing = Send(
      "GET", "/config/v1/results?account_id=account-1&status=not_compliant&rule_id=" + rule_id);
  ASSERT_EQ(failing.body.at("total_count").as_int64(), 1) << json::Serialize(failing.body);
  const json::Value& result = failing.body.at("results").at(0);
  EXPECT_EQ(json::FindText(result, "registry"), "us.icr.io");
  EXPECT_EQ(json::FindText(result, "reason"), "private_only is false; required: is_true");
  EXPECT_EQ(json::FindText(result.at("properties").at(0), "property"), "private_only");

  const std::string resource(json::FindText(result, "resource"));
  const Answer history = Send("GET", "/config/v1/results/" + rule_id + "/resources/" +
                                         PercentEncode(resource) + "/history");
  ASSERT_EQ(history.status, 200) << json::Serialize(history.body);
  const json::Array& entries = history.body.at("history").as_array();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(json::FindText(entries[0], "status"), "compliant");
  EXPECT_EQ(json::FindText(entries[1], "status"), "not_compliant");
  EXPECT_EQ(Send("GET", "/config/v1/results?account_id=account-1&status=fine").status, 400);
  EXPECT_EQ(Send("GET", "/config/v1/results/" + rule_id + "/resources/crn:x/history").status, 404);
}

TEST_F(GovernanceApi, BrokenBodiesAreNamedAndStoreNothing) {
  EXPECT_EQ(Send("POST", "/config/v1/rules", "{").status, 400);
  EXPECT_EQ(Send("POST", "/config/v1/rules", R"({"rules":[]})").status, 400);
  EXPECT_EQ(Send("POST", "/config/v1/rules", R"({"rules":{}})").status, 400);
  EXPECT_EQ(Send("POST", "/config/v1/rules").status, 400);
  EXPECT_EQ(Send("GET", "/config/v1/rules?account_id=account-1").body.at("total_count"), 0);
}

}  // namespace
}  // namespace breakwater::api::governance
