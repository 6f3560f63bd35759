#include "admin/installation_facts.h"

#include <algorithm>
#include <map>
#include <optional>

#include "admin/outcomes.h"
#include "audit/settings.h"

namespace breakwater::admin {
namespace {

using condition::Fact;
using condition::Number;

constexpr std::string_view kService = "container-registry";
constexpr std::string_view kOutcomes = "what was done and reported";
constexpr std::string_view kTrail = "audit trail";

Fact TimeOf(const std::optional<Timestamp>& time, std::string_view source, Timestamp now) {
  const std::string from(source);
  return time ? Fact::Present(*time, from, now) : Fact::Absent(from, now);
}

std::optional<Timestamp> LastGood(const std::optional<Outcome>& outcome) {
  return outcome ? outcome->last_good : std::nullopt;
}

// Name and kind of all destinations that some process has.
Result<std::map<std::string, std::string>> SinksOf(db::Transaction& tx, Timestamp now) {
  using Sinks = std::map<std::string, std::string>;
  BW_TRY(const auto processes, Processes::Present(tx, now));
  Sinks sinks;
  for (const ToldProcess& process : processes) {
    for (const ToldSink& sink : process.audit_sinks) sinks.emplace(sink.name, sink.kind);
  }
  return sinks;
}

// Since when the first sealed entry waits that a destination has not taken.
Result<std::optional<Timestamp>> WaitsSince(db::Transaction& tx, std::int64_t taken) {
  return tx.QueryOne("SELECT time FROM audit_record WHERE sequence > $1 ORDER BY sequence LIMIT 1",
                     {taken}, [](const db::Row& row) { return row.Time(0); });
}

}  // namespace

condition::ResourceType BackupType() {
  return {std::string(kService), "backup"};
}
condition::ResourceType ContentType() {
  return {std::string(kService), "content"};
}
condition::ResourceType AuditType() {
  return {std::string(kService), "audit"};
}
condition::ResourceType AuditSinkType() {
  return {std::string(kService), "audit-sink"};
}

std::vector<condition::ResourceType> InstallationFacts::Types() const {
  return {BackupType(), ContentType(), AuditType(), AuditSinkType()};
}

Result<std::vector<control::Resource>> InstallationFacts::List(db::Transaction& tx,
                                                               const condition::ResourceType& type,
                                                               const AccountId& account) {
  std::vector<control::Resource> resources;
  if (account != owner_) return resources;
  if (type != AuditSinkType()) {
    resources.push_back(control::AccountResource(account, type.kind));
    return resources;
  }
  BW_TRY(const auto sinks, SinksOf(tx, clock_.Now()));
  for (const auto& [name, kind] : sinks) {
    resources.push_back(control::AccountResource(account, type.kind, name));
  }
  return resources;
}

Result<condition::Facts> InstallationFacts::Read(db::Transaction& tx,
                                                 const control::Resource& resource) {
  if (resource.account != owner_) return NotFound("there is no such " + resource.kind);
  if (resource.kind == BackupType().kind) return ReadBackup(tx);
  if (resource.kind == ContentType().kind) return ReadContent(tx);
  if (resource.kind == AuditType().kind) return ReadAudit(tx);
  return ReadSink(tx, resource.name);
}

Result<condition::Facts> InstallationFacts::ReadBackup(db::Transaction& tx) const {
  const Timestamp now = clock_.Now();
  BW_TRY(const auto taken, ReadOutcome(tx, outcome::kBackup));
  BW_TRY(const auto verified, ReadOutcome(tx, outcome::kVerifiedBackup));
  condition::Facts facts;
  facts.Set("last_backup", TimeOf(LastGood(taken), kOutcomes, now));
  facts.Set("last_verified_backup", TimeOf(LastGood(verified), kOutcomes, now));
  return facts;
}

Result<condition::Facts> InstallationFacts::ReadContent(db::Transaction& tx) const {
  const Timestamp now = clock_.Now();
  const std::string source(kOutcomes);
  BW_TRY(const auto checked, ReadOutcome(tx, outcome::kContent));
  condition::Facts facts;
  if (!checked) {
    const Fact never = Fact::Unavailable("content was never checked", source, now);
    facts.Set("last_check", never);
    facts.Set("sound", never);
    return facts;
  }
  facts.Set("last_check", TimeOf(checked->last_good, kOutcomes, now));
  facts.Set("sound", Fact::Present(checked->good, source, now));
  return facts;
}

Result<condition::Facts> InstallationFacts::ReadAudit(db::Transaction& tx) const {
  const Timestamp now = clock_.Now();
  const std::string trail(kTrail);
  BW_TRY(const audit::Settings settings, audit::ReadSettings(tx));
  BW_TRY(const auto sinks, SinksOf(tx, now));
  BW_TRY(const auto verified, ReadOutcome(tx, outcome::kAudit));
  BW_TRY(const auto head, tx.QueryOne("SELECT max(time) FROM audit_head", {},
                                      [](const db::Row& row) { return row.OptionalTime(0); }));
  condition::Facts facts;
  facts.Set("pulls", Fact::Present(std::string(audit::ToText(settings.pulls)), trail, now));
  facts.Set("keep_days", settings.keep_days == 0
                             ? Fact::Absent(trail, now)
                             : Fact::Present(Number(settings.keep_days), trail, now));
  condition::StringList all;
  condition::StringList elsewhere;
  for (const auto& [name, kind] : sinks) {
    all.push_back(name);
    if (kind != "file") elsewhere.push_back(name);
  }
  facts.Set("sinks", Fact::Present(std::move(all), trail, now));
  facts.Set("remote_sinks", Fact::Present(std::move(elsewhere), trail, now));
  if (verified) {
    facts.Set("verifies", Fact::Present(verified->good, std::string(kOutcomes), now));
    facts.Set("last_verification", TimeOf(verified->last_good, kOutcomes, now));
  } else {
    const Fact never =
        Fact::Unavailable("the chain was never verified", std::string(kOutcomes), now);
    facts.Set("verifies", never);
    facts.Set("last_verification", never);
  }
  facts.Set("last_signed_head", TimeOf(head.value_or(std::nullopt), kTrail, now));
  return facts;
}

Result<condition::Facts> InstallationFacts::ReadSink(db::Transaction& tx,
                                                     const std::string& name) const {
  const Timestamp now = clock_.Now();
  BW_TRY(const auto sinks, SinksOf(tx, now));
  const auto sink = sinks.find(name);
  if (sink == sinks.end()) return NotFound("there is no such destination");
  struct Row {
    std::int64_t taken = 0;
    std::optional<Timestamp> failing_since;
  };
  BW_TRY(const auto row,
         tx.QueryOne("SELECT sequence, failing_since FROM audit_sink WHERE name = $1", {name},
                     [](const db::Row& r) { return Row{r.Int(0), r.OptionalTime(1)}; }));
  BW_TRY(const auto waits, WaitsSince(tx, row ? row->taken : 0));
  const std::string source(kTrail);
  condition::Facts facts;
  facts.Set("kind", Fact::Present(sink->second, source, now));
  if (!row) {
    const Fact never = Fact::Unavailable("nothing was sent to it yet", source, now);
    for (const char* property : {"up", "failing_since", "lag_minutes"}) facts.Set(property, never);
    return facts;
  }
  facts.Set("up", Fact::Present(!row->failing_since.has_value(), source, now));
  facts.Set("failing_since", TimeOf(row->failing_since, kTrail, now));
  const auto lag = waits ? std::chrono::floor<std::chrono::minutes>(now - *waits).count() : 0;
  facts.Set("lag_minutes", Fact::Present(Number(std::max<std::int64_t>(lag, 0)), source, now));
  return facts;
}

}  // namespace breakwater::admin
