#include "governance/configuration.h"

#include <algorithm>
#include <limits>

#include "json/reader.h"

namespace breakwater::governance {
namespace {

using control::ConfigurationItem;

// What the attachments of all accounts have in common with their neighbours is left out.
json::Value AttachmentDocument(const AttachmentDraft& draft) {
  json::Value document = ToJson(draft);
  document.as_object().erase("account_id");
  if (draft.excluded.empty()) document.as_object().erase("excluded_scopes");
  return document;
}

json::Value RuleDocument(const RuleDraft& draft, const std::vector<AttachmentDraft>& attachments) {
  json::Value document = ToJson(draft);
  json::Array list;
  for (const AttachmentDraft& one : attachments) list.push_back(AttachmentDocument(one));
  document.as_object()["attachments"] = std::move(list);
  return document;
}

Scope ReadScope(const json::Reader& in) {
  in.OnlyFields({"scope_id", "scope_type", "note"});
  Scope scope{.type = ScopeType::kAccount,
              .id = in.Field("scope_id").String(),
              .note = in.String("note", "")};
  const json::Reader type = in.Field("scope_type");
  if (auto parsed = ParseScopeType(type.String()); parsed.ok()) {
    scope.type = *parsed;
  } else {
    type.Fail(parsed.error().message());
  }
  return scope;
}

AttachmentDraft ReadAttachment(const json::Reader& in, const AccountId& account,
                               const Limits& limits) {
  in.OnlyFields({"included_scope", "excluded_scopes", "parameters"});
  AttachmentDraft draft{
      .account = account, .included = ReadScope(in.Field("included_scope")), .excluded = {}};
  if (const auto excluded = in.Optional("excluded_scopes")) {
    for (const json::Reader& one : excluded->Items(limits.attachment.excluded)) {
      draft.excluded.push_back(ReadScope(one));
    }
  }
  if (const auto parameters = in.Optional("parameters")) draft.parameters = parameters->value();
  return draft;
}

struct Wanted {
  RuleDraft rule;
  std::vector<AttachmentDraft> attachments;
};

Result<Wanted> Read(const ConfigurationItem& item, const AccountId& account, const Limits& limits) {
  const json::Reader in(item.document);
  in.OnlyFields({"name", "description", "target", "required_config", "enforcement_actions",
                 "labels", "import", "enforced_from", "attachments"});
  Wanted wanted;
  wanted.rule.account = account;
  wanted.rule.name = in.String("name", item.key);
  wanted.rule.description = in.Field("description").String();
  wanted.rule.target = in.Field("target").value();
  wanted.rule.required_config = in.Field("required_config").value();
  if (const auto actions = in.Optional("enforcement_actions")) {
    for (const json::Reader& one : actions->Items(16)) {
      if (auto parsed = ParseAction(one.String()); parsed.ok()) {
        wanted.rule.actions.push_back(*parsed);
      } else {
        one.Fail(parsed.error().message());
      }
    }
  }
  if (const auto labels = in.Optional("labels"))
    wanted.rule.labels = labels->Strings(limits.labels);
  if (const auto import = in.Optional("import")) wanted.rule.import = import->value();
  if (const auto from = in.Optional("enforced_from")) {
    if (auto time = ParseRfc3339(from->String()); time.ok()) {
      wanted.rule.enforced_from = *time;
    } else {
      from->Fail(time.error().message());
    }
  }
  if (const auto attachments = in.Optional("attachments")) {
    for (const json::Reader& one :
         attachments->Items(static_cast<std::size_t>(limits.attachment.per_owner))) {
      wanted.attachments.push_back(ReadAttachment(one, account, limits));
    }
  }
  BW_TRY_STATUS(in.Finish());
  return wanted;
}

// By place: what stays the same is matched first, however the lists are ordered.
std::string Text(const AttachmentDraft& draft) {
  return json::Canonical(AttachmentDocument(draft));
}

}  // namespace

Result<std::vector<ConfigurationItem>> RulesSection::Export(const AccountId& account) {
  RuleFilter all;
  all.limit = std::numeric_limits<std::int64_t>::max();
  BW_TRY(const RulePage page, governance_.ListRules(account, all));
  std::vector<ConfigurationItem> items;
  control::UniqueKeys keys;
  for (const Rule& rule : page.rules) {
    BW_TRY(const auto attachments, governance_.attachments().List(account, rule.id));
    std::vector<AttachmentDraft> drafts;
    for (const Attachment& one : attachments) drafts.push_back(one.definition);
    items.push_back({.key = keys.KeyFor(rule.definition.name),
                     .document = RuleDocument(rule.definition, drafts),
                     .id = rule.id});
  }
  return items;
}

Result<ConfigurationItem> RulesSection::Complete(const AccountId& account, ConfigurationItem item,
                                                 const json::Value&) {
  BW_TRY(const Wanted wanted, Read(item, account, governance_.limits()));
  BW_TRY_STATUS(Compile(wanted.rule, catalogue_, governance_.limits()));
  item.document = RuleDocument(wanted.rule, wanted.attachments);
  return item;
}

Status RulesSection::Put(const control::Caller& caller, const AccountId& account,
                         const ConfigurationItem& item) {
  BW_TRY(const Wanted wanted, Read(item, account, governance_.limits()));
  std::string id = item.id;
  if (id.empty()) {
    BW_TRY(const Rule made, governance_.CreateRule(caller, wanted.rule));
    id = made.id;
  } else {
    BW_TRY(const Rule now, governance_.FindRule(account, id));
    if (json::Canonical(ToJson(now.definition)) != json::Canonical(ToJson(wanted.rule))) {
      BW_TRY_STATUS(governance_.ReplaceRule(caller, id, now.version, wanted.rule));
    }
  }
  return PutAttachments(caller, account, id, wanted.attachments);
}

Status RulesSection::PutAttachments(const control::Caller& caller, const AccountId& account,
                                    const std::string& rule_id,
                                    const std::vector<AttachmentDraft>& wanted) {
  BW_TRY(std::vector<Attachment> others, governance_.attachments().List(account, rule_id));
  std::vector<AttachmentDraft> missing;
  for (const AttachmentDraft& one : wanted) {
    const auto same = std::ranges::find(
        others, Text(one), [](const Attachment& there) { return Text(there.definition); });
    if (same == others.end()) {
      missing.push_back(one);
    } else {
      others.erase(same);
    }
  }
  // One in the place of another, so that the rule is attached all the time.
  while (!missing.empty() && !others.empty()) {
    BW_TRY_STATUS(governance_.attachments().Replace(caller, rule_id, others.back().id,
                                                others.back().version, missing.back()));
    missing.pop_back();
    others.pop_back();
  }
  if (!missing.empty()) BW_TRY_STATUS(governance_.attachments().Attach(caller, account, rule_id, missing));
  for (const Attachment& one : others) {
    BW_TRY_STATUS(governance_.attachments().Detach(caller, account, rule_id, one.id));
  }
  return Ok();
}

Status RulesSection::Remove(const control::Caller& caller, const AccountId& account,
                            const ConfigurationItem& item) {
  return governance_.DeleteRule(caller, account, item.id);
}

}  // namespace breakwater::governance
