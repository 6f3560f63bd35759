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

constexpr std::size_t kMaxItems = 100;

// A field of the wrong form makes an invalid rule; clients know those by this code.
Error AsRuleError(Error error) {
  if (error.reason() != "invalid_field") return error;
  return std::move(error).Reason("rule_error");
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

// What a client reads is accepted back; fields that it cannot set are ignored.
void CheckRuleFields(const json::Reader& in) {
  in.OnlyFields({"account_id", "name", "description", "rule_type", "target", "required_config",
                 "enforcement_actions", "labels", "rule_id", "creation_date", "created_by",
                 "modification_date", "modified_by", "number_of_attachments"});
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
  return draft;
}

Result<RuleDraft> DecodeCreateRule(const Context& context, const json::Value& item) {
  const json::Reader in(item);
  const json::Reader rule = in.Field("rule");
  RuleDraft draft = ReadRule(rule);
  const std::string account = rule.String("account_id", "");
  if (Status read = in.Finish(); !read.ok()) return AsRuleError(std::move(read).error());
  if (account.empty()) return Invalid("missing account ID").Reason("bad_request");
  BW_TRY(draft.account, AccountOf(context, account));
  return draft;
}

Scope ReadScope(const json::Reader& in) {
  in.OnlyFields({"note", "scope_id", "scope_type"});
  Scope scope;
  scope.id = in.Field("scope_id").String();
  scope.note = in.String("note", "");
  const json::Reader word = in.Field("scope_type");
  const auto type = breakwater::governance::ParseScopeType(word.String());
  if (type.ok()) {
    scope.type = *type;
  } else {
    word.Fail(type.error().message());
  }
  return scope;
}

AttachmentDraft ReadAttachment(const json::Reader& in) {
  in.OnlyFields(
      {"account_id", "included_scope", "excluded_scopes", "attachment_id", "rule_id", "warnings"});
  AttachmentDraft draft;
  draft.account = AccountId(in.String("account_id", ""));
  draft.included = ReadScope(in.Field("included_scope"));
  if (const auto excluded = in.Optional("excluded_scopes")) {
    for (const json::Reader& item : excluded->Items(kMaxItems)) {
      draft.excluded.push_back(ReadScope(item));
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

}  // namespace

Result<std::vector<CreateItem>> DecodeCreateRules(const Context& context, const json::Value& body) {
  const json::Reader in(body);
  in.OnlyFields({"rules"});
  const auto entries = in.Field("rules").Items(kMaxItems);
  if (entries.empty()) in.Fail("rules must hold at least one rule");
  std::vector<CreateItem> items;
  for (const json::Reader& entry : entries) {
    const std::string position = std::to_string(items.size() + 1);
    auto draft = DecodeCreateRule(context, entry.value());
    // A caller who may not do all of it does none of it: ibm-scc 0.5.
    if (!draft.ok() && draft.error().code() == ErrorCode::kDenied) return draft.error();
    items.push_back({entry.String("request_id", position), std::move(draft)});
  }
  BW_TRY_STATUS(in.Finish());
  return items;
}

Result<RuleDraft> DecodeRule(const Context& context, const json::Value& body) {
  const json::Reader in(body);
  RuleDraft draft = ReadRule(in);
  const std::string account = in.String("account_id", "");
  if (Status read = in.Finish(); !read.ok()) return AsRuleError(std::move(read).error());
  BW_TRY(draft.account, AccountOf(context, account));
  return draft;
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
  if (const auto attached = context.query.Get("attached")) {
    if (*attached != "true" && *attached != "false") {
      return BadQuery("attached must be true or false");
    }
    filter.attached = *attached == "true";
  }
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
