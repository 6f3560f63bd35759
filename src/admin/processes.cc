#include "admin/processes.h"

#include <algorithm>

#include "base/ip.h"
#include "control/fact_events.h"
#include "json/reader.h"

namespace breakwater::admin {
namespace {

using condition::Fact;
using condition::Number;
using json::Text;

constexpr std::string_view kService = "container-registry";
constexpr std::string_view kListener = "listener";
constexpr std::string_view kProcess = "process";
constexpr std::string_view kSource = "what the processes told";
constexpr std::size_t kMaxItems = 1'000;

const std::vector<condition::ResourceType>& AllTypes() {
  static const std::vector<condition::ResourceType> types = {
      {std::string(kService), std::string(kListener)},
      {std::string(kService), std::string(kProcess)},
      // What the trail is sent to is configured in each process.
      {std::string(kService), "audit"},
      {std::string(kService), "audit-sink"}};
  return types;
}

json::Value ToJson(const ToldListener& listener) {
  json::Object out{{"plane", Text(listener.plane)},
                   {"host", Text(listener.host)},
                   {"port", listener.port},
                   {"tls", listener.tls},
                   {"lowest_tls", Text(listener.lowest_tls)}};
  if (listener.certificate_ends) {
    out["certificate_ends"] = Text(FormatRfc3339(*listener.certificate_ends));
  }
  return out;
}

json::Value ToJson(const ToldProcess& process) {
  json::Array listeners;
  for (const ToldListener& one : process.listeners) listeners.push_back(ToJson(one));
  json::Array sinks;
  for (const ToldSink& one : process.audit_sinks) {
    sinks.push_back(json::Object{{"name", Text(one.name)}, {"kind", Text(one.kind)}});
  }
  json::Array plain;
  for (const std::string& one : process.plain_destinations) plain.emplace_back(Text(one));
  return {{"node", Text(process.node)},
          {"listeners", std::move(listeners)},
          {"audit_sinks", std::move(sinks)},
          {"master_key_configured", process.master_key_configured},
          {"plain_destinations", std::move(plain)},
          {"trash_days", process.trash_life.count()}};
}

Result<ToldProcess> ProcessFrom(const json::Value& document) {
  const json::Reader in(document);
  ToldProcess process{.node = in.Field("node").String(),
                      .listeners = {},
                      .audit_sinks = {},
                      .master_key_configured = in.Field("master_key_configured").Bool(),
                      .plain_destinations = in.Field("plain_destinations").Strings(kMaxItems),
                      .trash_life = std::chrono::days(in.Field("trash_days").Int())};
  for (const json::Reader& item : in.Field("listeners").Items(kMaxItems)) {
    ToldListener listener{.plane = item.Field("plane").String(),
                          .host = item.Field("host").String(),
                          .port = static_cast<std::uint16_t>(item.Field("port").Int()),
                          .tls = item.Field("tls").Bool(),
                          .lowest_tls = item.Field("lowest_tls").String(),
                          .certificate_ends = {}};
    if (const std::string ends = item.String("certificate_ends", ""); !ends.empty()) {
      BW_TRY(listener.certificate_ends, ParseRfc3339(ends));
    }
    process.listeners.push_back(std::move(listener));
  }
  for (const json::Reader& item : in.Field("audit_sinks").Items(kMaxItems)) {
    process.audit_sinks.push_back(
        {.name = item.Field("name").String(), .kind = item.Field("kind").String()});
  }
  BW_TRY_STATUS(in.Finish());
  return process;
}

std::string AddressOf(const ToldListener& listener) {
  const bool v6 = listener.host.find(':') != std::string::npos;
  return (v6 ? "[" + listener.host + "]" : listener.host) + ":" + std::to_string(listener.port);
}

// Stays from start to start, so that what is said of it has a history.
std::string NameOf(const ToldProcess& process, const ToldListener& listener) {
  return process.node + "/" + listener.plane + "/" + AddressOf(listener);
}

// Of the processes of one machine, by where they are reached.
std::string NameOf(const ToldProcess& process) {
  return process.listeners.empty() ? process.node
                                   : process.node + "/" + AddressOf(process.listeners.front());
}

void SetCertificate(condition::Facts& facts, const ToldListener& listener, Timestamp now) {
  const std::string source(kSource);
  if (!listener.tls) {
    facts.Set("certificate_expires_at", Fact::Absent(source, now));
    facts.Set("certificate_days_left", Fact::Absent(source, now));
    return;
  }
  if (!listener.certificate_ends) {
    const Fact unknown = Fact::Unavailable("the certificate could not be read", source, now);
    facts.Set("certificate_expires_at", unknown);
    facts.Set("certificate_days_left", unknown);
    return;
  }
  const Timestamp ends = *listener.certificate_ends;
  const auto left = std::chrono::floor<std::chrono::days>(ends - now).count();
  facts.Set("certificate_expires_at", Fact::Present(ends, source, now));
  facts.Set("certificate_days_left", Fact::Present(Number(left), source, now));
}

Result<condition::Facts> FactsOf(const ToldListener& listener, Timestamp now) {
  const std::string source(kSource);
  condition::Facts facts;
  facts.Set("endpoint", Fact::Present(listener.plane, source, now));
  facts.Set("address", Fact::Present(AddressOf(listener), source, now));
  facts.Set("address_scope", Fact::Present(AddressScope(listener.host), source, now));
  facts.Set("tls", Fact::Present(listener.tls, source, now));
  if (listener.tls) {
    BW_TRY(auto lowest,
           condition::ValueFromJson(condition::PropertyType::kNumeric, Text(listener.lowest_tls)));
    facts.Set("lowest_tls_version", Fact::Present(std::move(lowest), source, now));
  } else {
    facts.Set("lowest_tls_version", Fact::Absent(source, now));
  }
  SetCertificate(facts, listener, now);
  return facts;
}

condition::Facts FactsOf(const ToldProcess& process, Timestamp now) {
  const std::string source(kSource);
  condition::Facts facts;
  facts.Set("node", Fact::Present(process.node, source, now));
  facts.Set("master_key_apart", Fact::Present(process.master_key_configured, source, now));
  facts.Set("plain_destinations",
            Fact::Present(condition::StringList(process.plain_destinations), source, now));
  facts.Set("trash_days", Fact::Present(Number(process.trash_life.count()), source, now));
  return facts;
}

}  // namespace

std::string AddressScope(std::string_view host) {
  const auto address = IpAddress::Parse(host);
  if (!address.ok()) return "public";  // nothing better is known of it
  const auto any = [&](std::initializer_list<const char*> networks) {
    return std::any_of(networks.begin(), networks.end(), [&](const char* text) {
      return IpNetwork::Parse(text)->Contains(*address);
    });
  };
  if (any({"0.0.0.0/32", "::/128"})) return "any";
  if (any({"127.0.0.0/8", "::1/128"})) return "loopback";
  if (any({"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16",
           "fc00::/7", "fe80::/10"})) {
    return "private";
  }
  return "public";
}

Status Processes::Tell(const Options& options, const ToldProcess& process) {
  const std::string document = json::Canonical(ToJson(process));
  return database_.Write([&](db::Transaction& tx) -> Status {
    const Timestamp now = clock_.Now();
    BW_TRY(const auto before,
           tx.QueryOne("SELECT document FROM admin_process WHERE id = $1", {options.id},
                       [](const db::Row& row) { return row.String(0); }));
    // A clock that was set back leaves nobody with a lease for years.
    BW_TRY(const auto gone,
           tx.Execute("DELETE FROM admin_process WHERE id <> $1 AND "
                      "(CAST($2 AS BIGINT) = 1 OR held_until < $3 OR held_until > $4)",
                      {options.id, options.alone, now, now + 10 * options.lease}));
    BW_TRY_STATUS(tx.Execute(
        "INSERT INTO admin_process (id, started, held_until, document) VALUES ($1, $2, $3, $4) ON "
        "CONFLICT (id) DO UPDATE SET held_until = excluded.held_until, document = "
        "excluded.document",
        {options.id, now, now + options.lease, document}));
    if (gone == 0 && before && *before == document) return Ok();
    return jobs_.Emit(tx, control::FactsChanged(owner_, AllTypes()));
  });
}

Status Processes::Leave(const std::string& id) {
  return database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(tx.Execute("DELETE FROM admin_process WHERE id = $1", {id}));
    return jobs_.Emit(tx, control::FactsChanged(owner_, AllTypes()));
  });
}

Result<std::vector<ToldProcess>> Processes::Present(db::Transaction& tx, Timestamp now) {
  return tx.QueryAll(
      "SELECT document FROM admin_process WHERE held_until >= $1 ORDER BY started, id", {now},
      [](const db::Row& row) -> Result<ToldProcess> {
        BW_TRY(const json::Value document, json::Parse(row.Text(0)));
        return ProcessFrom(document);
      });
}

std::vector<condition::ResourceType> Processes::Types() const {
  return {AllTypes()[0], AllTypes()[1]};
}

Result<std::vector<control::Resource>> Processes::List(db::Transaction& tx,
                                                       const condition::ResourceType& type,
                                                       const AccountId& account) {
  std::vector<control::Resource> resources;
  if (account != owner_) return resources;
  BW_TRY(const auto processes, Present(tx, clock_.Now()));
  std::vector<std::string> names;
  for (const ToldProcess& process : processes) {
    if (type.kind == kProcess) names.push_back(NameOf(process));
    if (type.kind != kListener) continue;
    for (const ToldListener& listener : process.listeners) {
      names.push_back(NameOf(process, listener));
    }
  }
  // One that was started anew before the lease of the former one has ended.
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  for (std::string& name : names) {
    resources.push_back(control::AccountResource(account, type.kind, std::move(name)));
  }
  return resources;
}

Result<condition::Facts> Processes::Read(db::Transaction& tx, const control::Resource& resource) {
  const Timestamp now = clock_.Now();
  const auto none = [&] { return NotFound("there is no such " + resource.kind); };
  if (resource.account != owner_) return none();
  BW_TRY(const auto processes, Present(tx, now));
  for (auto process = processes.rbegin(); process != processes.rend(); ++process) {
    if (resource.kind == kProcess) {
      if (NameOf(*process) == resource.name) return FactsOf(*process, now);
      continue;
    }
    for (const ToldListener& listener : process->listeners) {
      if (NameOf(*process, listener) == resource.name) return FactsOf(listener, now);
    }
  }
  return none();
}

}  // namespace breakwater::admin
