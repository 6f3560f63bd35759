#include "insights/findings.h"

#include "base/check.h"
#include "crypto/hash.h"
#include "db/lazy_flush.h"
#include "insights/raised.h"
#include "json/reader.h"

namespace breakwater::insights {
namespace {

using json::Text;

constexpr std::string_view kAssessedJob = "insights.assessed";
constexpr std::string_view kForgottenJob = "insights.forgotten";

constexpr std::string_view kColumns =
    "SELECT account, provider_id, id, note_id, registry, resource, state, severity, opened, "
    "updated, resolved, document ";
constexpr std::string_view kOneFinding =
    "FROM insights_finding WHERE account = $1 AND provider_id = $2 AND id = $3";
// As an index of the table has it, so that the beginning of a list is read without the rest.
constexpr std::string_view kRank =
    "CASE severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END";

// The same image in the same repository is the same finding for ever.
std::string FindingId(const Assessment& a, std::string_view note) {
  return crypto::Sha256Hex(a.registry.value() + "\n" + a.repository + "\n" + a.digest + "\n" +
                           std::string(note))
      .substr(0, 40);
}

std::string ResourceOf(const Assessment& a) {
  return a.repository + "@" + a.digest;
}

std::string UpperSeverity(Severity severity) {
  std::string word(ToString(severity));
  for (char& c : word) c = static_cast<char>(c & ~0x20);
  return word;
}

json::Value Occurrence(const Assessment& a, const std::string& id, Severity severity,
                       Timestamp now) {
  const std::string account = a.account.value();
  const std::string provider = account + "/providers/" + std::string(kProvider);
  const Crn crn{.service = "container-registry",
                .location = a.region,
                .account = a.account,
                .instance = "",
                .type = "image",
                .resource = ResourceOf(a)};
  json::Array tags;
  for (const std::string& tag : a.tags) tags.push_back(Text(tag));
  return {{"id", Text(id)},
          {"kind", "FINDING"},
          {"name", Text(provider + "/occurrences/" + id)},
          {"note_name", Text(provider + "/notes/" + std::string(kImageNote))},
          {"provider_id", Text(kProvider)},
          {"provider_name", Text(provider)},
          {"resource_url", Text(a.registry.value() + "/" + ResourceOf(a))},
          {"remediation",
           "Rebuild the image with the fixed packages that its report names; where no fix is "
           "published, do without the package or accept the risk"},
          {"short_description", "Vulnerabilities found in a container image"},
          {"context",
           {{"account_id", Text(account)},
            {"region", Text(a.region)},
            {"resource_crn", Text(crn.ToString())},
            {"resource_name", Text(ResourceOf(a))},
            {"resource_type", "Image"},
            {"service_name", "container-registry"}}},
          {"finding", {{"severity", Text(UpperSeverity(severity))}, {"certainty", "HIGH"}}},
          {"reference_data",
           {{"digest", Text(a.digest)},
            {"tags", std::move(tags)},
            {"counts", a.counts},
            {"top", a.top}}},
          {"update_time", Text(FormatRfc3339(now))},
          {"update_timestamp", ToMicros(now) / 1000}};
}

Result<Finding> FindingOf(const db::Row& row) {
  Finding finding{.account = AccountId(row.String(0)),
                  .provider_id = row.String(1),
                  .id = row.String(2),
                  .note_id = row.String(3),
                  .registry = RegistryName(row.String(4)),
                  .resource = row.String(5),
                  .state = row.Text(6) == "open" ? State::kOpen : State::kResolved,
                  .severity = Severity::kLow,
                  .opened = row.Time(8),
                  .updated = row.Time(9),
                  .resolved = row.OptionalTime(10),
                  .document = {}};
  BW_TRY(finding.severity, ParseSeverity(row.Text(7)));
  BW_TRY(finding.document, json::Parse(row.Text(11)));
  finding.document.as_object()["create_time"] = Text(FormatRfc3339(finding.opened));
  finding.document.as_object()["create_timestamp"] = ToMicros(finding.opened) / 1000;
  return finding;
}

// Whether this is the newest event about the image so far, which is noted. Handlers run in any
// order, but ids of jobs rise with the transactions that emit the events of one image: each of them
// writes the image's row too, so that of two at once one starts over.
Result<bool> IsNewest(db::Transaction& tx, const AccountId& account, const RegistryName& registry,
                      const std::string& resource, std::int64_t event) {
  BW_TRY(const auto last,
         tx.QueryOne("SELECT event FROM insights_image "
                     "WHERE account = $1 AND registry = $2 AND resource = $3",
                     {account, registry, resource}, [](const db::Row& row) { return row.Int(0); }));
  if (last && *last > event) return false;
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO insights_image (account, registry, resource, event) "
                 "VALUES ($1, $2, $3, $4) "
                 "ON CONFLICT (account, registry, resource) DO UPDATE SET event = $4",
                 {account, registry, resource, event}));
  return true;
}

std::int64_t RankOf(Severity severity) {
  switch (severity) {
    case Severity::kCritical: return 0;
    case Severity::kHigh: return 1;
    case Severity::kMedium: return 2;
    default: return 3;
  }
}

// A filter as SQL. Only what is asked for stands in it: an index helps with nothing that "or"s.
struct Conditions {
  Conditions(const AccountId& account, const FindingFilter& filter) : where("WHERE account = $1") {
    params.emplace_back(account);
    if (filter.state) Add("state", ToString(*filter.state));
    if (filter.severity) Add(kRank, RankOf(*filter.severity));
    if (filter.provider_id) Add("provider_id", *filter.provider_id);
    if (filter.note_id) Add("note_id", *filter.note_id);
    if (filter.kind) Add("kind", *filter.kind);
  }
  std::string Next(db::Param value) {
    params.push_back(value);
    return "$" + std::to_string(params.size());
  }
  void Add(std::string_view column, db::Param value) {
    where += " AND " + std::string(column) + " = ";
    where += Next(value);
  }

  std::string where;
  std::vector<db::Param> params;
};

}  // namespace

std::string_view ToString(State state) {
  switch (state) {
    case State::kOpen: return "open";
    case State::kResolved: return "resolved";
  }
  BW_UNREACHABLE();
}

Result<Assessment> Assessment::From(const json::Value& payload) {
  const json::Reader in(payload);
  Assessment a{.account = AccountId(in.Field("account").String()),
               .registry = RegistryName(in.Field("registry").String()),
               .region = in.String("region", ""),
               .repository = in.Field("repository").String(),
               .digest = in.Field("digest").String(),
               .tags = {},
               .status = in.Field("status").String(),
               .counts = in.Field("counts").value(),
               .top = {}};
  if (const auto tags = in.Optional("tags")) a.tags = tags->Strings(10'000);
  if (const auto top = in.Optional("top")) a.top = top->value();
  BW_TRY_STATUS(in.Finish());
  return a;
}

std::optional<Severity> Assessment::Worst() const {
  for (const Severity severity :
       {Severity::kCritical, Severity::kHigh, Severity::kMedium, Severity::kLow}) {
    const json::Value* count = json::Find(counts, ToString(severity));
    if (count != nullptr && count->is_int64() && count->get_int64() > 0) return severity;
  }
  return std::nullopt;
}

Findings::Findings(db::Database& database, jobs::Jobs& jobs, const Clock& clock)
    : database_(database), jobs_(jobs), clock_(clock) {
  jobs.Register(std::string(kAssessedJob), {},
                [this](const jobs::Job& job) { return OnAssessed(job); });
  jobs.Register(std::string(kForgottenJob), {},
                [this](const jobs::Job& job) { return OnForgotten(job); });
  jobs.Subscribe("image.assessed", std::string(kAssessedJob));
  jobs.Subscribe("image.forgotten", std::string(kForgottenJob));
}

Status Findings::OnAssessed(const jobs::Job& job) {
  const db::LazyFlush lazy;  // derived: the job is done again if it is lost
  BW_TRY(const Assessment assessment, Assessment::From(job.payload));
  const bool assessed =
      assessment.status == "OK" || assessment.status == "WARN" || assessment.status == "FAIL";
  const auto worst = assessment.Worst();
  return database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY(const bool newest,
           IsNewest(tx, assessment.account, assessment.registry, ResourceOf(assessment), job.id));
    // Nothing is known of an image that was not assessed: an open finding stays.
    if (!newest || !assessed) return Ok();
    if (worst) return Open(tx, assessment, *worst);
    return Resolve(tx, assessment.account, assessment.registry, ResourceOf(assessment));
  });
}

Status Findings::OnForgotten(const jobs::Job& job) {
  const db::LazyFlush lazy;  // derived: the job is done again if it is lost
  const json::Reader in(job.payload);
  const AccountId account(in.Field("account").String());
  const RegistryName registry(in.Field("registry").String());
  const std::string resource = in.Field("repository").String() + "@" + in.Field("digest").String();
  BW_TRY_STATUS(in.Finish());
  return database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY(const bool newest, IsNewest(tx, account, registry, resource, job.id));
    return newest ? Resolve(tx, account, registry, resource) : Ok();
  });
}

Status Findings::Open(db::Transaction& tx, const Assessment& a, Severity severity) {
  const std::string id = FindingId(a, kImageNote);
  const Timestamp now = clock_.Now();
  struct Known {
    std::string state;
    std::string severity;
    Timestamp opened;
  };
  BW_TRY(const auto known, tx.QueryOne("SELECT state, severity, opened FROM insights_finding "
                                       "WHERE account = $1 AND provider_id = $2 AND id = $3",
                                       {a.account, kProvider, id}, [](const db::Row& row) {
                                         return Known{row.String(0), row.String(1), row.Time(2)};
                                       }));
  const bool fresh = !known || known->state != "open";
  const Timestamp opened = fresh ? now : known->opened;
  const json::Value occurrence = Occurrence(a, id, severity, now);
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO insights_finding (account, provider_id, id, note_id, registry, resource, state, "
      "severity, opened, updated, resolved, document) "
      "VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8, $9, NULL, $10) "
      "ON CONFLICT (account, provider_id, id) DO UPDATE SET state = 'open', severity = $7, "
      "opened = $8, updated = $9, resolved = NULL, document = $10",
      {a.account, kProvider, id, kImageNote, a.registry, ResourceOf(a), ToString(severity), opened,
       now, json::Serialize(occurrence)}));

  bool worse = false;
  if (!fresh) {
    BW_TRY(const Severity before, ParseSeverity(known->severity));
    worse = severity > before;
  }
  if (!fresh && !worse) return Ok();
  // People hear once of a finding that opens, and again when it becomes worse.
  return jobs_.Emit(tx,
                    ToEvent(Raised{.account = a.account,
                                   .provider = std::string(kVulnerabilityAdvisor),
                                   .finding_type = std::string(kImageWithVulnerabilities),
                                   .severity = severity,
                                   .group = id + "/" + std::to_string(ToMicros(opened)) + "/" +
                                            std::string(ToString(severity)),
                                   .finding_name = std::string(json::FindText(occurrence, "name")),
                                   .payload = occurrence}));
}

Status Findings::Resolve(db::Transaction& tx, const AccountId& account,
                         const RegistryName& registry, const std::string& resource) {
  const Timestamp now = clock_.Now();
  BW_TRY_STATUS(
      tx.Execute("UPDATE insights_finding SET state = 'resolved', resolved = $1, updated = $1 "
                 "WHERE account = $2 AND registry = $3 AND resource = $4 AND state = 'open'",
                 {now, account, registry, resource}));
  return Ok();
}

Result<std::vector<Finding>> Findings::List(const AccountId& account,
                                            const FindingFilter& filter) const {
  Conditions conditions(account, filter);
  // Of one severity all have one rank, which only so is no part of the order to the planner.
  const std::string rank = filter.severity ? "" : std::string(kRank) + ", ";
  const std::string order = " ORDER BY " + rank + "updated DESC, id";
  // First which they are, for which an index is enough, then their rows.
  std::string sql = std::string(kColumns) +
                    "FROM (SELECT provider_id AS page_provider, id AS page_id "
                    "FROM insights_finding " +
                    conditions.where + order + " LIMIT " + conditions.Next(filter.limit);
  sql += " OFFSET " + conditions.Next(filter.offset);
  sql +=
      ") page CROSS JOIN insights_finding "
      "WHERE account = $1 AND provider_id = page_provider AND id = page_id" +
      order;
  return database_.ReadValue([&](db::Transaction& tx) -> Result<std::vector<Finding>> {
    std::vector<Finding> all;
    BW_TRY_STATUS(tx.QueryWith(sql, conditions.params, [&](const db::Row& row) -> Status {
      BW_TRY(Finding finding, FindingOf(row));
      all.push_back(std::move(finding));
      return Ok();
    }));
    return all;
  });
}

Result<std::int64_t> Findings::Count(const AccountId& account, const FindingFilter& filter) const {
  const Conditions conditions(account, filter);
  return database_.ReadValue([&](db::Transaction& tx) -> Result<std::int64_t> {
    std::int64_t count = 0;
    BW_TRY_STATUS(tx.QueryWith("SELECT count(*) FROM insights_finding " + conditions.where,
                               conditions.params, [&](const db::Row& row) -> Status {
                                 count = row.Int(0);
                                 return Ok();
                               }));
    return count;
  });
}

Result<Finding> Findings::Find(const AccountId& account, std::string_view provider_id,
                               std::string_view id) const {
  return database_.ReadValue(
      [&](db::Transaction& tx) { return Find(tx, account, provider_id, id); });
}

Result<Finding> Findings::Find(db::Transaction& tx, const AccountId& account,
                               std::string_view provider_id, std::string_view id) {
  BW_TRY(auto finding, tx.QueryOne(std::string(kColumns) + std::string(kOneFinding),
                                   {account, provider_id, id}, FindingOf));
  if (!finding) return NotFound("occurrence " + std::string(id) + " was not found");
  return *std::move(finding);
}

}  // namespace breakwater::insights
