#include "config/audit_sink.h"

#include <set>

#include "config/keyed_table.h"

namespace breakwater::config {
namespace {

using Keys = KeyedTable<AuditSink>;
using S = AuditSink;
constexpr std::string_view kAll = "file syslog webhook kafka";

const Keys& Table() {
  static const Keys table(
      "a sink", kAll,
      {
          {"kind", &S::kind, kAll, kAll, "file, syslog, webhook or kafka"},
          {"name", &S::name, kAll, kAll,
           "what it is called in metrics and the log; how far it has come is kept under it"},
          {"format", &S::format, kAll, "",
           "lines: as they were sealed, with the signed heads, for `breakwater audit verify` (the "
           "default of file); events: the reference system's activity events (of the others); "
           "records: ours"},
          {"directory", &S::directory, "file", "file", "where audit.jsonl is"},
          {"rotate_size", &S::rotate_size, "file", "",
           "closes the file under another name when it is so large; 64MiB"},
          {"address", &S::address, "syslog", "syslog", "host:port"},
          {"transport", &S::transport, "syslog", "", "tls, tcp or udp; tls"},
          {"ca_file", &S::ca_file, "syslog webhook", "",
           "PEM file with the authorities that may vouch for the server, instead of the system's"},
          {"url", &S::url, "webhook", "webhook", "what batches are sent to by POST"},
          {"allow_plain", &S::allow_plain, "webhook", "", "allow an http:// URL"},
          {"secret", &S::secret, "webhook", "", "what batches are signed with; empty: nothing"},
          {"secret_file", &S::secret_file, "webhook", "", "or a file with it"},
          {"brokers", &S::brokers, "kafka", "kafka", "host:port, separated by commas"},
          {"topic", &S::topic, "kafka", "kafka", "where messages go"},
          {"properties", &S::properties, "kafka", "",
           "more properties of librdkafka: name=value, separated by semicolons"},
          {"timeout", &S::timeout, "syslog webhook kafka", "", "for one batch; 30s"},
      });
  return table;
}

bool IsName(std::string_view name) {
  return !name.empty() && name.size() <= 40 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Status Check(const AuditSink& sink) {
  if (!IsName(sink.name)) {
    return Invalid("name must have 1 to 40 lower-case letters, digits and '-'");
  }
  BW_TRY_STATUS(Table().CheckKeys(sink));
  if (!Keys::Has("lines events records", sink.format) && !sink.format.empty()) {
    return Invalid("format must be lines, events or records");
  }
  if (!Keys::Has("tls tcp udp", sink.transport)) {
    return Invalid("transport must be tls, tcp or udp");
  }
  if (sink.kind == "webhook" && !sink.url.starts_with("https://") &&
      !(sink.allow_plain && sink.url.starts_with("http://"))) {
    return Invalid("url must begin with https://");
  }
  if (sink.kind == "syslog") {
    const std::size_t colon = sink.address.rfind(':');
    const auto port = colon == std::string::npos
                          ? Result<std::int64_t>(Invalid("none"))
                          : ParseInt(std::string_view(sink.address).substr(colon + 1));
    if (!port.ok() || *port < 1 || *port > 65'535 || colon == 0) {
      return Invalid("address must be host:port");
    }
  }
  return Ok();
}

}  // namespace

Result<AuditSink> SinkFromTable(const std::vector<Entry>& table) {
  BW_TRY(auto sink, Table().FromTable(table));
  BW_TRY_STATUS(Check(sink));
  return sink;
}

Result<AuditSink> ParseSink(std::string_view text) {
  BW_TRY(auto sink, Table().FromText(text));
  BW_TRY_STATUS(Check(sink));
  return sink;
}

Status CheckSinks(const std::vector<AuditSink>& sinks) {
  std::set<std::string> names;
  for (const AuditSink& sink : sinks) {
    if (!names.insert(sink.name).second) {
      return Invalid("the sink '" + sink.name + "' is listed twice");
    }
  }
  return Ok();
}

std::string RenderSink(const AuditSink& sink) {
  return Table().Render(sink);
}

std::string DescribeSinks() {
  return Table().Describe();
}

}  // namespace breakwater::config
