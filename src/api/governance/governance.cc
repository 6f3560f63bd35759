#include "api/governance/governance.h"

#include <algorithm>

#include "api/governance/attachments.h"
#include "api/governance/decode.h"
#include "api/governance/encode.h"

namespace breakwater::api::governance {
namespace {

using breakwater::governance::Governance;
using breakwater::governance::Rule;
using breakwater::governance::Template;
using breakwater::governance::Templates;
using json::Text;

constexpr std::string_view kRules = "/config/v1/rules";
constexpr std::string_view kTemplates = "/config/v1/templates";

net::Response RuleResponse(int status, const Rule& rule) {
  return WithTag(JsonResponse(status, EncodeRule(rule)), rule.version);
}

net::Response TemplateResponse(int status, const Template& one) {
  return WithTag(JsonResponse(status, EncodeTemplate(one)), one.version);
}

json::Object FailedItem(const std::string& request_id, const Error& error,
                        const std::string& trace) {
  json::Object object;
  object["request_id"] = Text(request_id);
  object["status_code"] = control::StatusOf(error.code());
  object["errors"] = json::Array{ErrorItem(error)};
  object["trace"] = Text(trace);
  return object;
}

// Makes each item by itself: 201 if all were made, 207 if any was not. `singular` is "rule".
template <class Draft, class Make, class Encode>
net::Response CreateAll(const Context& context, const std::vector<CreateItem<Draft>>& items,
                        const std::string& singular, const Make& make, const Encode& encode) {
  json::Array answers;
  std::vector<std::string> versions;
  for (const auto& item : items) {
    auto made = item.draft.ok() ? make(*item.draft) : item.draft.error();
    if (!made.ok()) {
      answers.push_back(FailedItem(item.request_id, made.error(), context.request.id));
      continue;
    }
    versions.push_back(made->version);
    answers.push_back(json::Object{
        {"request_id", Text(item.request_id)}, {"status_code", 201}, {singular, encode(*made)}});
  }
  const int status = versions.size() == items.size() ? 201 : 207;
  net::Response response = JsonResponse(status, {{singular + "s", std::move(answers)}});
  return items.size() == 1 && status == 201 ? WithTag(std::move(response), versions.front())
                                            : std::move(response);
}

class Handlers {
 public:
  Handlers(Governance& governance, Templates& templates)
      : governance_(governance), templates_(templates) {}

  Result<net::Response> CreateRules(Context& context) const {
    BW_TRY(const json::Value body, ReadJson(context));
    BW_TRY(const auto items, DecodeCreateRules(context, body));
    const auto make = [&](const breakwater::governance::RuleDraft& draft) {
      return governance_.CreateRule(context.caller, draft);
    };
    return CreateAll(context, items, "rule", make, EncodeRule);
  }

  Result<net::Response> ListRules(Context& context) const {
    BW_TRY(const AccountId account, DecodeAccount(context));
    BW_TRY(const auto filter, DecodeRuleFilter(context));
    BW_TRY(const auto page, governance_.ListRules(account, filter));
    json::Array rules;
    for (const Rule& rule : page.rules) rules.push_back(EncodeRule(rule));
    json::Object body = PageFields(context, {filter.offset, filter.limit}, page.total, kRules);
    body["rules"] = std::move(rules);
    return JsonResponse(200, body);
  }

  Result<net::Response> GetRule(Context& context) const {
    BW_TRY(const Rule rule, governance_.FindRule(context.account, context.Path("rule_id")));
    return RuleResponse(200, rule);
  }

  Result<net::Response> ReplaceRule(Context& context) const {
    BW_TRY(const auto expected, DecodeIfMatch(context));
    BW_TRY(const json::Value body, ReadJson(context));
    BW_TRY(const auto draft, DecodeRule(context, body));
    auto rule = governance_.ReplaceRule(context.caller, context.Path("rule_id"), expected, draft);
    if (!rule.ok()) return AsWire(std::move(rule).error());
    return RuleResponse(200, *rule);
  }

  Result<net::Response> DeleteRule(Context& context) const {
    BW_TRY_STATUS(governance_.DeleteRule(context.caller, context.account, context.Path("rule_id")));
    return EmptyResponse(204);
  }

  Result<net::Response> CreateTemplates(Context& context) const {
    BW_TRY(const json::Value body, ReadJson(context));
    BW_TRY(const auto items, DecodeCreateTemplates(context, body));
    const auto make = [&](const breakwater::governance::TemplateDraft& draft) {
      return templates_.Create(context.caller, draft);
    };
    return CreateAll(context, items, "template", make, EncodeTemplate);
  }

  Result<net::Response> ListTemplates(Context& context) const {
    BW_TRY(const AccountId account, DecodeAccount(context));
    BW_TRY(const auto filter, DecodeTemplateFilter(context));
    BW_TRY(const auto page, templates_.List(account, filter));
    json::Array templates;
    for (const Template& one : page.templates) templates.push_back(EncodeTemplate(one));
    json::Object body = PageFields(context, {filter.offset, filter.limit}, page.total, kTemplates);
    body["templates"] = std::move(templates);
    return JsonResponse(200, body);
  }

  Result<net::Response> GetTemplate(Context& context) const {
    BW_TRY(const Template one, templates_.Find(context.account, context.Path("template_id")));
    return TemplateResponse(200, one);
  }

  Result<net::Response> ReplaceTemplate(Context& context) const {
    BW_TRY(const auto expected, DecodeIfMatch(context));
    BW_TRY(const json::Value body, ReadJson(context));
    BW_TRY(const auto draft, DecodeTemplate(context, body));
    auto one = templates_.Replace(context.caller, context.Path("template_id"), expected, draft);
    if (!one.ok()) return AsWire(std::move(one).error());
    return TemplateResponse(200, *one);
  }

  Result<net::Response> DeleteTemplate(Context& context) const {
    BW_TRY_STATUS(templates_.Delete(context.caller, context.account, context.Path("template_id")));
    return EmptyResponse(204);
  }

  Result<net::Response> ListResults(Context& context) const {
    BW_TRY(const AccountId account, DecodeAccount(context));
    BW_TRY(const auto filter, DecodeResultFilter(context));
    BW_TRY(const auto page, governance_.results().Find(account, filter));
    json::Array results;
    for (const auto& result : page.results) results.push_back(EncodeResult(result));
    json::Object body =
        PageFields(context, {filter.offset, filter.limit}, page.total, "/config/v1/results");
    body["results"] = std::move(results);
    return JsonResponse(200, body);
  }

  Result<net::Response> History(Context& context) const {
    BW_TRY(const Page page, PageOf(context));
    BW_TRY(const auto found,
           governance_.results().History(context.account, context.Path("rule_id"),
                                         context.Path("resource"), page.offset, page.limit));
    json::Array history;
    for (const auto& entry : found.entries) history.push_back(EncodeHistory(entry));
    json::Object body = PageFields(context, page, found.total, context.request.path);
    body["history"] = std::move(history);
    return JsonResponse(200, body);
  }

 private:
  Governance& governance_;
  Templates& templates_;
};

}  // namespace

std::vector<Endpoint> Endpoints(Governance& governance, Templates& templates, const SccFace& face) {
  const Handlers handlers(governance, templates);
  std::vector<Endpoint> endpoints;
  const auto add = [&](std::string_view method, std::string_view path, std::string_view operation,
                       std::string_view action, auto handler) {
    endpoints.push_back(
        {method, path, operation, Access::To(action), face,
         [handlers, handler](Context& context) { return (handlers.*handler)(context); }});
  };
  constexpr std::string_view kRule = "/config/v1/rules/{rule_id}";
  add("POST", kRules, "CreateRules", "compliance.configuration-governance.rules-create",
      &Handlers::CreateRules);
  add("GET", kRules, "ListRules", "compliance.configuration-governance.rules-read",
      &Handlers::ListRules);
  add("GET", kRule, "GetRule", "compliance.configuration-governance.rules-read",
      &Handlers::GetRule);
  add("PUT", kRule, "UpdateRule", "compliance.configuration-governance.rules-update",
      &Handlers::ReplaceRule);
  add("DELETE", kRule, "DeleteRule", "compliance.configuration-governance.rules-delete",
      &Handlers::DeleteRule);
  constexpr std::string_view kTemplate = "/config/v1/templates/{template_id}";
  add("POST", kTemplates, "CreateTemplates", "compliance.configuration-governance.templates-create",
      &Handlers::CreateTemplates);
  add("GET", kTemplates, "ListTemplates", "compliance.configuration-governance.templates-read",
      &Handlers::ListTemplates);
  add("GET", kTemplate, "GetTemplate", "compliance.configuration-governance.templates-read",
      &Handlers::GetTemplate);
  add("PUT", kTemplate, "UpdateTemplate", "compliance.configuration-governance.templates-update",
      &Handlers::ReplaceTemplate);
  add("DELETE", kTemplate, "DeleteTemplate", "compliance.configuration-governance.templates-delete",
      &Handlers::DeleteTemplate);
  add("GET", "/config/v1/results", "ListRuleResults",
      "compliance.configuration-governance.results-read", &Handlers::ListResults);
  add("GET", "/config/v1/results/{rule_id}/resources/{resource...}/history", "GetResultHistory",
      "compliance.configuration-governance.results-read", &Handlers::History);
  AddRuleAttachmentEndpoints(governance, face, endpoints);
  AddTemplateAttachmentEndpoints(templates, face, endpoints);
  return endpoints;
}

}  // namespace breakwater::api::governance
