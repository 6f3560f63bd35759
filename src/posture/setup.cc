#include "posture/setup.h"

#include <algorithm>

#include "base/check.h"
#include "posture/numbers.h"

namespace breakwater::posture {
namespace {

using json::Text;

constexpr std::string_view kSelect =
    "SELECT id, kind, document, enabled, created, created_by, modified, modified_by "
    "FROM posture_setup ";
constexpr std::int64_t kFirstNumber = 2;  // after the built-in one
constexpr std::chrono::seconds kShortestDiscovery{std::chrono::hours{1}};
// The program's own were there from the first day of what it is compatible with.
constexpr std::int64_t kBuiltInSince = 1'647'820'800;  // 2022-03-21T00:00:00Z

Result<SetupKind> KindOf(std::string_view text) {
  for (const auto kind :
       {SetupKind::kCollector, SetupKind::kCredential, SetupKind::kScope, SetupKind::kGroup}) {
    if (ToString(kind) == text) return kind;
  }
  return DataCorrupt("a kind of setup is not known");
}

Result<SetupItem> ItemOf(const db::Row& row) {
  SetupItem item{.id = std::to_string(row.Int(0)),
                 .kind = {},
                 .document = {},
                 .enabled = row.Bool(3),
                 .created = row.Time(4),
                 .created_by = row.String(5),
                 .modified = row.Time(6),
                 .modified_by = row.String(7)};
  BW_TRY(item.kind, KindOf(row.Text(1)));
  BW_TRY(json::Value document, json::Parse(row.Text(2)));
  if (!document.is_object()) return DataCorrupt("a setup's document is no object");
  item.document = std::move(document.as_object());
  return item;
}

json::Object BuiltInDocument(SetupKind kind) {
  switch (kind) {
    case SetupKind::kCollector:
      return {{"name", "breakwater"},
              {"description", "Reads facts in the registry's own process"},
              {"managed_by", "ibm"},
              {"is_public", false},
              {"is_ubi_image", false}};
    case SetupKind::kCredential:
      return {{"name", "breakwater"},
              {"description", "The registry reads its own facts"},
              {"type", "ibm_cloud"},
              {"purpose", "discovery_fact_collection"},
              {"display_fields", json::Object()},
              {"enabled", true}};
    case SetupKind::kScope:
      return {{"name", "registry"},
              {"description", "Everything the account has in this installation"},
              {"credential_type", "ibm"},
              {"credential_id", Text(kBuiltIn)},
              {"collector_ids", {Text(kBuiltIn)}}};
    case SetupKind::kGroup: break;
  }
  BW_UNREACHABLE();
}

SetupItem BuiltIn(SetupKind kind) {
  const Timestamp since = FromMicros(kBuiltInSince * 1'000'000);
  return {.id = std::string(kBuiltIn),
          .kind = kind,
          .document = BuiltInDocument(kind),
          .enabled = true,
          .created = since,
          .created_by = "",
          .modified = since,
          .modified_by = ""};
}

bool HasBuiltIn(SetupKind kind) {
  return kind != SetupKind::kGroup;
}

std::string ActionOn(SetupKind kind, std::string_view verb) {
  // A group is a profile that is made of profiles.
  const std::string noun =
      kind == SetupKind::kGroup ? "profiles" : std::string(ToString(kind)) + "s";
  return "compliance.posture-management." + noun + "-" + std::string(verb);
}

Error Missing(SetupKind kind, std::string_view id) {
  return NotFound(std::string(ToString(kind)) + " " + std::string(id) + " was not found");
}

Error Fixed(SetupKind kind) {
  return Denied("the built-in " + std::string(ToString(kind)) + " cannot be changed or deleted");
}

std::vector<std::string> TextsAt(const json::Object& document, std::string_view name) {
  std::vector<std::string> texts;
  const json::Value* list = document.if_contains(name);
  if (list == nullptr || !list->is_array()) return texts;
  for (const json::Value& item : list->as_array()) {
    if (item.is_string()) texts.emplace_back(json::View(item.get_string()));
  }
  return texts;
}

}  // namespace

std::string_view ToString(SetupKind kind) {
  switch (kind) {
    case SetupKind::kCollector: return "collector";
    case SetupKind::kCredential: return "credential";
    case SetupKind::kScope: return "scope";
    case SetupKind::kGroup: return "profile group";
  }
  BW_UNREACHABLE();
}

Result<std::vector<SetupItem>> Setup::List(const AccountId& account, SetupKind kind) const {
  BW_TRY(auto stored, database_.ReadValue([&](db::Transaction& tx) {
    return tx.QueryAll(
        std::string(kSelect) + "WHERE account = $1 AND kind = $2 AND enabled = 1 ORDER BY id",
        {account, ToString(kind)}, ItemOf);
  }));
  if (HasBuiltIn(kind)) stored.insert(stored.begin(), BuiltIn(kind));
  return stored;
}

Result<SetupItem> Setup::Find(db::Transaction& tx, const AccountId& account, SetupKind kind,
                              std::string_view id) const {
  if (id == kBuiltIn && HasBuiltIn(kind)) return BuiltIn(kind);
  BW_TRY(auto found, tx.QueryOne(std::string(kSelect) +
                                     "WHERE account = $1 AND kind = $2 AND CAST(id AS TEXT) = $3",
                                 {account, ToString(kind), id}, ItemOf));
  if (!found) return Missing(kind, id);
  return *std::move(found);
}

Result<SetupItem> Setup::Find(const AccountId& account, SetupKind kind, std::string_view id) const {
  return database_.ReadValue([&](db::Transaction& tx) { return Find(tx, account, kind, id); });
}

Status Setup::CheckReferences(db::Transaction& tx, const AccountId& account,
                              const json::Object& document) const {
  for (const std::string& id : TextsAt(document, "collector_ids")) {
    const auto found = Find(tx, account, SetupKind::kCollector, id);
    if (!found.ok()) return Invalid(found.error().message()).Reason("invalid_field");
  }
  const std::string credential(json::FindText(document, "credential_id"));
  if (credential.empty()) return Ok();
  const auto found = Find(tx, account, SetupKind::kCredential, credential);
  if (!found.ok()) return Invalid(found.error().message()).Reason("invalid_field");
  return Ok();
}

Result<std::int64_t> Setup::CheckName(db::Transaction& tx, const AccountId& account, SetupKind kind,
                                      std::string_view name) {
  BW_TRY(const auto names,
         tx.QueryAll("SELECT name FROM posture_setup "
                     "WHERE account = $1 AND kind = $2 AND enabled = 1",
                     {account, ToString(kind)}, [](const db::Row& row) { return row.String(0); }));
  if (std::find(names.begin(), names.end(), name) != names.end()) {
    return Exists("there is a " + std::string(ToString(kind)) + " of the name " +
                  std::string(name));
  }
  return std::ssize(names);
}

Result<SetupItem> Setup::Create(const control::Caller& caller, const AccountId& account,
                                SetupKind kind, json::Object document) {
  SetupItem made;
  const std::string name(json::FindText(document, "name"));
  BW_TRY_STATUS(changes_.Submit(
      caller,
      {.action = ActionOn(kind, "create"),
       .resource = control::AccountResource(account, std::string(ToString(kind)), name),
       .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
         BW_TRY_STATUS(CheckReferences(tx, account, document));
         BW_TRY(const std::int64_t others, CheckName(tx, account, kind, name));
         if (others >= kMaxSetup) {
           return Invalid("an account has at most 1000 of them").Reason("limit_exceeded");
         }
         const Timestamp now = clock_.Now();
         BW_TRY(const std::int64_t id, TakeNumbers(tx, "setup", kFirstNumber));
         BW_TRY(
             auto item,
             tx.QueryOne("INSERT INTO posture_setup (id, account, kind, name, document, enabled, "
                         "created, created_by, modified, modified_by) "
                         "VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $6, $7) RETURNING id, kind, "
                         "document, enabled, created, created_by, modified, modified_by",
                         {id, account, ToString(kind), name, json::Serialize(document), now,
                          caller.actor.iam_id},
                         ItemOf));
         if (!item) return Internal("what was set up was not written");
         made = *std::move(item);
         return control::Effect{.before = nullptr, .after = document, .governed = {}, .events = {}};
       }}));
  return made;
}

Result<SetupItem> Setup::Update(const control::Caller& caller, const AccountId& account,
                                SetupKind kind, const std::string& id, const Alter& alter) {
  if (id == kBuiltIn && HasBuiltIn(kind)) return Fixed(kind);
  SetupItem changed;
  BW_TRY_STATUS(changes_.Submit(
      caller,
      {.action = ActionOn(kind, "update"),
       .resource = control::AccountResource(account, std::string(ToString(kind)), id),
       .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
         BW_TRY(const SetupItem before, Find(tx, account, kind, id));
         if (!before.enabled) return Missing(kind, id);
         changed = before;
         BW_TRY_STATUS(alter(changed.document));
         BW_TRY_STATUS(CheckReferences(tx, account, changed.document));
         if (changed.name() != before.name()) {
           BW_TRY_STATUS(CheckName(tx, account, kind, changed.name()));
         }
         changed.modified = clock_.Now();
         changed.modified_by = caller.actor.iam_id.value();
         BW_TRY_STATUS(
             tx.Execute("UPDATE posture_setup SET name = $2, document = $3, modified = $4, "
                        "modified_by = $5 WHERE CAST(id AS TEXT) = $1",
                        {id, changed.name(), json::Serialize(changed.document), changed.modified,
                         changed.modified_by}));
         control::Effect effect{
             .before = before.document, .after = changed.document, .governed = {}, .events = {}};
         if (kind == SetupKind::kScope) {
           BW_TRY(effect.events, attachments_.ScopeChanged(tx, account, id));
         }
         return effect;
       }}));
  return changed;
}

Status Setup::CheckUnused(db::Transaction& tx, const AccountId& account,
                          const SetupItem& item) const {
  if (item.kind == SetupKind::kScope || item.kind == SetupKind::kGroup) return Ok();
  BW_TRY(const auto scopes,
         tx.QueryAll(std::string(kSelect) + "WHERE account = $1 AND kind = $2 AND enabled = 1",
                     {account, ToString(SetupKind::kScope)}, ItemOf));
  for (const SetupItem& scope : scopes) {
    const auto collectors = TextsAt(scope.document, "collector_ids");
    const bool uses =
        item.kind == SetupKind::kCollector
            ? std::find(collectors.begin(), collectors.end(), item.id) != collectors.end()
            : json::FindText(scope.document, "credential_id") == item.id;
    if (uses) {
      return Conflict("scope " + scope.id + " uses the " + std::string(ToString(item.kind)));
    }
  }
  return Ok();
}

Status Setup::Delete(const control::Caller& caller, const AccountId& account, SetupKind kind,
                     const std::string& id) {
  if (id == kBuiltIn && HasBuiltIn(kind)) return Fixed(kind);
  return changes_.Submit(
      caller,
      {.action = ActionOn(kind, "delete"),
       .resource = control::AccountResource(account, std::string(ToString(kind)), id),
       .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
         BW_TRY(const SetupItem before, Find(tx, account, kind, id));
         if (!before.enabled) return Missing(kind, id);
         BW_TRY_STATUS(CheckUnused(tx, account, before));
         if (kind == SetupKind::kScope) {
           BW_TRY_STATUS(attachments_.EndOfScope(tx, account, id));
           BW_TRY_STATUS(
               tx.Execute("UPDATE posture_setup SET enabled = 0, modified = $2, modified_by = $3 "
                          "WHERE CAST(id AS TEXT) = $1",
                          {id, clock_.Now(), caller.actor.iam_id}));
         } else {
           BW_TRY_STATUS(tx.Execute("DELETE FROM posture_setup WHERE CAST(id AS TEXT) = $1", {id}));
         }
         return control::Effect{
             .before = before.document, .after = nullptr, .governed = {}, .events = {}};
       }});
}

Result<std::vector<std::pair<AccountId, std::string>>> Setup::DueForDiscovery(db::Transaction& tx,
                                                                              Timestamp now) {
  std::vector<std::pair<AccountId, std::string>> due;
  BW_TRY_STATUS(tx.Query(
      "SELECT id, kind, document, enabled, created, created_by, modified, modified_by, "
      "account FROM posture_setup WHERE kind = $1 AND enabled = 1",
      {ToString(SetupKind::kScope)}, [&](const db::Row& row) -> Status {
        BW_TRY(const SetupItem scope, ItemOf(row));
        const json::Value* scheduled = scope.document.if_contains("is_discovery_scheduled");
        const json::Value* interval = scope.document.if_contains("interval");
        if (scheduled == nullptr || *scheduled != json::Value(true) || interval == nullptr ||
            !interval->is_int64() || interval->as_int64() <= 0) {
          return Ok();
        }
        Timestamp last = scope.created;
        if (const auto* began = scope.document.if_contains("discovery_began")) {
          BW_TRY(last, ParseRfc3339(json::View(began->as_string())));
        }
        const auto every = std::max(std::chrono::seconds(interval->as_int64()), kShortestDiscovery);
        if (last + every <= now) {
          due.emplace_back(AccountId(row.String(8)), scope.id);
        }
        return Ok();
      }));
  return due;
}

Status Setup::Note(db::Transaction& tx, const SetupItem& item, const json::Object& document) const {
  BW_TRY_STATUS(tx.Execute("UPDATE posture_setup SET document = $2 WHERE CAST(id AS TEXT) = $1",
                           {item.id, json::Serialize(document)}));
  return Ok();
}

}  // namespace breakwater::posture
