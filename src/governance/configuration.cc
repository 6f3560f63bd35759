#include "governance/configuration.h"

#include <algorithm>
#include <limits>

#include "json/reader.h"
#include "observe/log.h"

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

// Of a rule or a template.
template <class Draft>
json::Value DocumentOf(const Draft& draft, const std::vector<AttachmentDraft>& attachments) {
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
                               const AttachmentLimits& limits) {
  in.OnlyFields({"included_scope", "excluded_scopes", "parameters"});
  AttachmentDraft draft{
      .account = account, .included = ReadScope(in.Field("included_scope")), .excluded = {}};
  if (const auto excluded = in.Optional("excluded_scopes")) {
    for (const json::Reader& one : excluded->Items(limits.excluded)) {
      draft.excluded.push_back(ReadScope(one));
    }
  }
  if (const auto parameters = in.Optional("parameters")) draft.parameters = parameters->value();
  return draft;
}

void ReadAttachments(const json::Reader& in, const AccountId& account,
                     const AttachmentLimits& limits, std::vector<AttachmentDraft>& attachments) {
  const auto list = in.Optional("attachments");
  if (!list) return;
  for (const json::Reader& one : list->Items(static_cast<std::size_t>(limits.per_owner))) {
    attachments.push_back(ReadAttachment(one, account, limits));
  }
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
  ReadAttachments(in, account, limits.attachment, wanted.attachments);
  BW_TRY_STATUS(in.Finish());
  return wanted;
}

struct WantedTemplate {
  TemplateDraft draft;
  std::vector<AttachmentDraft> attachments;
};

Result<WantedTemplate> ReadTemplate(const ConfigurationItem& item, const AccountId& account,
                                    const TemplateLimits& limits) {
  const json::Reader in(item.document);
  in.OnlyFields({"name", "description", "target", "customized_defaults", "attachments"});
  WantedTemplate wanted;
  wanted.draft.account = account;
  wanted.draft.name = in.String("name", item.key);
  wanted.draft.description = in.Field("description").String();
  wanted.draft.target = in.Field("target").value();
  for (const json::Reader& one : in.Field("customized_defaults").Items(limits.properties)) {
    one.OnlyFields({"property", "value"});
    wanted.draft.defaults.push_back(
        {.property = one.Field("property").String(), .value = one.Field("value").value()});
  }
  ReadAttachments(in, account, limits.attachment, wanted.attachments);
  BW_TRY_STATUS(in.Finish());
  return wanted;
}

std::string Text(const AttachmentDraft& draft) {
  return json::Canonical(AttachmentDocument(draft));
}

// What stays the same is matched first, however the lists are ordered.
Status PutAttachments(Attachments& attachments, const control::Caller& caller,
                      const AccountId& account, const std::string& owner,
                      const std::vector<AttachmentDraft>& wanted) {
  BW_TRY(std::vector<Attachment> others, attachments.List(account, owner));
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
  // One in the place of another of the same scope, whatever is noted of it, and new ones before old
  // ones go: so that what is ruled stays so all the time.
  for (auto other = others.begin(); other != others.end();) {
    const Scope& scope = other->definition.included;
    const auto instead = std::ranges::find_if(missing, [&](const AttachmentDraft& one) {
      return one.included.type == scope.type && one.included.id == scope.id;
    });
    if (instead == missing.end()) {
      ++other;
      continue;
    }
    BW_TRY_STATUS(attachments.Replace(caller, owner, other->id, other->version, *instead));
    missing.erase(instead);
    other = others.erase(other);
  }
  if (!missing.empty()) BW_TRY_STATUS(attachments.Attach(caller, account, owner, missing));
  for (const Attachment& one : others) {
    BW_TRY_STATUS(attachments.Detach(caller, account, owner, one.id));
  }
  return Ok();
}

// The caller hears why it could not be attached; the log, what became of what was made before.
void LogUndone(const std::string& what, const Error& why, const Status& undone) {
  observe::LogError(observe::Level::kWarning, "made by an import, it was removed again", why,
                    {{"what", what}});
  if (undone.ok()) return;
  observe::LogError(observe::Level::kError, "made by an import, it could not be removed again",
                    undone.error(), {{"what", what}});
}

Result<std::vector<AttachmentDraft>> DraftsOf(const Attachments& attachments,
                                              const AccountId& account, const std::string& owner) {
  BW_TRY(const auto there, attachments.List(account, owner));
  std::vector<AttachmentDraft> drafts;
  for (const Attachment& one : there) drafts.push_back(one.definition);
  return drafts;
}

}  // namespace

Result<std::vector<ConfigurationItem>> RulesSection::Export(const AccountId& account) {
  RuleFilter all;
  all.limit = std::numeric_limits<std::int64_t>::max();
  BW_TRY(const RulePage page, governance_.ListRules(account, all));
  std::vector<ConfigurationItem> items;
  control::UniqueKeys keys;
  for (const Rule& rule : page.rules) {
    BW_TRY(const auto drafts, DraftsOf(governance_.attachments(), account, rule.id));
    items.push_back({.key = keys.KeyFor(rule.definition.name),
                     .document = DocumentOf(rule.definition, drafts),
                     .id = rule.id});
  }
  return items;
}

Result<ConfigurationItem> RulesSection::Complete(const AccountId& account, ConfigurationItem item,
                                                 const json::Value&) {
  BW_TRY(const Wanted wanted, Read(item, account, governance_.limits()));
  BW_TRY_STATUS(Compile(wanted.rule, catalogue_, governance_.limits()));
  item.document = DocumentOf(wanted.rule, wanted.attachments);
  return item;
}

Status RulesSection::Put(const control::Caller& caller, const AccountId& account,
                         const ConfigurationItem& item) {
  BW_TRY(const Wanted wanted, Read(item, account, governance_.limits()));
  const std::string& id = item.id;
  if (id.empty()) {
    BW_TRY(const Rule made, governance_.CreateRule(caller, wanted.rule));
    Status attached =
        PutAttachments(governance_.attachments(), caller, account, made.id, wanted.attachments);
    // Not without its attachments: the document has them together.
    if (!attached.ok()) {
      LogUndone("rule " + made.id, attached.error(),
                governance_.DeleteRule(caller, account, made.id));
    }
    return attached;
  }
  BW_TRY(const Rule now, governance_.FindRule(account, id));
  if (json::Canonical(ToJson(now.definition)) != json::Canonical(ToJson(wanted.rule))) {
    BW_TRY_STATUS(governance_.ReplaceRule(caller, id, now.version, wanted.rule));
  }
  return PutAttachments(governance_.attachments(), caller, account, id, wanted.attachments);
}

Status RulesSection::Remove(const control::Caller& caller, const AccountId& account,
                            const ConfigurationItem& item) {
  return governance_.DeleteRule(caller, account, item.id);
}

Result<std::vector<ConfigurationItem>> TemplatesSection::Export(const AccountId& account) {
  TemplateFilter all;
  all.limit = std::numeric_limits<std::int64_t>::max();
  BW_TRY(const TemplatePage page, templates_.List(account, all));
  std::vector<ConfigurationItem> items;
  control::UniqueKeys keys;
  for (const Template& one : page.templates) {
    BW_TRY(const auto drafts, DraftsOf(templates_.attachments(), account, one.id));
    items.push_back({.key = keys.KeyFor(one.definition.name),
                     .document = DocumentOf(one.definition, drafts),
                     .id = one.id});
  }
  return items;
}

Result<ConfigurationItem> TemplatesSection::Complete(const AccountId& account,
                                                     ConfigurationItem item, const json::Value&) {
  BW_TRY(const WantedTemplate wanted, ReadTemplate(item, account, templates_.limits()));
  BW_TRY_STATUS(Compile(wanted.draft, catalogue_, templates_.limits()));
  item.document = DocumentOf(wanted.draft, wanted.attachments);
  return item;
}

Status TemplatesSection::Put(const control::Caller& caller, const AccountId& account,
                             const ConfigurationItem& item) {
  BW_TRY(const WantedTemplate wanted, ReadTemplate(item, account, templates_.limits()));
  const std::string& id = item.id;
  if (id.empty()) {
    BW_TRY(const Template made, templates_.Create(caller, wanted.draft));
    Status attached =
        PutAttachments(templates_.attachments(), caller, account, made.id, wanted.attachments);
    if (!attached.ok()) {
      LogUndone("template " + made.id, attached.error(),
                templates_.Delete(caller, account, made.id));
    }
    return attached;
  }
  BW_TRY(const Template now, templates_.Find(account, id));
  if (json::Canonical(ToJson(now.definition)) != json::Canonical(ToJson(wanted.draft))) {
    BW_TRY_STATUS(templates_.Replace(caller, id, now.version, wanted.draft));
  }
  return PutAttachments(templates_.attachments(), caller, account, id, wanted.attachments);
}

Status TemplatesSection::Remove(const control::Caller& caller, const AccountId& account,
                                const ConfigurationItem& item) {
  return templates_.Delete(caller, account, item.id);
}

}  // namespace breakwater::governance
