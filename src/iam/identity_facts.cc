#include "iam/identity_facts.h"

#include "base/ip.h"
#include "base/strings.h"
#include "iam/changes.h"
#include "iam/decision.h"
#include "iam/store.h"

namespace breakwater::iam {
namespace {

using condition::Fact;
using condition::Number;

constexpr std::string_view kService = "iam-identity";
constexpr std::string_view kSettings = "settings";
constexpr std::string_view kApiKey = "apikey";
constexpr std::string_view kAccessService = "iam-access-management";
constexpr std::string_view kPolicy = "policy";
constexpr std::string_view kSettingsSource = "iam account settings";
constexpr std::string_view kApiKeySource = "iam API keys";
constexpr std::string_view kPolicySource = "iam policies";

// Sets facts of one source, as of one moment.
class Setter {
 public:
  Setter(std::string_view source, Timestamp now) : source_(source), now_(now) {}

  void Is(std::string_view property, condition::Value value) {
    facts_.Set(std::string(property), Fact::Present(std::move(value), source_, now_));
  }
  template <class T, class Make>
  void Maybe(std::string_view property, const std::optional<T>& value, const Make& make) {
    if (value) {
      Is(property, make(*value));
    } else {
      facts_.Set(std::string(property), Fact::Absent(source_, now_));
    }
  }
  condition::Facts Take() { return std::move(facts_); }

 private:
  std::string source_;
  Timestamp now_;
  condition::Facts facts_;
};

std::string KindOf(const Subject& subject) {
  if (subject.id == kPublicAccessGroup) return "everybody";
  if (subject.kind == SubjectKind::kAccessGroup) return "access_group";
  if (subject.id.starts_with("iam-ServiceId-")) return "service_id";
  if (subject.id.starts_with("iam-Profile-")) return "profile";
  return "user";
}

condition::Value Seconds(std::chrono::seconds value) {
  return Number(value.count());
}

// Absent without a limit. A range of addresses cannot be judged as blocks, so that nothing is said
// of the others either.
Fact Addresses(const std::string& text, Timestamp now) {
  const std::string source(kSettingsSource);
  if (Trim(text).empty()) return Fact::Absent(source, now);
  condition::IpList list;
  for (const std::string_view part : Split(text, ',')) {
    const auto network = IpNetwork::Parse(Trim(part));
    if (!network.ok()) {
      return Fact::Unavailable("it holds what is no address and no CIDR block", source, now);
    }
    list.push_back(*network);
  }
  return Fact::Present(std::move(list), source, now);
}

}  // namespace

control::Resource GovernedSettings(const AccountId& account) {
  return IamResource(account, std::string(kService), std::string(kSettings));
}

control::Resource GovernedApiKey(const ApiKey& key) {
  return IamResource(key.account, std::string(kService), std::string(kApiKey), key.id);
}

control::Resource GovernedPolicy(const Policy& policy) {
  return IamResource(policy.account, std::string(kAccessService), std::string(kPolicy), policy.id);
}

condition::Facts FactsOf(const AccountSettings& settings, Timestamp now) {
  Setter set(kSettingsSource, now);
  const auto number = [](std::int64_t value) -> condition::Value { return Number(value); };
  set.Is("restrict_create_service_id", settings.create_service_id == WhoMayCreate::kRestricted);
  set.Is("restrict_create_platform_apikey", settings.create_api_key == WhoMayCreate::kRestricted);
  set.Is("restrict_user_list_visibility", settings.user_list_restricted);
  set.Maybe("session_expiration_in_seconds", settings.session_life, Seconds);
  set.Maybe("session_invalidation_in_seconds", settings.session_idle, Seconds);
  set.Maybe("max_sessions_per_identity", settings.max_sessions, number);
  set.Maybe("system_access_token_expiration_in_seconds", settings.access_token_life, Seconds);
  set.Maybe("system_refresh_token_expiration_in_seconds", settings.refresh_token_life, Seconds);
  condition::Facts facts = set.Take();
  facts.Set("allowed_ip_addresses", Addresses(settings.allowed_addresses, now));
  return facts;
}

condition::Facts FactsOf(const ApiKey& key, Timestamp now) {
  Setter set(kApiKeySource, now);
  const bool of_service_id = key.iam_id.value().starts_with("iam-ServiceId-");
  const auto moment = [](Timestamp value) -> condition::Value { return value; };
  set.Is("owner", key.iam_id.value());
  set.Is("owner_kind", std::string(of_service_id ? "service_id" : "user"));
  set.Is("created_at", key.created);
  set.Maybe("expires_at", key.expires, moment);
  set.Maybe("last_used_at", std::optional<Timestamp>(), moment);  // Read knows
  set.Maybe("lifetime_days", key.expires, [&](Timestamp expires) -> condition::Value {
    const auto lifetime = expires - key.created;
    return Number(std::chrono::ceil<std::chrono::days>(lifetime).count());
  });
  set.Is("locked", key.locked);
  set.Is("disabled", key.disabled);
  return set.Take();
}

condition::Facts FactsOf(const Policy& policy, Timestamp now) {
  Setter set(kPolicySource, now);
  condition::StringList roles;
  for (const RoleRef& role : policy.roles) roles.push_back(ToString(role));
  const PolicyAttribute* service = FindAttribute(policy, "serviceName");
  const std::string name = service == nullptr ? "" : service->value;
  set.Is("subject", policy.subject.id);
  set.Is("subject_kind", KindOf(policy.subject));
  set.Is("roles", std::move(roles));
  set.Is("service", name);
  set.Is("whole_service",
         CoverageOf(policy, name, ServiceType::kService) == Coverage::kWhole && !policy.rule);
  set.Is("time_limited", policy.rule.has_value());
  return set.Take();
}

std::vector<condition::ResourceType> IdentityFacts::Types() const {
  return {{std::string(kService), std::string(kSettings)},
          {std::string(kService), std::string(kApiKey)},
          {std::string(kAccessService), std::string(kPolicy)}};
}

Result<std::vector<control::Resource>> IdentityFacts::List(db::Transaction& tx,
                                                           const condition::ResourceType& type,
                                                           const AccountId& account) {
  if (type.kind == kSettings) return std::vector<control::Resource>{GovernedSettings(account)};
  if (type.kind == kPolicy) {
    return tx.QueryAll(
        "SELECT id FROM iam_policy WHERE account_id = $1 AND deleted_at IS NULL ORDER BY id",
        {account}, [&](const db::Row& row) {
          Policy policy;
          policy.id = row.String(0);
          policy.account = account;
          return GovernedPolicy(policy);
        });
  }
  return tx.QueryAll("SELECT id FROM iam_api_key WHERE account_id = $1 ORDER BY id", {account},
                     [&](const db::Row& row) {
                       ApiKey key;
                       key.id = row.String(0);
                       key.account = account;
                       return GovernedApiKey(key);
                     });
}

Result<condition::Facts> IdentityFacts::Read(db::Transaction& tx,
                                             const control::Resource& resource) {
  const Timestamp now = clock_.Now();
  if (resource.kind == kSettings) {
    BW_TRY(const auto settings, store::ReadAccountSettings(tx, resource.account));
    return FactsOf(settings, now);
  }
  if (resource.kind == kPolicy) {
    BW_TRY(const auto policy,
           Existing(store::FindPolicy(tx, resource.name), resource.account, "policy"));
    if (policy.deleted) return NoSuch("policy");
    return FactsOf(policy, now);
  }
  BW_TRY(const auto key,
         Existing(store::FindApiKey(tx, resource.name), resource.account, "API key"));
  condition::Facts facts = FactsOf(key, now);
  BW_TRY(const auto last_used,
         tx.QueryOne("SELECT last_at FROM iam_activity WHERE subject = $1", {key.id},
                     [](const db::Row& row) { return row.Time(0); }));
  if (last_used) {
    facts.Set("last_used_at", Fact::Present(*last_used, std::string(kApiKeySource), now));
  }
  return facts;
}

}  // namespace breakwater::iam
