#include "governance/store.h"

#include "json/reader.h"

namespace breakwater::governance {
namespace {

constexpr std::size_t kMaxStoredItems = 1000;

const std::string kRuleColumns =
    "SELECT id, account, version, name, description, target, required_config, actions, labels, "
    "created, created_by, modified, modified_by, (SELECT count(*) FROM governance_attachment a "
    "WHERE a.rule_id = r.id), import, enforced_from FROM governance_rule r ";

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
  BW_TRY(rule.definition.import, ParseStored(row.Text(14)));
  rule.definition.enforced_from = row.OptionalTime(15);
  return rule;
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

Status InsertRule(db::Transaction& tx, const Rule& rule, const condition::ResourceType& type) {
  const RuleDraft& draft = rule.definition;
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO governance_rule (id, account, version, name, description, service, kind, "
      "target, required_config, actions, labels, created, created_by, modified, modified_by, "
      "import, enforced_from) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
      {rule.id, draft.account, rule.version, draft.name, draft.description, type.service, type.kind,
       json::Serialize(draft.target), json::Serialize(draft.required_config),
       json::Serialize(ActionNames(draft.actions)), LabelsText(draft), rule.created,
       rule.created_by, rule.modified, rule.modified_by, json::Serialize(draft.import),
       draft.enforced_from}));
  return Ok();
}

Status UpdateRule(db::Transaction& tx, const Rule& rule, const condition::ResourceType& type) {
  const RuleDraft& draft = rule.definition;
  BW_TRY_STATUS(tx.Execute(
      "UPDATE governance_rule SET version = $2, name = $3, description = $4, service = $5, "
      "kind = $6, target = $7, required_config = $8, actions = $9, labels = $10, modified = $11, "
      "modified_by = $12, import = $13, enforced_from = $14 WHERE id = $1",
      {rule.id, rule.version, draft.name, draft.description, type.service, type.kind,
       json::Serialize(draft.target), json::Serialize(draft.required_config),
       json::Serialize(ActionNames(draft.actions)), LabelsText(draft), rule.modified,
       rule.modified_by, json::Serialize(draft.import), draft.enforced_from}));
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

}  // namespace breakwater::governance
