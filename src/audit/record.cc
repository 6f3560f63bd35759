#include "audit/record.h"

#include <algorithm>
#include <iterator>

#include "base/check.h"
#include "crypto/hash.h"
#include "json/reader.h"

namespace breakwater::audit {
namespace {

using json::Text;

Severity SeverityFrom(std::string_view text, const json::Reader& at) {
  if (text == "normal") return Severity::kNormal;
  if (text == "warning") return Severity::kWarning;
  if (text != "critical") at.Fail("must be normal, warning or critical");
  return Severity::kCritical;
}

json::Value TargetJson(const Target& target) {
  json::Object document = {
      {"crn", Text(target.crn)}, {"kind", Text(target.kind)}, {"name", Text(target.name)}};
  if (!target.digest.empty()) document["digest"] = Text(target.digest);
  if (!target.resource_group.empty()) document["resource_group"] = Text(target.resource_group);
  return document;
}

void Compare(const std::string& path, const json::Value& before, const json::Value& after,
             std::vector<FieldChange>& out) {
  if (before == after) return;
  const auto* old_object = before.if_object();
  const auto* new_object = after.if_object();
  // An object that comes or goes is compared with the empty one, so that its fields are listed.
  static const json::Object kEmpty;
  if (old_object == nullptr && new_object != nullptr && before.is_null()) old_object = &kEmpty;
  if (new_object == nullptr && old_object != nullptr && after.is_null()) new_object = &kEmpty;
  if (old_object == nullptr || new_object == nullptr) {
    out.push_back({path, before, after});
    return;
  }
  const auto member_path = [&](std::string_view name) {
    return path.empty() ? std::string(name) : path + "." + std::string(name);
  };
  static const json::Value kAbsent;
  for (const auto& member : *old_object) {
    const json::Value* other = new_object->if_contains(member.key());
    Compare(member_path(member.key()), member.value(), other == nullptr ? kAbsent : *other, out);
  }
  for (const auto& member : *new_object) {
    if (old_object->contains(member.key())) continue;
    Compare(member_path(member.key()), kAbsent, member.value(), out);
  }
}

}  // namespace

std::string_view ToText(Outcome outcome) {
  switch (outcome) {
    case Outcome::kSuccess: return "success";
    case Outcome::kFailure: return "failure";
  }
  BW_UNREACHABLE();
}

std::string_view ToText(Severity severity) {
  switch (severity) {
    case Severity::kNormal: return "normal";
    case Severity::kWarning: return "warning";
    case Severity::kCritical: return "critical";
  }
  BW_UNREACHABLE();
}

bool IsDataEvent(std::string_view action) {
  constexpr std::string_view kActions[] = {
      "container-registry.image.push",       "container-registry.image.pull",
      "container-registry.image.delete",     "container-registry.image.bulkdelete",
      "container-registry.signature.read",   "container-registry.signature.write",
      "container-registry.signature.delete",
  };
  return std::find(std::begin(kActions), std::end(kActions), action) != std::end(kActions);
}

json::Value ToJson(const Record& r) {
  json::Array changes;
  for (const FieldChange& change : r.changes) {
    changes.push_back(
        {{"field", Text(change.field)}, {"before", change.before}, {"after", change.after}});
  }
  json::Object document = {{"id", Text(r.id)},
                           {"time", Text(FormatRfc3339(r.time))},
                           {"account", Text(r.account.value())},
                           {"registry", Text(r.registry.value())},
                           {"action", Text(r.action)},
                           {"outcome", Text(ToText(r.outcome))},
                           {"reason_code", r.reason_code},
                           {"reason", Text(r.reason)},
                           {"severity", Text(ToText(r.severity))},
                           {"initiator",
                            {{"iam_id", Text(r.initiator.iam_id.value())},
                             {"name", Text(r.initiator.name)},
                             {"kind", Text(r.initiator.kind)},
                             {"credential", Text(r.initiator.credential)},
                             {"account", Text(r.initiator.account.value())},
                             {"address", Text(r.initiator.address)},
                             {"agent", Text(r.initiator.agent)}}},
                           {"target", TargetJson(r.target)},
                           {"request_id", Text(r.request_id)},
                           {"private_network", r.private_network},
                           {"data_event", r.data_event},
                           {"changes", std::move(changes)},
                           {"judgement", r.judgement}};
  if (!r.request.is_null()) document["request"] = r.request;
  if (!r.response.is_null()) document["response"] = r.response;
  return document;
}

Result<Record> FromJson(const json::Value& document) {
  const json::Reader in(document);
  Record r;
  r.id = in.Field("id").String();
  const std::string time = in.Field("time").String();
  r.account = AccountId(in.Field("account").String());
  r.registry = RegistryName(in.Field("registry").String());
  r.action = in.Field("action").String();
  r.outcome = in.Field("outcome").String() == "success" ? Outcome::kSuccess : Outcome::kFailure;
  r.reason_code = static_cast<int>(in.Field("reason_code").Int());
  r.reason = in.Field("reason").String();
  const json::Reader severity = in.Field("severity");
  r.severity = SeverityFrom(severity.String(), severity);
  const json::Reader initiator = in.Field("initiator");
  r.initiator = {.iam_id = IamId(initiator.Field("iam_id").String()),
                 .name = initiator.Field("name").String(),
                 .kind = initiator.Field("kind").String(),
                 .credential = initiator.Field("credential").String(),
                 .account = AccountId(initiator.Field("account").String()),
                 .address = initiator.Field("address").String(),
                 .agent = initiator.Field("agent").String()};
  const json::Reader target = in.Field("target");
  r.target = {.crn = target.Field("crn").String(),
              .kind = target.Field("kind").String(),
              .name = target.Field("name").String(),
              .digest = std::string(json::FindText(target.value(), "digest")),
              .resource_group = std::string(json::FindText(target.value(), "resource_group"))};
  r.request_id = in.Field("request_id").String();
  r.private_network = in.Field("private_network").Bool();
  r.data_event = in.Field("data_event").Bool();
  for (const json::Reader& change : in.Field("changes").Items(1'000'000)) {
    const auto value = [&](std::string_view name) {
      const json::Value* found = json::Find(change.value(), name);
      return found == nullptr ? json::Value() : *found;
    };
    r.changes.push_back({change.Field("field").String(), value("before"), value("after")});
  }
  if (const json::Value* judgement = json::Find(document, "judgement")) r.judgement = *judgement;
  if (const json::Value* request = json::Find(document, "request")) r.request = *request;
  if (const json::Value* response = json::Find(document, "response")) r.response = *response;
  BW_TRY_STATUS(in.Finish());
  BW_TRY(r.time, ParseRfc3339(time));
  return r;
}

namespace {

// Values of these octets stay as they are where others are shortened.
constexpr std::size_t kLongValue = 256;
// What of a record's octets its judgement may take where it is shortened.
constexpr std::size_t kMaxJudgement = kMaxRecordOctets / 2;
constexpr std::size_t kMaxReason = 4096;
constexpr std::size_t kMaxFieldName = 512;

json::Value DigestOf(const json::Value& value) {
  return Text(crypto::Sha256Hex(json::Canonical(value)));
}

std::size_t OctetsOf(const json::Value& value) {
  return json::Serialize(value).size();
}

json::Object Told(const json::Value& value, std::size_t octets) {
  return {{"octets", static_cast<std::int64_t>(octets)}, {"sha256", DigestOf(value)}};
}

void Shorten(json::Value& value) {
  const std::size_t octets = OctetsOf(value);
  if (octets > kLongValue) value = Told(value, octets);
}

// Under another name, so that nobody takes what is told of a member for the member.
void TellMember(json::Object& object, std::string_view name) {
  const auto found = object.find(name);
  if (found == object.end()) return;
  const std::size_t octets = OctetsOf(found->value());
  if (octets <= kLongValue) return;
  json::Object told = Told(found->value(), octets);
  object.erase(found);
  object[std::string(name) + "_left_out"] = std::move(told);
}

// Of one resource: what was judged and by which rules stays, what it was judged by does not.
void ShortenJudged(json::Value& judged) {
  if (!judged.is_object()) return Shorten(judged);
  json::Object& object = judged.get_object();
  for (const char* member : {"facts", "before"}) TellMember(object, member);
  json::Value* rules = object.if_contains("rules");
  if (rules == nullptr || !rules->is_array()) return;
  for (json::Value& rule : rules->get_array()) {
    if (rule.is_object()) TellMember(rule.get_object(), "verdict");
  }
  if (OctetsOf(*rules) > kMaxJudgement / 2) TellMember(object, "rules");
}

void ShortenJudgement(json::Value& judgement) {
  if (OctetsOf(judgement) <= kMaxJudgement) return;
  if (!judgement.is_array()) return ShortenJudged(judgement);
  const json::Value digest = DigestOf(judgement);
  json::Array kept;
  std::size_t octets = 0;
  std::int64_t left_out = 0;
  for (json::Value& judged : judgement.get_array()) {
    ShortenJudged(judged);
    octets += OctetsOf(judged) + 1;
    if (octets > kMaxJudgement || left_out > 0) {
      ++left_out;
    } else {
      kept.push_back(std::move(judged));
    }
  }
  kept.push_back(json::Object{{"left_out", left_out}, {"sha256_of_all", digest}});
  judgement = std::move(kept);
}

// At a character's end.
void Cut(std::string& text, std::size_t most) {
  if (text.size() <= most) return;
  const std::string all = " (cut: of " + std::to_string(text.size()) + " octets, SHA-256 " +
                          crypto::Sha256Hex(text) + ")";
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
  text.resize(most);
  text += all;
}

}  // namespace

Record Bounded(Record record) {
  if (record.changes.size() > kMaxFieldChanges) {
    json::Array all;
    for (const FieldChange& change : record.changes) {
      all.push_back(json::Array{Text(change.field), change.before, change.after});
    }
    const auto left_out = static_cast<std::int64_t>(all.size() - kMaxFieldChanges);
    record.changes.resize(kMaxFieldChanges);
    record.changes.push_back(
        {"(more)", nullptr,
         json::Object{{"left_out", left_out}, {"sha256_of_all", DigestOf(all)}}});
  }
  if (OctetsOf(ToJson(record)) <= kMaxRecordOctets) return record;
  for (FieldChange& change : record.changes) {
    Cut(change.field, kMaxFieldName);
    Shorten(change.before);
    Shorten(change.after);
  }
  Shorten(record.request);
  Shorten(record.response);
  Cut(record.reason, kMaxReason);
  if (OctetsOf(ToJson(record)) > kMaxRecordOctets) ShortenJudgement(record.judgement);
  return record;
}

std::vector<FieldChange> Differences(const json::Value& before, const json::Value& after) {
  std::vector<FieldChange> out;
  Compare("", before, after, out);
  return out;
}

}  // namespace breakwater::audit
