#include "api/native/activity_event.h"

#include <array>
#include <cstdio>

#include "base/strings.h"

namespace breakwater::api::native {
namespace {

using json::Text;

// "YYYY-MM-DDTHH:mm:ss.SS+0000".
std::string EventTime(Timestamp time) {
  const auto hundredths =
      std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count() % 1000 / 10;
  const std::string whole =
      FormatRfc3339(std::chrono::floor<std::chrono::seconds>(time)).substr(0, 19);
  std::array<char, 16> rest{};
  std::snprintf(rest.data(), rest.size(), ".%02d+0000", static_cast<int>(hundredths));
  return whole + rest.data();
}

std::string_view ReasonType(int code) {
  switch (code) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 416: return "Range Not Satisfiable";
    case 424: return "Failed Dependency";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 507: return "Insufficient Storage";
    default: return code < 400 ? "OK" : "Error";
  }
}

std::string_view CredentialType(const audit::Initiator& initiator) {
  if (initiator.kind == "anonymous") return "public-access";
  if (initiator.credential == "apikey") {
    return initiator.kind == "service_id" ? "apikey-serviceid" : "apikey";
  }
  if (initiator.credential == "password") return "user";
  return initiator.credential.empty() ? std::string_view("token") : initiator.credential;
}

std::string_view InitiatorType(std::string_view kind) {
  if (kind == "user") return "service/security/account/user";
  if (kind == "service_id") return "service/security/account/serviceid";
  if (kind == "profile") return "service/security/account/profile";
  if (kind == "system") return "service/security/system";
  return "service/security/anonymous";
}

json::Object InitiatorJson(const audit::Initiator& initiator) {
  json::Object host{{"agent", Text(initiator.agent)}};
  if (!initiator.address.empty()) {
    host["address"] = Text(initiator.address);
    host["addressType"] = initiator.address.find(':') == std::string::npos ? "IPv4" : "IPv6";
  }
  return {{"id", Text(initiator.iam_id.value())},
          {"name", Text(initiator.name)},
          {"authnId", Text(initiator.iam_id.value())},
          {"authnName", Text(initiator.name)},
          {"typeURI", Text(InitiatorType(initiator.kind))},
          {"credential", {{"type", Text(CredentialType(initiator))}}},
          {"host", std::move(host)}};
}

// "container-registry", "image", "pull".
struct Names {
  std::string_view service;
  std::string_view object;
  std::string_view verb;
};

Names NamesOf(std::string_view action) {
  const std::size_t first = action.find('.');
  const std::size_t last = action.rfind('.');
  if (first == std::string_view::npos) return {action, {}, {}};
  if (first == last) return {action.substr(0, first), {}, action.substr(last + 1)};
  return {action.substr(0, first), action.substr(first + 1, last - first - 1),
          action.substr(last + 1)};
}

// The CRN. Of an image it names the digest, and is empty where that was not known.
std::string TargetId(const audit::Target& target) {
  if (target.kind != "image") return target.crn;
  if (target.digest.empty()) return {};
  const std::size_t begin = target.crn.rfind(target.name);
  // The repository: what stands before the tag or the digest.
  std::string_view repository = target.name;
  repository = repository.substr(0, repository.find_first_of(":@"));
  const std::string image = std::string(repository) + "@" + target.digest;
  return begin == std::string::npos ? image : target.crn.substr(0, begin) + image;
}

json::Object TargetJson(const audit::Record& record, const Names& names) {
  json::Object target{{"id", Text(TargetId(record.target))},
                      {"name", Text(record.target.name)},
                      {"typeURI", Text(std::string(names.service) + "/" + record.target.kind)}};
  if (!record.target.resource_group.empty()) {
    target["resourceGroupId"] = Text(record.target.resource_group);
  }
  if (!record.registry.value().empty()) {
    target["host"] = {{"address", Text(record.registry.value())}};
  }
  return target;
}

// Of an event about a signature, of which there is one method (ibm-registry 3.14).
json::Object SignatureParameters(const audit::Target& target) {
  const std::string_view name = target.name;
  const std::size_t at = name.find('@');
  return {{"signatureMethod", "atomic"},
          {"signatureObject",
           Text(at == std::string_view::npos ? std::string_view{} : name.substr(at + 1))},
          {"repository", Text(name.substr(0, at))}};
}

json::Object RequestData(const audit::Record& record) {
  json::Object data;
  if (!record.request.is_null()) data["RequestParameters"] = record.request;
  if (record.action.starts_with("container-registry.signature.")) {
    data["RequestParameters"] = SignatureParameters(record.target);
  }
  json::Array changes;
  for (const audit::FieldChange& change : record.changes) {
    changes.push_back({{"field", Text(change.field)},
                       {"initialValue", change.before},
                       {"newValue", change.after}});
  }
  if (!changes.empty()) data["changes"] = std::move(changes);
  if (!record.judgement.is_null()) data["judgement"] = record.judgement;
  return data;
}

}  // namespace

json::Value ActivityEvent(const audit::Record& r) {
  const Names names = NamesOf(r.action);
  const std::string_view outcome = audit::ToText(r.outcome);
  json::Object reason{{"reasonCode", r.reason_code},
                      {"reasonType", Text(ReasonType(r.reason_code))}};
  if (r.outcome == audit::Outcome::kFailure) reason["reasonForFailure"] = Text(r.reason);
  std::string message = std::string(names.service) + ": " + std::string(names.verb);
  if (!names.object.empty()) message += " " + std::string(names.object);
  if (!r.target.name.empty()) message += " " + r.target.name;
  message += " [" + std::string(outcome) + "]";
  return {{"id", Text(r.id)},
          {"eventTime", Text(EventTime(r.time))},
          {"action", Text(r.action)},
          {"outcome", Text(outcome)},
          {"reason", std::move(reason)},
          {"severity", Text(audit::ToText(r.severity))},
          {"initiator", InitiatorJson(r.initiator)},
          {"target", TargetJson(r, names)},
          {"observer", {{"name", "ActivityTracker"}}},
          {"message", Text(message)},
          {"correlationId", Text(r.request_id)},
          {"logSourceCRN", Text("crn:v1:bluemix:public:" + std::string(names.service) + "::a/" +
                                r.account.value() + ":::")},
          {"saveServiceCopy", true},
          {"dataEvent", r.data_event},
          {"requestData", RequestData(r)},
          {"responseData", r.response.is_null() ? json::Value(json::Object()) : r.response}};
}

}  // namespace breakwater::api::native
