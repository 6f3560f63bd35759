#include "iam/bootstrap.h"

#include <algorithm>

#include "iam/account_setup.h"
#include "iam/api_keys.h"
#include "iam/identities.h"
#include "iam/store.h"

namespace breakwater::iam {
namespace {

struct Installation {
  NewAccount account;
  PreparedApiKey key;
};

Result<PreparedApiKey> FirstKey(const BootstrapOptions& options, const User& administrator,
                                const KeyHasher& hasher, Timestamp now) {
  NewApiKey wanted;
  wanted.name = "bootstrap";
  wanted.description = "Made at installation";
  BW_TRY(auto key, PrepareApiKey(wanted, administrator.account, administrator.iam_id,
                                 administrator.iam_id, hasher, now));
  if (options.api_key) {
    const std::string& given = options.api_key->Reveal();  // to look at its form
    const bool printable =
        std::all_of(given.begin(), given.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    if (given.size() < BootstrapOptions::kMinGivenKeyOctets ||
        given.size() > NewApiKey::kMaxValueOctets || !printable) {
      return Invalid(
                 "the bootstrap API key must have 8 to 256 printable ASCII characters without "
                 "spaces")
          .Reason("bootstrap_api_key");
    }
    key.value = *options.api_key;
    key.hash = hasher.Hash(key.value);
  }
  return key;
}

Result<Installation> Plan(const BootstrapOptions& options, const KeyHasher& hasher, Timestamp now) {
  Installation plan;
  User administrator;
  BW_TRY(administrator.email, ParseEmail(options.administrator_email));
  administrator.first_name = "First";
  administrator.last_name = "Administrator";
  BW_TRY(plan.account,
         PlanAccount(options.account.empty() ? AccountId(NewHexId()) : options.account,
                     options.account_name, std::move(administrator), now));
  BW_TRY(plan.key, FirstKey(options, plan.account.owner, hasher, now));
  return plan;
}

Status Store(db::Transaction& tx, const Installation& plan, Timestamp now) {
  BW_TRY_STATUS(StoreAccount(tx, plan.account, now));
  return StoreApiKey(tx, plan.key, Limits());
}

json::Value Document(const Installation& plan) {
  json::Value document = ToJson(plan.account);
  document.as_object()["apikey"] = ToJson(plan.key.key);
  return document;
}

}  // namespace

Result<std::optional<Secret>> EnsureInstalled(ChangeDeps deps, const KeyHasher& hasher,
                                              const BootstrapOptions& options) {
  BW_TRY(const auto known, deps.database.ReadValue(store::FirstAccount));
  if (known) return std::optional<Secret>{};
  const Timestamp now = deps.clock.Now();
  BW_TRY(const Installation plan, Plan(options, hasher, now));
  const Status made = deps.changes.Submit(
      control::SystemCaller(plan.account.account.id, "installation"),
      {.action = "breakwater.installation.create",
       .resource = IamResource(plan.account.account.id, "breakwater", "account",
                               plan.account.account.id.value()),
       .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
         BW_TRY(const auto other, store::FirstAccount(tx));
         if (other) return Exists("there is an account already").Reason("account_exists");
         BW_TRY_STATUS(Store(tx, plan, now));
         return ChangedAccess(tx, plan.account.account.id, nullptr, Document(plan));
       },
       .severity = audit::Severity::kCritical});
  if (!made.ok()) {
    // Another process that started with us was first.
    if (made.error().reason() == "account_exists") return std::optional<Secret>{};
    return made.error();
  }
  return std::optional<Secret>(plan.key.value);
}

Result<Account> FirstAccount(db::Database& database) {
  BW_TRY(const auto account, database.ReadValue(store::FirstAccount));
  if (!account) return NotFound("there is no account yet").Reason("account_unknown");
  return *account;
}

}  // namespace breakwater::iam
