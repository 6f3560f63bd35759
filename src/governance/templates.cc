#include "governance/templates.h"

#include <algorithm>
#include <array>

#include "governance/store.h"
#include "json/reader.h"
#include "observe/log.h"

namespace breakwater::governance {
namespace {

constexpr std::string_view kActions = "compliance.configuration-governance.templates-";

const std::string kColumns =
    "SELECT t.id, t.account, t.version, t.name, t.description, t.target, t.defaults, t.created, "
    "t.created_by, t.modified, t.modified_by FROM governance_template t ";

Result<Template> TemplateOf(const db::Row& row) {
  Template one;
  one.id = row.String(0);
  one.definition.account = AccountId(row.String(1));
  one.version = row.String(2);
  one.definition.name = row.String(3);
  one.definition.description = row.String(4);
  BW_TRY(one.definition.target, ParseStored(row.Text(5)));
  BW_TRY(const json::Value defaults, ParseStored(row.Text(6)));
  const json::Reader in(defaults);
  for (const json::Reader& item : in.Items(1000)) {
    one.definition.defaults.push_back(
        {item.Field("property").String(), item.Field("value").value()});
  }
  BW_TRY_STATUS(in.Finish());
  one.created = row.Time(7);
  one.created_by = row.String(8);
  one.modified = row.Time(9);
  one.modified_by = row.String(10);
  return one;
}

// Defaults are a courtesy: what cannot be read any more must not keep things from being made.
void LogUnreadable(const std::string& id, const Error& error) {
  observe::LogError(observe::Level::kWarning, "a template means nothing any more", error,
                    {{"template_id", id}});
}

std::optional<Template> Readable(const db::Row& row) {
  auto one = TemplateOf(row);
  if (one.ok()) return *std::move(one);
  LogUnreadable(row.String(0), one.error());
  return std::nullopt;
}

Result<Template> MustFind(db::Transaction& tx, const AccountId& account, const std::string& id) {
  BW_TRY(auto found,
         tx.QueryOne(kColumns + "WHERE t.account = $1 AND t.id = $2", {account, id}, TemplateOf));
  if (found) return *std::move(found);
  return NotFound("template '" + id.substr(0, 64) + "' was not found").Reason("not_found");
}

Result<std::vector<Template>> All(db::Transaction& tx, const AccountId& account) {
  return tx.QueryAll(kColumns + "WHERE t.account = $1 ORDER BY t.created, t.id", {account},
                     TemplateOf);
}

Status Write(db::Transaction& tx, const Template& one, const condition::ResourceType& type,
             bool insert) {
  const TemplateDraft& draft = one.definition;
  const std::string target = json::Serialize(draft.target);
  const std::string defaults = json::Serialize(DefaultsJson(draft.defaults));
  if (insert) {
    BW_TRY_STATUS(tx.Execute(
        "INSERT INTO governance_template (id, account, version, name, description, service, kind, "
        "target, defaults, created, created_by, modified, modified_by) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        {one.id, draft.account, one.version, draft.name, draft.description, type.service, type.kind,
         target, defaults, one.created, one.created_by, one.modified, one.modified_by}));
    return Ok();
  }
  BW_TRY_STATUS(tx.Execute(
      "UPDATE governance_template SET version = $2, name = $3, description = $4, service = $5, "
      "kind = $6, target = $7, defaults = $8, modified = $9, modified_by = $10 WHERE id = $1",
      {one.id, one.version, draft.name, draft.description, type.service, type.kind, target,
       defaults, one.modified, one.modified_by}));
  return Ok();
}

// The property that both set, or "".
std::string Shared(const TemplateDraft& a, const TemplateDraft& b) {
  for (const CustomizedDefault& one : a.defaults) {
    for (const CustomizedDefault& other : b.defaults) {
      if (one.property == other.property) return one.property;
    }
  }
  return "";
}

// kConflict if another template sets one of the draft's properties in a scope that is the same.
Status CheckUnique(db::Transaction& tx, const condition::Catalogue& catalogue,
                   const std::string& id, const TemplateDraft& draft,
                   const std::vector<AttachmentDraft>& attachments) {
  BW_TRY(const auto compiled, CompileAccepted(draft, catalogue));
  BW_TRY(const auto others, All(tx, draft.account));
  for (const Template& other : others) {
    if (other.id == id) continue;
    const std::string property = Shared(draft, other.definition);
    if (property.empty()) continue;
    const auto theirs = CompileAccepted(other.definition, catalogue);
    if (!theirs.ok() || !theirs->target.MayOverlap(compiled.target)) continue;
    BW_TRY(const auto attached, SelectAttachments(tx, Attachable::kTemplate, other.id));
    for (const Attachment& one : attached) {
      const bool same = std::any_of(attachments.begin(), attachments.end(),
                                    [&](const AttachmentDraft& attachment) {
                                      return attachment.included.id == one.definition.included.id;
                                    });
      if (!same) continue;
      return Conflict("'" + property + "' is set in the scope '" + one.definition.included.id +
                      "' by the template '" + other.definition.name + "' (" + other.id +
                      ") already")
          .Reason("template_conflict")
          .Detail("template_id", other.id)
          .Detail("property", property);
    }
  }
  return Ok();
}

control::Effect EffectOf(json::Value before, json::Value after) {
  return {.before = std::move(before), .after = std::move(after), .governed = {}, .events = {}};
}

control::Resource TemplateResource(const AccountId& account, const std::string& id) {
  return control::AccountResource(account, "template", id);
}

control::Change ChangeOf(std::string_view verb, const AccountId& account, const std::string& id,
                         std::function<Result<control::Effect>(db::Transaction&)> apply) {
  return {.action = std::string(kActions) + std::string(verb),
          .resource = TemplateResource(account, id),
          .apply = std::move(apply)};
}

// How near a scope is to a resource in it; greater is nearer.
int Nearness(const Scope& scope, const control::Place& place) {
  switch (scope.type) {
    case ScopeType::kEnterprise: return 0;
    case ScopeType::kEnterpriseAccountGroup: {
      const auto& groups = place.account_groups;
      const auto at = std::find(groups.begin(), groups.end(), scope.id);
      return 1 + static_cast<int>(at - groups.begin());
    }
    case ScopeType::kEnterpriseAccount:
    case ScopeType::kAccount: return 1000;
    case ScopeType::kAccountResourceGroup: return 1001;
  }
  BW_UNREACHABLE();
}

}  // namespace

Templates::Templates(TemplatesDeps deps)
    : deps_(deps),
      attachments_(deps.database, deps.clock, deps.changes, deps.hierarchy, deps.limits.attachment,
                   AttachmentKind()) {}

Attachments::Kind Templates::AttachmentKind() const {
  return {
      .what = Attachable::kTemplate,
      .resource_kind = "template",
      .actions = "compliance.configuration-governance.attachments-",
      .must_exist = [](db::Transaction& tx, const AccountId& account,
                       const std::string& id) -> Status {
        BW_TRY_STATUS(MustFind(tx, account, id));
        return Ok();
      },
      .accept = [this](db::Transaction& tx, const std::string& id,
                       const std::vector<AttachmentDraft>& drafts, const std::string&) -> Status {
        BW_TRY(const auto one, MustFind(tx, drafts.front().account, id));
        return CheckUnique(tx, deps_.catalogue, id, one.definition, drafts);
      },
      .events = [](db::Transaction&, const AccountId&, const std::string&)
          -> Result<std::vector<jobs::Event>> { return std::vector<jobs::Event>{}; }};
}

Result<Template> Templates::Create(const control::Caller& caller, const TemplateDraft& draft) {
  BW_TRY(const CompiledTemplate compiled, Compile(draft, deps_.catalogue, deps_.limits));
  const Timestamp now = deps_.clock.Now();
  const Template one{.id = "template-" + NewUuid(),
                     .definition = draft,
                     .version = NewUuid(),
                     .created = now,
                     .created_by = caller.actor.iam_id.value(),
                     .modified = now,
                     .modified_by = caller.actor.iam_id.value()};
  const auto apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const auto place, deps_.hierarchy.PlaceOf(tx, draft.account));
    const bool founded = !place.enterprise.empty() && place.root == draft.account;
    const auto most = founded ? deps_.limits.enterprise_templates : deps_.limits.templates;
    BW_TRY(const auto there, All(tx, draft.account));
    if (std::ssize(there) >= most) {
      return LimitExceeded("an account has at most " + std::to_string(most) + " templates");
    }
    BW_TRY_STATUS(Write(tx, one, compiled.target.type(), true));
    return EffectOf(nullptr, ToJson(draft));
  };
  BW_TRY_STATUS(deps_.changes.Submit(caller, ChangeOf("create", draft.account, one.id, apply)));
  return one;
}

Result<Template> Templates::Find(const AccountId& account, const std::string& id) const {
  return deps_.database.ReadValue([&](db::Transaction& tx) { return MustFind(tx, account, id); });
}

Result<TemplatePage> Templates::List(const AccountId& account, const TemplateFilter& filter) const {
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<TemplatePage> {
    TemplatePage page;
    // The number of an account's templates is limited, so all of them are looked at.
    BW_TRY(auto all, All(tx, account));
    for (Template& one : all) {
      BW_TRY(const auto attached, SelectAttachments(tx, Attachable::kTemplate, one.id));
      if (filter.attached && *filter.attached == attached.empty()) continue;
      const bool in_scope =
          filter.scopes.empty() ||
          std::any_of(attached.begin(), attached.end(), [&](const Attachment& attachment) {
            const auto& scopes = filter.scopes;
            return std::find(scopes.begin(), scopes.end(), attachment.definition.included.id) !=
                   scopes.end();
          });
      if (!in_scope) continue;
      const std::int64_t at = page.total++;
      if (at >= filter.offset && at - filter.offset < filter.limit) {
        page.templates.push_back(std::move(one));
      }
    }
    return page;
  });
}

Result<Template> Templates::Replace(const control::Caller& caller, const std::string& id,
                                    const std::optional<std::string>& expected,
                                    const TemplateDraft& draft) {
  BW_TRY(const CompiledTemplate compiled, Compile(draft, deps_.catalogue, deps_.limits));
  Template one;
  const std::string version = NewUuid();
  const Status may =
      deps_.authorizer.Authorize(caller, kChangeAttached, TemplateResource(draft.account, id));
  const auto apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(one, MustFind(tx, draft.account, id));
    BW_TRY_STATUS(CheckAttached(tx, Attachable::kTemplate, id, may));
    BW_TRY_STATUS(CheckVersion(expected, one.version));
    BW_TRY(const auto attached, SelectAttachments(tx, Attachable::kTemplate, id));
    std::vector<AttachmentDraft> drafts;
    for (const Attachment& attachment : attached) drafts.push_back(attachment.definition);
    BW_TRY_STATUS(CheckUnique(tx, deps_.catalogue, id, draft, drafts));
    json::Value before = ToJson(one.definition);
    one.definition = draft;
    one.version = version;
    one.modified = deps_.clock.Now();
    one.modified_by = caller.actor.iam_id.value();
    BW_TRY_STATUS(Write(tx, one, compiled.target.type(), false));
    return EffectOf(std::move(before), ToJson(draft));
  };
  BW_TRY_STATUS(deps_.changes.Submit(caller, ChangeOf("update", draft.account, id, apply)));
  return one;
}

Status Templates::Delete(const control::Caller& caller, const AccountId& account,
                         const std::string& id) {
  const Status may =
      deps_.authorizer.Authorize(caller, kChangeAttached, TemplateResource(account, id));
  const auto apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const auto one, MustFind(tx, account, id));
    BW_TRY_STATUS(CheckAttached(tx, Attachable::kTemplate, id, may));
    BW_TRY_STATUS(
        tx.Execute("DELETE FROM governance_template_attachment WHERE template_id = $1", {id}));
    BW_TRY_STATUS(tx.Execute("DELETE FROM governance_template WHERE id = $1", {id}));
    return EffectOf(ToJson(one.definition), nullptr);
  };
  return deps_.changes.Submit(caller, ChangeOf("delete", account, id, apply));
}

Result<control::Defaults::Map> TemplateDefaults::For(db::Transaction& tx,
                                                     const control::Resource& resource) const {
  BW_TRY(const auto place, hierarchy_.PlaceOf(tx, resource.account));
  struct Candidate {
    int nearness = 0;
    CompiledTemplate compiled;
  };
  std::vector<Candidate> candidates;
  BW_TRY(auto templates,
         tx.QueryAll(kColumns + "WHERE (t.account = $1 OR t.account = $2) AND t.service = $3 AND "
                                "t.kind = $4 ORDER BY t.created, t.id",
                     {resource.account, place.root, resource.service, resource.kind}, Readable));
  for (const auto& readable : templates) {
    if (!readable) continue;
    const Template& one = *readable;
    BW_TRY(const auto attached, SelectAttachments(tx, Attachable::kTemplate, one.id));
    for (const Attachment& attachment : attached) {
      if (!Covers(attachment.definition, resource, place)) continue;
      auto compiled = CompileAccepted(one.definition, catalogue_);
      if (!compiled.ok()) {
        LogUnreadable(one.id, compiled.error());
        break;
      }
      if (!compiled->target.Matches(compiled->target.type(), resource.Attributes())) continue;
      candidates.push_back({Nearness(attachment.definition.included, place), *std::move(compiled)});
    }
  }
  std::ranges::stable_sort(candidates, {}, &Candidate::nearness);
  Map defaults;
  for (Candidate& candidate : candidates) {
    for (auto& [property, value] : candidate.compiled.defaults) {
      defaults.insert_or_assign(property, std::move(value));
    }
  }
  return defaults;
}

}  // namespace breakwater::governance
