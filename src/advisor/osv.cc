#include "advisor/osv.h"

#include <simdjson.h>

namespace breakwater::advisor {
namespace {

namespace dom = simdjson::dom;

Error BadRecord(std::string message) {
  return Invalid("OSV record: " + std::move(message)).Reason("invalid_osv");
}

// The schema lets every optional member be absent; null is written by some archivers instead.
Result<std::string> Text(const dom::object& object, std::string_view name) {
  dom::element value;
  if (object[name].get(value) != simdjson::SUCCESS || value.is_null()) return std::string();
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) {
    return BadRecord("\"" + std::string(name) + "\" must be a string");
  }
  return std::string(text);
}

template <class Each>
Status ForEachElement(const dom::object& object, std::string_view name, Each each) {
  dom::element value;
  if (object[name].get(value) != simdjson::SUCCESS || value.is_null()) return Ok();
  dom::array array;
  if (value.get(array) != simdjson::SUCCESS) {
    return BadRecord("\"" + std::string(name) + "\" must be an array");
  }
  for (dom::element element : array) BW_TRY_STATUS(each(element));
  return Ok();
}

template <class Each>
Status ForEachObject(const dom::object& object, std::string_view name, Each each) {
  return ForEachElement(object, name, [&](dom::element element) -> Status {
    dom::object member;
    if (element.get(member) != simdjson::SUCCESS) {
      return BadRecord("\"" + std::string(name) + "\" must hold objects");
    }
    return each(member);
  });
}

Result<std::vector<std::string>> Texts(const dom::object& object, std::string_view name) {
  std::vector<std::string> texts;
  BW_TRY_STATUS(ForEachElement(object, name, [&](dom::element element) -> Status {
    std::string_view text;
    if (element.get(text) != simdjson::SUCCESS) {
      return BadRecord("\"" + std::string(name) + "\" must hold strings");
    }
    texts.emplace_back(text);
    return Ok();
  }));
  return texts;
}

Status ReadEvent(const dom::object& event, std::vector<OsvEvent>& events) {
  constexpr std::pair<std::string_view, OsvEventKind> kKinds[] = {
      {"introduced", OsvEventKind::kIntroduced},
      {"fixed", OsvEventKind::kFixed},
      {"last_affected", OsvEventKind::kLastAffected}};
  for (const auto& [name, kind] : kKinds) {
    BW_TRY(std::string version, Text(event, name));
    if (!version.empty()) events.push_back({kind, std::move(version)});
  }
  return Ok();
}

Status ReadRange(const dom::object& range, OsvAffected& affected) {
  BW_TRY(const std::string type, Text(range, "type"));
  if (type != "ECOSYSTEM" && type != "SEMVER") return Ok();
  std::vector<OsvEvent> events;
  BW_TRY_STATUS(ForEachObject(range, "events",
                              [&](const dom::object& event) { return ReadEvent(event, events); }));
  affected.ranges.push_back(std::move(events));
  return Ok();
}

Status ReadAffected(const dom::object& entry, OsvRecord& record) {
  dom::object package;
  if (entry["package"].get(package) != simdjson::SUCCESS) return Ok();
  OsvAffected affected;
  BW_TRY(affected.ecosystem, Text(package, "ecosystem"));
  BW_TRY(affected.package, Text(package, "name"));
  if (affected.ecosystem.empty() || affected.package.empty()) return Ok();
  BW_TRY_STATUS(ForEachObject(
      entry, "ranges", [&](const dom::object& range) { return ReadRange(range, affected); }));
  if (affected.ranges.empty()) {
    BW_TRY(affected.versions, Texts(entry, "versions"));
  }
  dom::object specific;
  if (entry["ecosystem_specific"].get(specific) == simdjson::SUCCESS) {
    BW_TRY(affected.urgency, Text(specific, "urgency"));
  }
  record.affected.push_back(std::move(affected));
  return Ok();
}

Status ReadSeverity(const dom::object& severity, OsvRecord& record) {
  BW_TRY(const std::string type, Text(severity, "type"));
  if (type != "CVSS_V3" || !record.cvss_v3.empty()) return Ok();
  BW_TRY(record.cvss_v3, Text(severity, "score"));
  return Ok();
}

Result<OsvRecord> ReadRecord(const dom::object& root) {
  OsvRecord record;
  BW_TRY(record.id, Text(root, "id"));
  if (record.id.empty()) return BadRecord("\"id\" is missing");
  BW_TRY(record.modified, Text(root, "modified"));
  BW_TRY(record.published, Text(root, "published"));
  BW_TRY(const std::string withdrawn, Text(root, "withdrawn"));
  record.withdrawn = !withdrawn.empty();
  BW_TRY(record.summary, Text(root, "summary"));
  BW_TRY(record.details, Text(root, "details"));
  BW_TRY(record.aliases, Texts(root, "aliases"));
  BW_TRY(record.related, Texts(root, "related"));
  BW_TRY(record.upstream, Texts(root, "upstream"));
  BW_TRY_STATUS(ForEachObject(root, "severity", [&](const dom::object& severity) {
    return ReadSeverity(severity, record);
  }));
  BW_TRY_STATUS(ForEachObject(
      root, "affected", [&](const dom::object& entry) { return ReadAffected(entry, record); }));
  return record;
}

}  // namespace

struct OsvParser::State {
  dom::parser parser{kMaxRecordBytes};
};

OsvParser::OsvParser() : state_(std::make_unique<State>()) {}
OsvParser::~OsvParser() = default;
OsvParser::OsvParser(OsvParser&&) noexcept = default;
OsvParser& OsvParser::operator=(OsvParser&&) noexcept = default;

Result<OsvRecord> OsvParser::Parse(std::string_view json) {
  if (json.size() > kMaxRecordBytes) {
    return TooLarge("OSV record: larger than 32 MiB").Reason("osv_too_large");
  }
  dom::element document;
  if (const auto error = state_->parser.parse(json.data(), json.size()).get(document)) {
    return BadRecord(simdjson::error_message(error));
  }
  dom::object root;
  if (document.get(root) != simdjson::SUCCESS) return BadRecord("must be an object");
  return ReadRecord(root);
}

}  // namespace breakwater::advisor
