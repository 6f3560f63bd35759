#include "app/audit_sinks.h"

#include <filesystem>

#include "admin/installation_facts.h"
#include "api/native/activity_event.h"
#include "audit/sinks/file_sink.h"
#include "audit/sinks/kafka_sink.h"
#include "audit/sinks/syslog_sink.h"
#include "audit/sinks/webhook_sink.h"
#include "base/strings.h"
#include "control/fact_events.h"
#include "insights/raised.h"
#include "io/file.h"
#include "observe/log.h"

namespace breakwater::app {
namespace {

constexpr std::chrono::seconds kInterval{1};
constexpr std::chrono::seconds kTurn{5};
constexpr std::size_t kMaxSecretFile = 4096;

Result<Secret> SecretOf(const config::AuditSink& sink) {
  if (sink.secret_file.empty()) return sink.secret;
  auto text = io::ReadFile(sink.secret_file, kMaxSecretFile);
  if (!text.ok()) return Invalid("secret_file cannot be read").Log(text.error().log());
  return Secret(std::string(Trim(*text)));
}

Result<std::unique_ptr<audit::Sink>> OpenSyslog(const config::AuditSink& sink,
                                                const std::string& hostname) {
  using Transport = audit::SyslogOptions::Transport;
  const std::size_t colon = sink.address.rfind(':');
  BW_TRY(const std::int64_t port, ParseInt(std::string_view(sink.address).substr(colon + 1)));
  std::string host = sink.address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  audit::SyslogOptions options{.host = std::move(host),
                               .port = static_cast<std::uint16_t>(port),
                               .ca_file = sink.ca_file,
                               .hostname = hostname,
                               .timeout = sink.timeout};
  options.transport = sink.transport == "udp"   ? Transport::kUdp
                      : sink.transport == "tcp" ? Transport::kTcp
                                                : Transport::kTls;
  return std::unique_ptr<audit::Sink>(std::make_unique<audit::SyslogSink>(std::move(options)));
}

Result<std::unique_ptr<audit::Sink>> OpenWebhook(const config::AuditSink& sink,
                                                 const Clock& clock) {
  audit::WebhookOptions options{.url = sink.url, .secret = {}, .timeout = sink.timeout};
  BW_TRY(options.secret, SecretOf(sink));
  options.client.policy.allow_plain_http = sink.allow_plain;
  // The operator named the destination, not a user.
  options.client.policy.allow_non_public = true;
  options.client.ca_file = sink.ca_file;
  return std::unique_ptr<audit::Sink>(
      std::make_unique<audit::WebhookSink>(std::move(options), clock));
}

Result<std::unique_ptr<audit::Sink>> OpenKafka(const config::AuditSink& sink) {
  audit::KafkaOptions options{
      .brokers = sink.brokers, .topic = sink.topic, .timeout = sink.timeout};
  for (const std::string_view part : Split(sink.properties, ';')) {
    if (Trim(part).empty()) continue;
    const auto sides = SplitN(part, '=', 2);
    if (sides.size() != 2) return Invalid("properties must be name=value, joined by ;");
    options.properties.emplace_back(Trim(sides[0]), Trim(sides[1]));
  }
  return audit::OpenKafkaSink(options);
}

Result<std::unique_ptr<audit::Sink>> OpenSink(const config::AuditSink& sink,
                                              const AuditSinkDeps& deps) {
  if (sink.kind == "syslog") return OpenSyslog(sink, deps.hostname);
  if (sink.kind == "webhook") return OpenWebhook(sink, deps.clock);
  if (sink.kind == "kafka") return OpenKafka(sink);
  return std::unique_ptr<audit::Sink>(std::make_unique<audit::FileSink>(audit::FileSinkOptions{
      .directory = sink.directory, .rotate_bytes = static_cast<std::uint64_t>(sink.rotate_size)}));
}

audit::DeliveryOptions OptionsOf(const config::AuditSink& sink, const AuditSinkDeps& deps) {
  audit::DeliveryOptions options{.name = sink.name, .account = deps.account};
  options.on_turn = [&jobs = deps.jobs, account = deps.account](db::Transaction& tx) {
    return jobs.Emit(tx, control::FactsChanged(account, {admin::AuditSinkType()}));
  };
  options.lines = sink.format == "lines" || (sink.format.empty() && sink.kind == "file");
  if (sink.format == "records") {
    options.encode = [](const audit::Record& record) {
      return json::Canonical(audit::ToJson(record));
    };
  } else {
    options.encode = [](const audit::Record& record) {
      return json::Serialize(api::native::ActivityEvent(record));
    };
  }
  return options;
}

// What people are told of it, by the channels of the account.
jobs::Event AlarmOf(const audit::SinkState& state, const AccountId& account) {
  const std::string name = "audit-sink-" + state.name;
  const std::int64_t since = state.failing_since ? ToUnixSeconds(*state.failing_since) : 0;
  return insights::ToEvent(
      {.account = account,
       .provider = "breakwater",
       .finding_type = "audit_sink_down",
       .severity = insights::Severity::kHigh,
       .group = name + "-" + std::to_string(since),
       .finding_name = name,
       .payload = {{"sink", json::Text(state.name)},
                   {"sequence", state.sequence},
                   {"since", since},
                   {"short_description", "the audit trail does not reach one of its destinations"},
                   {"remediation",
                    "See last_error; what waits is kept, and delivered when it answers again"},
                   {"last_error", json::Text(state.last_error)}}});
}

}  // namespace

Status CheckAuditSinks(const std::vector<config::AuditSink>& configured) {
  for (const config::AuditSink& sink : configured) {
    const auto secret = SecretOf(sink);
    if (!secret.ok()) return Status(secret.error()).Context("audit_sink " + sink.name);
    std::error_code failed;
    if (!sink.ca_file.empty() && !std::filesystem::exists(sink.ca_file, failed)) {
      return Invalid("audit_sink " + sink.name + ": ca_file is not there");
    }
  }
  return Ok();
}

Result<std::unique_ptr<AuditSinks>> AuditSinks::Open(
    const std::vector<config::AuditSink>& configured, const AuditSinkDeps& deps) {
  auto sinks = std::make_unique<AuditSinks>();
  for (const config::AuditSink& one : configured) {
    BW_TRY(auto sink, OpenSink(one, deps).Context("audit_sink " + one.name));
    sinks->deliveries_.push_back(std::make_unique<audit::SinkDelivery>(
        OptionsOf(one, deps), std::move(sink), deps.database, deps.log, deps.heads, deps.segments,
        deps.clock,
        [&jobs = deps.jobs, account = deps.account](db::Transaction& tx,
                                                    const audit::SinkState& state) -> Status {
          if (!state.alarmed) return Ok();
          observe::Log(observe::Level::kError, "an audit sink is down",
                       {{"sink", state.name}, {"error", state.last_error}});
          return jobs.Emit(tx, AlarmOf(state, account));
        }));
  }
  return sinks;
}

void AuditSinks::Schedule(jobs::Jobs& jobs) {
  for (const auto& delivery : deliveries_) {
    jobs.Every("audit.sink." + delivery->name(), kInterval, [&one = *delivery]() -> Status {
      return one.Run(std::chrono::steady_clock::now() + kTurn);
    });
  }
}

void AuditSinks::Expose(observe::Metrics& metrics) {
  if (deliveries_.empty()) return;
  using observe::Metrics;
  const auto each = [this](auto value) {
    std::vector<Metrics::Sample> samples;
    for (const auto& delivery : deliveries_) {
      if (const auto found = value(*delivery)) {
        samples.push_back({{{"sink", delivery->name()}}, static_cast<double>(*found)});
      }
    }
    return samples;
  };
  metrics.AddCollector(Metrics::Kind::kGauge, "breakwater_audit_sink_up",
                       "Whether the last delivery to the destination got through.", [each] {
                         return each([](const auto& one) -> std::optional<int> {
                           const auto state = one.State();
                           if (!state.ok()) return std::nullopt;
                           return state->failing_since ? 0 : 1;
                         });
                       });
  metrics.AddCollector(Metrics::Kind::kGauge, "breakwater_audit_sink_lag_entries",
                       "Sealed entries that the destination has not taken.", [each] {
                         return each([](const auto& one) -> std::optional<std::int64_t> {
                           const auto lag = one.Behind();
                           if (!lag.ok()) return std::nullopt;
                           return lag->entries;
                         });
                       });
  metrics.AddCollector(Metrics::Kind::kGauge, "breakwater_audit_sink_lag_seconds",
                       "Age of the first entry that the destination has not taken.", [each] {
                         return each([](const auto& one) -> std::optional<std::int64_t> {
                           const auto lag = one.Behind();
                           if (!lag.ok()) return std::nullopt;
                           return lag->oldest.count();
                         });
                       });
}

}  // namespace breakwater::app
