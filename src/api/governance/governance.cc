#include "api/governance/governance.h"

#include <algorithm>

#include "api/governance/decode.h"
#include "api/governance/encode.h"

namespace breakwater::api::governance {
namespace {

using breakwater::governance::Attachment;
using breakwater::governance::Governance;
using breakwater::governance::Rule;
using json::Text;

constexpr std::string_view kRules = "/config/v1/rules";

// The reference system answers a stale If-Match with 400, not 412: ibm-scc 1.13.
Error AsWire(Error error) {
  if (error.code() != ErrorCode::kPrecondition) return error;
  return Invalid(error.message()).Reason("bad_request");
}

net::Response WithTag(net::Response response, const std::string& version) {
  response.headers.Set("ETag", TagOf(version));
  return response;
}

net::Response RuleResponse(int status, const Rule& rule) {
  return WithTag(JsonResponse(status, EncodeRule(rule)), rule.version);
}

net::Response AttachmentResponse(const Attachment& attachment) {
  return WithTag(JsonResponse(200, EncodeAttachment(attachment)), attachment.version);
}

json::Object FailedItem(const CreateItem& item, const Error& error, const std::string& trace) {
  json::Object object;
  object["request_id"] = Text(item.request_id);
  object["status_code"] = control::StatusOf(error.code());
  object["errors"] = json::Array{ErrorItem(error)};
  object["trace"] = Text(trace);
  return object;
}

json::Object CreatedItem(const CreateItem& item, const Rule& rule) {
  json::Object object;
  object["request_id"] = Text(item.request_id);
  object["status_code"] = 201;
  object["rule"] = EncodeRule(rule);
  return object;
}

class Handlers {
 public:
  explicit Handlers(Governance& governance) : governance_(governance) {}

  Result<net::Response> CreateRules(Context& context) const {
    BW_TRY(const json::Value body, ReadJson(context));
    BW_TRY(const auto items, DecodeCreateRules(context, body));
    json::Array answers;
    std::vector<std::string> versions;
    for (const CreateItem& item : items) {
      const auto created = Create(context, item);
      if (created.ok()) {
        versions.push_back(created->version);
        answers.push_back(CreatedItem(item, *created));
      } else {
        answers.push_back(FailedItem(item, created.error(), context.request.id));
      }
    }
    const int status = versions.size() == items.size() ? 201 : 207;
    net::Response response = JsonResponse(status, {{"rules", std::move(answers)}});
    return items.size() == 1 && status == 201 ? WithTag(std::move(response), versions.front())
                                              : std::move(response);
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

  Result<net::Response> Attach(Context& context) const {
    BW_TRY(const json::Value body, ReadJson(context));
    BW_TRY(const auto drafts, DecodeAttachments(context, body));
    const std::string& rule_id = context.Path("rule_id");
    BW_TRY(const auto made, governance_.Attach(context.caller, context.account, rule_id, drafts));
    BW_TRY(const Rule rule, governance_.FindRule(context.account, rule_id));
    json::Array attachments;
    for (const Attachment& attachment : made) {
      attachments.push_back(EncodeAttachment(
          attachment, breakwater::governance::WarningOf(rule.definition, attachment.definition)));
    }
    return JsonResponse(201, {{"attachments", std::move(attachments)}});
  }

  Result<net::Response> ListAttachments(Context& context) const {
    BW_TRY(const Page page, PageOf(context));
    const std::string& rule_id = context.Path("rule_id");
    BW_TRY(const auto all, governance_.ListAttachments(context.account, rule_id));
    const auto total = static_cast<std::int64_t>(all.size());
    json::Array attachments;
    const std::int64_t end = std::min(total, page.offset + page.limit);
    for (std::int64_t i = page.offset; i < end; ++i) {
      attachments.push_back(EncodeAttachment(all[static_cast<std::size_t>(i)]));
    }
    json::Object body =
        PageFields(context, page, total, std::string(kRules) + "/" + rule_id + "/attachments");
    body["attachments"] = std::move(attachments);
    return JsonResponse(200, body);
  }

  Result<net::Response> GetAttachment(Context& context) const {
    BW_TRY(const Attachment attachment,
           governance_.FindAttachment(context.account, context.Path("rule_id"),
                                      context.Path("attachment_id")));
    return AttachmentResponse(attachment);
  }

  Result<net::Response> ReplaceAttachment(Context& context) const {
    BW_TRY(const auto expected, DecodeIfMatch(context));
    BW_TRY(const json::Value body, ReadJson(context));
    BW_TRY(const auto draft, DecodeAttachment(context, body));
    auto attachment = governance_.ReplaceAttachment(context.caller, context.Path("rule_id"),
                                                    context.Path("attachment_id"), expected, draft);
    if (!attachment.ok()) return AsWire(std::move(attachment).error());
    return AttachmentResponse(*attachment);
  }

  Result<net::Response> Detach(Context& context) const {
    BW_TRY_STATUS(governance_.Detach(context.caller, context.account, context.Path("rule_id"),
                                     context.Path("attachment_id")));
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
    BW_TRY(const auto entries,
           governance_.results().History(context.account, context.Path("rule_id"),
                                         context.Path("resource")));
    json::Array history;
    for (const auto& entry : entries) history.push_back(EncodeHistory(entry));
    return JsonResponse(200, {{"history", std::move(history)}});
  }

 private:
  Result<Rule> Create(const Context& context, const CreateItem& item) const {
    if (!item.draft.ok()) return item.draft.error();
    return governance_.CreateRule(context.caller, *item.draft);
  }

  Governance& governance_;
};

}  // namespace

std::vector<Endpoint> Endpoints(Governance& governance, const SccFace& face) {
  const Handlers handlers(governance);
  const auto on = [&](auto method) {
    return [handlers, method](Context& context) { return (handlers.*method)(context); };
  };
  const auto to = [](std::string_view action) { return Access::To(action); };
  const Access read_rules = to("compliance.configuration-governance.rules-read");
  const Access read_attachments = to("compliance.configuration-governance.attachments-read");
  const Access read_results = to("compliance.configuration-governance.results-read");
  const std::string_view rule = "/config/v1/rules/{rule_id}";
  const std::string_view all_of_rule = "/config/v1/rules/{rule_id}/attachments";
  const std::string_view attachment = "/config/v1/rules/{rule_id}/attachments/{attachment_id}";
  return {
      {"POST", kRules, "CreateRules", to("compliance.configuration-governance.rules-create"), face,
       on(&Handlers::CreateRules)},
      {"GET", kRules, "ListRules", read_rules, face, on(&Handlers::ListRules)},
      {"GET", rule, "GetRule", read_rules, face, on(&Handlers::GetRule)},
      {"PUT", rule, "UpdateRule", to("compliance.configuration-governance.rules-update"), face,
       on(&Handlers::ReplaceRule)},
      {"DELETE", rule, "DeleteRule", to("compliance.configuration-governance.rules-delete"), face,
       on(&Handlers::DeleteRule)},
      {"POST", all_of_rule, "CreateRuleAttachments",
       to("compliance.configuration-governance.attachments-create"), face, on(&Handlers::Attach)},
      {"GET", all_of_rule, "ListRuleAttachments", read_attachments, face,
       on(&Handlers::ListAttachments)},
      {"GET", attachment, "GetRuleAttachment", read_attachments, face,
       on(&Handlers::GetAttachment)},
      {"PUT", attachment, "UpdateRuleAttachment",
       to("compliance.configuration-governance.attachments-update"), face,
       on(&Handlers::ReplaceAttachment)},
      {"DELETE", attachment, "DeleteRuleAttachment",
       to("compliance.configuration-governance.attachments-delete"), face, on(&Handlers::Detach)},
      {"GET", "/config/v1/results", "ListRuleResults", read_results, face,
       on(&Handlers::ListResults)},
      {"GET", "/config/v1/results/{rule_id}/resources/{resource...}/history", "GetResultHistory",
       read_results, face, on(&Handlers::History)},
  };
}

}  // namespace breakwater::api::governance
