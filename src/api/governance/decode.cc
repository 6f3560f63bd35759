#include "api/governance/decode.h"

#include "api/governance/encode.h"
#include "api/scc_face.h"
#include "base/strings.h"

namespace breakwater::api::governance {
namespace {

using breakwater::governance::Action;
using breakwater::governance::AttachmentDraft;
using breakwater::governance::ResultFilter;
using breakwater::governance::RuleDraft;
using breakwater::governance::RuleFilter;
using breakwater::governance::Scope;
using breakwater::governance::TemplateDraft;
using breakwater::governance::TemplateFilter;

constexpr std::size_t kMaxItems = 100;

// A field of the wrong form makes an invalid rule or template; clients know those by this code.
Error AsItemError(Error error, std::string_view reason) {
  if (error.reason() != "invalid_field") return error;
  return std::move(error).Reason(std::string(reason));
}

std::vector<Action> DecodeActions(const json::Reader& in) {
  std::vector<Action> actions;
  for (const json::Reader& item : in.Items(kMaxItems)) {
    item.OnlyFields({"action"});
    const json::Reader word = item.Field("action");
    const auto action = breakwater::governance::ParseAction(word.String());
    if (action.ok()) {
      actions.push_back(*action);
    } else {
      word.Fail(action.error().message());
    }
  }
  return actions;
}

std::int64_t IntBetween(const json::Reader& in, std::string_view name, std::int64_t fallback,
                        std::int64_t least, std::int64_t most) {
  const std::int64_t number = in.Int(name, fallback);
  if (number >= least && number <= most) return number;
  in.Field(name).Fail("must be from " + std::to_string(least) + " to " + std::to_string(most));
  return fallback;
}

Timestamp ReadTime(const json::Reader& in, std::string_view name, Timestamp fallback) {
  const auto given = in.Optional(name);
  if (!given) return fallback;
  const auto time = ParseRfc3339(given->String());
  if (time.ok()) return *time;
  given->Fail("must be a date and time such as 2026-01-31T00:00:00Z");
  return fallback;
}

// What a client reads is accepted back; fields that it cannot set are ignored. Clients of 2020 send
// `version` and `imports`, which the reference system did not keep either.
void CheckRuleFields(const json::Reader& in) {
  in.OnlyFields({"account_id", "name", "description", "rule_type", "target", "required_config",
                 "enforcement_actions", "labels", "rule_id", "creation_date", "created_by",
                 "modification_date", "modified_by", "number_of_attachments", "import",
                 "enforced_from", "version", "imports"});
  const std::string type = in.String("rule_type", "user_defined");
  if (type == "user_defined" || in.failed()) return;
  in.Field("rule_type")
      .Fail("'" + type.substr(0, 64) + "' rules cannot be made here (allowed: user_defined)");
}

RuleDraft ReadRule(const json::Reader& in) {
  RuleDraft draft;
  CheckRuleFields(in);
  draft.name = in.Field("name").String();
  draft.description = in.Field("description").String();
  draft.target = in.Field("target").value();
  draft.required_config = in.Field("required_config").value();
  draft.actions = DecodeActions(in.Field("enforcement_actions"));
  if (const auto labels = in.Optional("labels")) draft.labels = labels->Strings(kMaxItems);
  if (const auto import = in.Optional("import")) draft.import = import->value();
  if (in.Optional("enforced_from")) draft.enforced_from = ReadTime(in, "enforced_from", {});
  return draft;
}

TemplateDraft ReadTemplate(const json::Reader& in) {
  in.OnlyFields({"account_id", "name", "description", "target", "customized_defaults",
                 "template_id", "creation_date", "created_by", "modification_date", "modified_by"});
  TemplateDraft draft;
  draft.name = in.Field("name").String();
  draft.description = in.Field("description").String();
  draft.target = in.Field("target").value();
  for (const json::Reader& item : in.Field("customized_defaults").Items(kMaxItems)) {
    item.OnlyFields({"property", "value"});
    draft.defaults.push_back({item.Field("property").String(), item.Field("value").value()});
  }
  return draft;
}

// An item or body with an account, read by `read`.
template <class Draft>
Result<Draft> ReadFor(const Context& context, const json::Reader& in, std::string_view reason,
                      Draft (*read)(const json::Reader&), bool account_required) {
  Draft draft = read(in);
  const std::string account = in.String("account_id", "");
  if (Status finished = in.Finish(); !finished.ok()) {
    return AsItemError(std::move(finished).error(), reason);
  }
  if (account.empty() && account_required) {
    return Invalid("missing account ID").Reason("bad_request");
  }
  BW_TRY(draft.account, AccountOf(context, account));
  return draft;
}

// {PLURAL: [{request_id?, SINGULAR!}]}.
template <class Draft>
Result<std::vector<CreateItem<Draft>>> ReadCreate(const Context& context, const json::Value& body,
                                                  const std::string& singular,
                                                  Draft (*read)(const json::Reader&)) {
  const std::string plural = singular + "s";
  const json::Reader in(body);
  in.OnlyFields({plural});
  const auto entries = in.Field(plural).Items(kMaxItems);
  if (entries.empty()) in.Fail(plural + " must hold at least one " + singular);
  std::vector<CreateItem<Draft>> items;
  for (const json::Reader& entry : entries) {
    const std::string position = std::to_string(items.size() + 1);
    const json::Reader item(entry.value());
    auto draft = ReadFor(context, item.Field(singular), singular + "_error", read, true);
    // A caller who may not do all of it does none of it: ibm-scc 0.5.
    if (!draft.ok() && draft.error().code() == ErrorCode::kDenied) return draft.error();
    items.push_back({entry.String("request_id", position), std::move(draft)});
  }
  BW_TRY_STATUS(in.Finish());
  return items;
}

// `beside` is what a client looks for in the refusal of a type that there is none of.
Scope ReadScope(const json::Reader& in, std::string_view beside = {}) {
  in.OnlyFields({"note", "scope_id", "scope_type"});
  Scope scope;
  scope.id = in.Field("scope_id").String();
  scope.note = in.String("note", "");
  const json::Reader word = in.Field("scope_type");
  const auto type = breakwater::governance::ParseScopeType(word.String());
  if (type.ok()) {
    scope.type = *type;
  } else {
    word.Fail(type.error().message() + std::string(beside));
  }
  return scope;
}

AttachmentDraft ReadAttachment(const json::Reader& in) {
  in.OnlyFields({"account_id", "included_scope", "excluded_scopes", "attachment_id", "rule_id",
                 "template_id", "parameters", "warnings"});
  AttachmentDraft draft;
  draft.account = AccountId(in.String("account_id", ""));
  draft.included = ReadScope(in.Field("included_scope"));
  if (const auto parameters = in.Optional("parameters")) draft.parameters = parameters->value();
  if (const auto excluded = in.Optional("excluded_scopes")) {
    for (const json::Reader& item : excluded->Items(kMaxItems)) {
      draft.excluded.push_back(ReadScope(item, "; it is not a descendant of the included scope"));
    }
  }
  return draft;
}

std::vector<std::string> ListOf(const Context& context, std::string_view name) {
  std::vector<std::string> words;
  const auto text = context.query.Get(name);
  if (!text) return words;
  for (const std::string_view word : Split(*text, ',')) {
    if (const auto trimmed = Trim(word); !trimmed.empty()) words.emplace_back(trimmed);
  }
  return words;
}

std::optional<std::string> TextOf(const Context& context, std::string_view name) {
  const auto text = context.query.Get(name);
  return text ? std::optional(std::string(*text)) : std::nullopt;
}

Error BadQuery(std::string message) {
  return Invalid(std::move(message)).Reason("invalid_query_parameter");
}

Result<std::optional<bool>> AttachedOf(const Context& context) {
  const auto attached = context.query.Get("attached");
  if (!attached) return std::optional<bool>();
  if (*attached != "true" && *attached != "false")
    return BadQuery("attached must be true or false");
  return std::optional(*attached == "true");
}

}  // namespace

Result<std::vector<CreateRule>> DecodeCreateRules(const Context& context, const json::Value& body) {
  return ReadCreate<RuleDraft>(context, body, "rule", ReadRule);
}

Result<std::vector<CreateTemplate>> DecodeCreateTemplates(const Context& context,
                                                          const json::Value& body) {
  return ReadCreate<TemplateDraft>(context, body, "template", ReadTemplate);
}

Result<RuleDraft> DecodeRule(const Context& context, const json::Value& body) {
  return ReadFor<RuleDraft>(context, json::Reader(body), "rule_error", ReadRule, false);
}

Result<TemplateDraft> DecodeTemplate(const Context& context, const json::Value& body) {
  return ReadFor<TemplateDraft>(context, json::Reader(body), "template_error", ReadTemplate, false);
}

Result<std::vector<AttachmentDraft>> DecodeAttachments(const Context& context,
                                                       const json::Value& body) {
  const json::Reader in(body);
  in.OnlyFields({"attachments"});
  std::vector<AttachmentDraft> drafts;
  for (const json::Reader& item : in.Field("attachments").Items(kMaxItems)) {
    drafts.push_back(ReadAttachment(item));
  }
  if (drafts.empty()) in.Fail("attachments must hold at least one attachment");
  BW_TRY_STATUS(in.Finish());
  for (AttachmentDraft& draft : drafts) {
    BW_TRY(draft.account, AccountOf(context, draft.account.value()));
  }
  return drafts;
}

Result<AttachmentDraft> DecodeAttachment(const Context& context, const json::Value& body) {
  const json::Reader in(body);
  AttachmentDraft draft = ReadAttachment(in);
  BW_TRY_STATUS(in.Finish());
  BW_TRY(draft.account, AccountOf(context, draft.account.value()));
  return draft;
}

Result<breakwater::governance::SimulationRequest> DecodeSimulation(const Context& context,
                                                                   const json::Value& body,
                                                                   Timestamp now) {
  constexpr std::chrono::hours kUsual{24 * 30};
  const json::Reader in(body);
  in.OnlyFields({"rule", "attachments", "since", "until", "most_changes", "most_shown"});
  breakwater::governance::SimulationRequest request;
  const json::Reader rule = in.Field("rule");
  request.rule = ReadRule(rule);
  request.rule.account = AccountId(rule.String("account_id", ""));
  if (const auto attachments = in.Optional("attachments")) {
    for (const json::Reader& item : attachments->Items(kMaxItems)) {
      request.attachments.push_back(ReadAttachment(item));
    }
  }
  request.since = ReadTime(in, "since", now - kUsual);
  request.until = ReadTime(in, "until", now);
  request.most_changes = IntBetween(in, "most_changes", request.most_changes, 1, 1'000'000);
  request.most_shown = static_cast<std::size_t>(IntBetween(in, "most_shown", 100, 0, 1000));
  if (request.until < request.since) in.Fail("until must not be before since");
  BW_TRY_STATUS(in.Finish());
  BW_TRY(request.rule.account, AccountOf(context, request.rule.account.value()));
  for (AttachmentDraft& draft : request.attachments) {
    BW_TRY(draft.account, AccountOf(context, draft.account.value()));
  }
  return request;
}

Result<breakwater::governance::BreakGlassRequest> DecodeBreakGlass(const json::Value& body) {
  const json::Reader in(body);
  in.OnlyFields({"reason", "minutes", "rules"});
  breakwater::governance::BreakGlassRequest request;
  request.reason = in.Field("reason").String();
  request.duration = std::chrono::minutes(IntBetween(in, "minutes", 60, 1, 1'000'000));
  if (const auto rules = in.Optional("rules")) request.rules = rules->Strings(kMaxItems);
  BW_TRY_STATUS(in.Finish());
  return request;
}

Result<std::optional<std::string>> DecodeIfMatch(const Context& context) {
  const auto header = context.request.headers.Get("If-Match");
  if (!header || Trim(*header).empty()) {
    return Invalid("the If-Match header is required: send the ETag of the version you read")
        .Reason("bad_request");
  }
  std::string_view tag = Trim(*header);
  if (tag == "*") return std::optional<std::string>{};
  if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"') {
    tag = tag.substr(1, tag.size() - 2);
  }
  return std::optional(std::string(tag));
}

Result<AccountId> DecodeAccount(const Context& context) {
  const auto account = context.query.Get("account_id");
  if (!account || account->empty()) {
    return BadQuery("the query parameter account_id is required");
  }
  return AccountOf(context, *account);
}

Result<RuleFilter> DecodeRuleFilter(const Context& context) {
  RuleFilter filter;
  BW_TRY(const Page page, PageOf(context));
  filter.offset = page.offset;
  filter.limit = page.limit;
  filter.labels = ListOf(context, "labels");
  filter.scopes = ListOf(context, "scopes");
  BW_TRY(filter.attached, AttachedOf(context));
  return filter;
}

Result<TemplateFilter> DecodeTemplateFilter(const Context& context) {
  TemplateFilter filter;
  BW_TRY(const Page page, PageOf(context));
  filter.offset = page.offset;
  filter.limit = page.limit;
  filter.scopes = ListOf(context, "scopes");
  BW_TRY(filter.attached, AttachedOf(context));
  return filter;
}

Result<ResultFilter> DecodeResultFilter(const Context& context) {
  ResultFilter filter;
  BW_TRY(const Page page, PageOf(context));
  filter.offset = page.offset;
  filter.limit = page.limit;
  filter.rule_id = TextOf(context, "rule_id");
  filter.resource = TextOf(context, "resource");
  if (const auto status = context.query.Get("status")) {
    BW_TRY(filter.outcome, OutcomeOf(*status));
  }
  return filter;
}

}  // namespace breakwater::api::governance
