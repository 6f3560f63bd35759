#include "iam/api_keys.h"

#include <algorithm>

#include "control/fact_events.h"
#include "iam/alerts.h"
#include "iam/identity_facts.h"

namespace breakwater::iam {
namespace {

constexpr std::string_view kWhat = "API key";

bool IsServiceId(const IamId& iam_id) {
  return iam_id.value().starts_with("iam-ServiceId-");
}

Status CheckValue(const Secret& value) {
  const std::string& text = value.Reveal();  // to look at its form
  const bool printable =
      std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (text.size() < NewApiKey::kMinValueOctets || text.size() > NewApiKey::kMaxValueOctets ||
      !printable) {
    return Invalid("apikey must have 32 to 256 printable ASCII characters without spaces")
        .Reason("invalid_field");
  }
  return Ok();
}

Status CheckActionWhenLeaked(std::string_view action) {
  if (action == "none" || action == "disable" || action == "delete") return Ok();
  return Invalid("action_when_leaked must be none, disable or delete").Reason("invalid_field");
}

Status CheckIdentity(db::Transaction& tx, const AccountId& account, const IamId& iam_id) {
  if (IsServiceId(iam_id)) {
    BW_TRY(const auto service_id,
           Existing(store::FindServiceIdByIamId(tx, iam_id), account, "service ID"));
    return service_id.locked ? Status(Locked("service ID")) : Ok();
  }
  return Existing(store::FindUser(tx, iam_id), account, "user").ok()
             ? Ok()
             : Status(NoSuch("user or service ID"));
}

struct WarningTime {
  int days;
  std::string_view severity;
};
// The shortest first: a key that ends tomorrow is told of once.
constexpr WarningTime kWarningTimes[] = {{1, "high"}, {7, "medium"}, {30, "low"}};
constexpr std::int64_t kWarnedAtOnce = 500;

IdentityAlert EndsSoon(const ApiKey& key, const WarningTime& time) {
  const std::string at = FormatRfc3339(*key.expires);
  return {.account = key.account,
          .type = "api_key_expiring",
          .severity = std::string(time.severity),
          .name = key.id + "-" + at + "-" + std::to_string(time.days),
          .payload = {{"message", json::Text("an API key ends within " + std::to_string(time.days) +
                                             (time.days == 1 ? " day" : " days"))},
                      {"apikey_id", json::Text(key.id)},
                      {"name", json::Text(key.name)},
                      {"iam_id", json::Text(key.iam_id.value())},
                      {"expires_at", json::Text(at)}}};
}

}  // namespace

std::string ApiKeyAction(const IamId& iam_id, std::string_view verb) {
  return (IsServiceId(iam_id) ? "iam-identity.serviceid-apikey." : "iam-identity.user-apikey.") +
         std::string(verb);
}

control::Resource ApiKeyResource(const AccountId& account, const IamId& iam_id) {
  return IamResource(account, "iam-identity", "apikey", iam_id.value());
}

Result<PreparedApiKey> PrepareApiKey(const NewApiKey& wanted, const AccountId& account,
                                     const IamId& iam_id, const IamId& made_by,
                                     const KeyHasher& hasher, Timestamp now) {
  BW_TRY_STATUS(CheckName(wanted.name));
  BW_TRY_STATUS(CheckDescription(wanted.description));
  if (wanted.value) BW_TRY_STATUS(CheckValue(*wanted.value));
  if (wanted.expires && *wanted.expires <= now) {
    return Invalid("expires_at must be in the future").Reason("invalid_field");
  }
  BW_TRY_STATUS(CheckActionWhenLeaked(wanted.action_when_leaked));
  if (wanted.store_value && !IsServiceId(iam_id)) {
    return Invalid("store_value: the values of users' API keys are never kept")
        .Reason("invalid_field");
  }
  PreparedApiKey prepared;
  prepared.key = {.id = "ApiKey-" + NewUuid(),
                  .account = account,
                  .iam_id = iam_id,
                  .name = wanted.name,
                  .description = wanted.description,
                  .locked = wanted.locked,
                  .disabled = wanted.disabled,
                  .expires = wanted.expires,
                  .created = now,
                  .created_by = made_by,
                  .modified = now,
                  .action_when_leaked = wanted.action_when_leaked,
                  .support_sessions = wanted.support_sessions};
  prepared.value = wanted.value ? *wanted.value : NewApiKeyValue();
  prepared.hash = hasher.Hash(prepared.value);
  if (wanted.store_value) {
    BW_TRY(prepared.key.sealed_value, hasher.Seal(prepared.value, prepared.key.id));
  }
  return prepared;
}

Status StoreApiKey(db::Transaction& tx, const PreparedApiKey& prepared, const Limits& limits) {
  BW_TRY(const auto known,
         store::ListApiKeys(tx, prepared.key.account,
                            {.iam_id = prepared.key.iam_id, .kind = std::nullopt}, {0, 1}));
  BW_TRY_STATUS(CheckRoom(known.total, limits.keys_per_identity, "an identity", "API keys"));
  BW_TRY(const auto same, store::FindApiKeyByHash(tx, prepared.hash));
  if (same) return Conflict("choose another value for this API key").Reason("api_key_value");
  return store::InsertApiKey(tx, prepared.key, prepared.hash);
}

Status ApiKeys::CheckOwner(const control::Caller& caller, const AccountId& account,
                           const IamId& iam_id) {
  // Else any administrator could become the owner.
  BW_TRY(const auto owned, deps_.database.ReadValue([&](db::Transaction& tx) {
    return store::FindAccount(tx, account);
  }));
  const bool owners = owned && owned->owner == iam_id;
  if (owners && caller.actor.iam_id != iam_id &&
      caller.actor.kind != control::IdentityKind::kSystem) {
    return Denied("only the account's owner can manage the owner's API keys")
        .Reason("not_authorized");
  }
  return Ok();
}

Status ApiKeys::Change(const control::Caller& caller, const ApiKey& key, std::string_view verb,
                       std::function<Result<control::Effect>(db::Transaction&)> apply) {
  const std::string action = ApiKeyAction(key.iam_id, verb);
  const control::Resource resource = ApiKeyResource(key.account, key.iam_id);
  if (const Status may = CheckOwner(caller, key.account, key.iam_id); !may.ok()) {
    deps_.changes.RecordRefusal(caller, action, resource, may.error());
    return may;
  }
  return deps_.changes.Submit(caller, {.action = action,
                                       .resource = resource,
                                       .apply = std::move(apply),
                                       .severity = audit::Severity::kCritical});
}

Result<MadeApiKey> ApiKeys::Create(const control::Caller& caller, const AccountId& account,
                                   const IamId& iam_id, const NewApiKey& wanted) {
  BW_TRY(const PreparedApiKey prepared,
         PrepareApiKey(wanted, account, iam_id, caller.actor.iam_id, hasher_, deps_.clock.Now()));
  BW_TRY_STATUS(
      Change(caller, prepared.key, "create", [&](db::Transaction& tx) -> Result<control::Effect> {
        BW_TRY_STATUS(CheckIdentity(tx, account, iam_id));
        BW_TRY_STATUS(StoreApiKey(tx, prepared, deps_.limits));
        BW_TRY_STATUS(store::AddHistory(tx, prepared.key.id, caller, prepared.key.created, "CREATE",
                                        "The API key was created"));
        return ChangedGoverned(tx, account, nullptr, ToJson(prepared.key),
                               GovernedApiKey(prepared.key));
      }));
  return MadeApiKey{prepared.key, prepared.value};
}

Result<ApiKey> ApiKeys::Find(const AccountId& account, std::string_view id) {
  return deps_.database.ReadValue(
      [&](db::Transaction& tx) { return Existing(store::FindApiKey(tx, id), account, kWhat); });
}

Result<ApiKey> ApiKeys::Get(const control::Caller& caller, const AccountId& account,
                            std::string_view id) {
  BW_TRY(auto key, Find(account, id));
  const Status may = authorizer_.Authorize(caller, ApiKeyAction(key.iam_id, "read"),
                                           ApiKeyResource(account, key.iam_id));
  if (!may.ok()) return may.error().code() == ErrorCode::kDenied ? NoSuch(kWhat) : may.error();
  return key;
}

Result<Secret> ApiKeys::StoredValue(const control::Caller& caller, const ApiKey& key) {
  if (!key.sealed_value) return Secret();
  const Status may = authorizer_.Authorize(caller, ApiKeyAction(key.iam_id, "update"),
                                           ApiKeyResource(key.account, key.iam_id));
  if (!may.ok()) {
    return may.error().code() == ErrorCode::kDenied ? Result<Secret>(Secret()) : may.error();
  }
  return hasher_.Open(*key.sealed_value, key.id);
}

Result<std::vector<HistoryEntry>> ApiKeys::History(const ApiKey& key) {
  return deps_.database.ReadValue(
      [&](db::Transaction& tx) { return store::ReadHistory(tx, key.id); });
}

Result<ApiKey> ApiKeys::Details(const control::Caller& caller, const AccountId& account,
                                const Secret& value) {
  const Bytes hash = hasher_.Hash(value);
  BW_TRY(const auto key, deps_.database.ReadValue([&](db::Transaction& tx) {
    return Existing(store::FindApiKeyByHash(tx, hash), account, kWhat);
  }));
  return Get(caller, account, key.id);
}

Result<store::Listed<ApiKey>> ApiKeys::List(const control::Caller& caller, const AccountId& account,
                                            store::ApiKeyFilter filter, const store::Page& page) {
  const IamId asked = filter.iam_id.value_or(IamId());
  const Status may =
      authorizer_.Authorize(caller, ApiKeyAction(asked, "read"), ApiKeyResource(account, asked));
  if (!may.ok()) {
    if (may.error().code() != ErrorCode::kDenied || filter.iam_id) return may.error();
    filter.iam_id = caller.actor.iam_id;
  }
  return deps_.database.ReadValue(
      [&](db::Transaction& tx) { return store::ListApiKeys(tx, account, filter, page); });
}

Result<ApiKey> ApiKeys::EditKey(const control::Caller& caller, const AccountId& account,
                                std::string_view id, const Edit& edit) {
  BW_TRY(const ApiKey found, Find(account, id));
  ApiKey edited;
  BW_TRY_STATUS(
      Change(caller, found, "update", [&](db::Transaction& tx) -> Result<control::Effect> {
        BW_TRY(const ApiKey before, Existing(store::FindApiKey(tx, id), account, kWhat));
        ApiKey after = before;
        BW_TRY_STATUS(edit(after));
        after.modified = deps_.clock.Now();
        ++after.version;
        BW_TRY_STATUS(store::UpdateApiKey(tx, after));
        BW_TRY_STATUS(store::AddHistory(tx, after.id, caller, after.modified, "UPDATE",
                                        "The API key was changed"));
        edited = after;
        // A key can be locked and disabled whatever rule it violates.
        const bool judged = after.expires != before.expires ||
                            (before.disabled && !after.disabled) ||
                            (before.locked && !after.locked);
        if (!judged) {
          BW_TRY(auto effect, Changed(tx, account, ToJson(before), ToJson(after)));
          effect.events.push_back(control::FactsChanged(GovernedApiKey(after)));
          return effect;
        }
        return ChangedGoverned(tx, account, ToJson(before), ToJson(after), GovernedApiKey(after));
      }));
  return edited;
}

Result<ApiKey> ApiKeys::Update(const control::Caller& caller, const AccountId& account,
                               std::string_view id, std::string_view if_match,
                               const ApiKeyUpdate& update) {
  if (update.name) BW_TRY_STATUS(CheckName(*update.name));
  if (update.description) BW_TRY_STATUS(CheckDescription(*update.description));
  if (update.action_when_leaked) {
    BW_TRY_STATUS(CheckActionWhenLeaked(*update.action_when_leaked));
  }
  return EditKey(caller, account, id, [&](ApiKey& key) -> Status {
    BW_TRY_STATUS(CheckEntityTag(if_match, key.id, key.version));
    if (key.locked) return Locked(kWhat);
    if (update.name) key.name = *update.name;
    if (update.description) key.description = *update.description;
    if (update.expires) key.expires = *update.expires;
    if (update.action_when_leaked) key.action_when_leaked = *update.action_when_leaked;
    if (update.support_sessions) key.support_sessions = *update.support_sessions;
    return Ok();
  });
}

Status ApiKeys::SetLocked(const control::Caller& caller, const AccountId& account,
                          std::string_view id, bool locked) {
  BW_TRY_STATUS(EditKey(caller, account, id, [&](ApiKey& key) {
    key.locked = locked;
    return Ok();
  }));
  return Ok();
}

Status ApiKeys::SetDisabled(const control::Caller& caller, const AccountId& account,
                            std::string_view id, bool disabled) {
  BW_TRY_STATUS(EditKey(caller, account, id, [&](ApiKey& key) -> Status {
    if (key.locked) return Locked(kWhat);
    key.disabled = disabled;
    return Ok();
  }));
  return Ok();
}

Status ApiKeys::Delete(const control::Caller& caller, const AccountId& account,
                       std::string_view id) {
  BW_TRY(const ApiKey found, Find(account, id));
  return Change(caller, found, "delete", [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const ApiKey key, Existing(store::FindApiKey(tx, id), account, kWhat));
    if (key.locked) return Locked(kWhat);
    BW_TRY_STATUS(store::DeleteApiKey(tx, id));
    BW_TRY(auto effect, Changed(tx, account, ToJson(key), nullptr));
    effect.gone.push_back(GovernedApiKey(key));
    return effect;
  });
}

Status ApiKeys::WarnOfEnds(jobs::Jobs& jobs) {
  const Timestamp now = deps_.clock.Now();
  for (const WarningTime& time : kWarningTimes) {
    bool more = true;
    while (more) {
      BW_TRY(more, deps_.database.WriteValue([&](db::Transaction& tx) -> Result<bool> {
        BW_TRY(const auto keys, store::KeysToWarnOf(tx, now, time.days, kWarnedAtOnce));
        for (const ApiKey& key : keys) {
          BW_TRY_STATUS(store::MarkWarned(tx, key.id, time.days));
          if (*key.expires - key.created <= std::chrono::hours(24 * time.days)) continue;
          BW_TRY_STATUS(jobs.Emit(tx, ToEvent(EndsSoon(key, time))));
        }
        return static_cast<std::int64_t>(keys.size()) == kWarnedAtOnce;
      }));
    }
  }
  return Ok();
}

}  // namespace breakwater::iam
