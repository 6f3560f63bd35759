#include "governance/store.h"

#include "json/reader.h"

namespace breakwater::governance {
namespace {

constexpr std::size_t kMaxStoredItems = 1000;

const std::string kRuleColumns =
    "SELECT id, account, version, name, description, target, required_config, actions, labels, "
    "created, created_by, modified, modified_by, (SELECT count(*) FROM governance_attachment a "
    "WHERE a.rule_id = r.id) FROM governance_rule r ";

const std::string kAttachmentColumns =
    "SELECT id, rule_id, account, version, scope_type, scope_id, note, excluded "
    "FROM governance_attachment ";

Result<Rule> RuleOf(const db::Row& row) {
  Rule rule;
  rule.id = row.String(0);
  rule.definition.account = AccountId(row.String(1));
  rule.version = row.String(2);
  rule.definition.name = row.String(3);
  rule.definition.description = row.String(4);
  BW_TRY(rule.definition.target, ParseStored(row.Text(5)));
  BW_TRY(rule.definition.required_config, ParseStored(row.Text(6)));
  BW_TRY(rule.definition.actions, ActionsFrom(row.Text(7)));
  BW_TRY(const json::Value labels, ParseStored(row.Text(8)));
  rule.definition.labels = json::Reader(labels).Strings(kMaxStoredItems);
  rule.created = row.Time(9);
  rule.created_by = row.String(10);
  rule.modified = row.Time(11);
  rule.modified_by = row.String(12);
  rule.attachments = row.Int(13);
  return rule;
}

Result<Attachment> AttachmentOf(const db::Row& row) {
  Attachment attachment;
  attachment.id = row.String(0);
  attachment.rule_id = row.String(1);
  attachment.version = row.String(3);
  BW_TRY(attachment.definition, AttachmentDraftFrom(AccountId(row.String(2)), row.Text(4),
                                                    row.Text(5), row.Text(6), row.Text(7)));
  return attachment;
}

Result<Scope> ScopeFrom(std::string_view type, std::string_view id, std::string_view note) {
  const auto parsed = ParseScopeType(type);
  if (!parsed.ok()) return DataCorrupt("a stored scope cannot be read");
  return Scope{*parsed, std::string(id), std::string(note)};
}

std::string ExcludedText(const AttachmentDraft& draft) {
  json::Array scopes;
  for (const Scope& scope : draft.excluded) scopes.push_back(ToJson(scope));
  return json::Serialize(scopes);
}

std::string LabelsText(const RuleDraft& draft) {
  json::Array labels;
  for (const std::string& label : draft.labels) labels.emplace_back(json::Text(label));
  return json::Serialize(labels);
}

}  // namespace

Result<json::Value> ParseStored(std::string_view text) {
  auto value = json::Parse(text, {.max_bytes = 16U << 20, .max_depth = 128});
  if (value.ok()) return value;
  return DataCorrupt("a stored document cannot be read").Log(value.error().message());
}

Result<std::vector<Action>> ActionsFrom(std::string_view json_array) {
  BW_TRY(const json::Value names, ParseStored(json_array));
  std::vector<Action> actions;
  for (const std::string& name : json::Reader(names).Strings(kMaxStoredItems)) {
    const auto action = ParseAction(name);
    if (!action.ok()) return DataCorrupt("a stored enforcement action cannot be read");
    actions.push_back(*action);
  }
  return actions;
}

Result<AttachmentDraft> AttachmentDraftFrom(const AccountId& account, std::string_view scope_type,
                                            std::string_view scope_id, std::string_view note,
                                            std::string_view excluded_json) {
  AttachmentDraft draft;
  draft.account = account;
  BW_TRY(draft.included, ScopeFrom(scope_type, scope_id, note));
  if (excluded_json == "[]") return draft;
  BW_TRY(const json::Value excluded, ParseStored(excluded_json));
  const json::Reader reader(excluded);
  for (const json::Reader& item : reader.Items(kMaxStoredItems)) {
    BW_TRY(auto scope, ScopeFrom(item.Field("scope_type").String(), item.Field("scope_id").String(),
                                 item.String("note", "")));
    draft.excluded.push_back(std::move(scope));
  }
  BW_TRY_STATUS(reader.Finish());
  return draft;
}

Status InsertRule(db::Transaction& tx, const Rule& rule, const condition::ResourceType& type) {
  const RuleDraft& draft = rule.definition;
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO governance_rule (id, account, version, name, description, service, "
                 "kind, target, "
                 "required_config, actions, labels, created, created_by, modified, modified_by) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
                 {rule.id, draft.account, rule.version, draft.name, draft.description, type.service,
                  type.kind, json::Serialize(draft.target), json::Serialize(draft.required_config),
                  json::Serialize(ActionNames(draft.actions)), LabelsText(draft), rule.created,
                  rule.created_by, rule.modified, rule.modified_by}));
  return Ok();
}

Status UpdateRule(db::Transaction& tx, const Rule& rule, const condition::ResourceType& type) {
  const RuleDraft& draft = rule.definition;
  BW_TRY_STATUS(tx.Execute(
      "UPDATE governance_rule SET version = $2, name = $3, description = $4, service = $5, "
      "kind = $6, target = $7, required_config = $8, actions = $9, labels = $10, modified = $11, "
      "modified_by = $12 WHERE id = $1",
      {rule.id, rule.version, draft.name, draft.description, type.service, type.kind,
       json::Serialize(draft.target), json::Serialize(draft.required_config),
       json::Serialize(ActionNames(draft.actions)), LabelsText(draft), rule.modified,
       rule.modified_by}));
  return Ok();
}

Status RemoveRule(db::Transaction& tx, const std::string& rule_id) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM governance_attachment WHERE rule_id = $1", {rule_id}));
  BW_TRY_STATUS(tx.Execute("DELETE FROM governance_rule WHERE id = $1", {rule_id}));
  return Ok();
}

Result<std::optional<Rule>> SelectRule(db::Transaction& tx, const AccountId& account,
                                       const std::string& rule_id) {
  return tx.QueryOne(kRuleColumns + "WHERE account = $1 AND id = $2", {account, rule_id}, RuleOf);
}

Result<std::vector<Rule>> SelectRules(db::Transaction& tx, const AccountId& account) {
  return tx.QueryAll(kRuleColumns + "WHERE account = $1 ORDER BY created, id", {account}, RuleOf);
}

Result<std::int64_t> CountRules(db::Transaction& tx, const AccountId& account) {
  BW_TRY(const auto count, tx.QueryOne("SELECT count(*) FROM governance_rule WHERE account = $1",
                                       {account}, [](const db::Row& row) { return row.Int(0); }));
  return count.value_or(0);
}

Status InsertAttachment(db::Transaction& tx, const Attachment& attachment, Timestamp now) {
  const AttachmentDraft& draft = attachment.definition;
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO governance_attachment (id, rule_id, account, version, scope_type, scope_id, "
      "note, excluded, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      {attachment.id, attachment.rule_id, draft.account, attachment.version,
       ToString(draft.included.type), draft.included.id, draft.included.note, ExcludedText(draft),
       now}));
  return Ok();
}

Status UpdateAttachment(db::Transaction& tx, const Attachment& attachment) {
  const AttachmentDraft& draft = attachment.definition;
  BW_TRY_STATUS(tx.Execute(
      "UPDATE governance_attachment SET version = $2, scope_type = $3, scope_id = $4, note = $5, "
      "excluded = $6 WHERE id = $1",
      {attachment.id, attachment.version, ToString(draft.included.type), draft.included.id,
       draft.included.note, ExcludedText(draft)}));
  return Ok();
}

Status RemoveAttachment(db::Transaction& tx, const std::string& attachment_id) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM governance_attachment WHERE id = $1", {attachment_id}));
  return Ok();
}

Result<std::optional<Attachment>> SelectAttachment(db::Transaction& tx, const std::string& rule_id,
                                                   const std::string& attachment_id) {
  return tx.QueryOne(kAttachmentColumns + "WHERE rule_id = $1 AND id = $2",
                     {rule_id, attachment_id}, AttachmentOf);
}

Result<std::vector<Attachment>> SelectAttachments(db::Transaction& tx, const std::string& rule_id) {
  return tx.QueryAll(kAttachmentColumns + "WHERE rule_id = $1 ORDER BY created, id", {rule_id},
                     AttachmentOf);
}

}  // namespace breakwater::governance
