#include "registry/retention.h"

#include <algorithm>

#include "observe/log.h"
#include "registry/content.h"
#include "registry/content_reader.h"
#include "registry/deletion.h"
#include "registry/image_config.h"
#include "registry/image_list.h"
#include "registry/retention_candidates.h"

namespace breakwater::registry {
namespace {

constexpr std::string_view kJob = "registry.retention";
// Images that one transaction deletes: fewer, or as many as it has to look at besides (kNewest),
// but never so many that others wait long for it.
constexpr std::size_t kDeletedAtOnce = 100;
constexpr std::size_t kMaxDeletedAtOnce = 500;
constexpr std::size_t kConfigsAtOnce = 500;

constexpr std::string_view kPolicyColumns =
    "SELECT images_per_repo, retain_untagged, deletion_threshold_days, order_by, name_space FROM "
    "retention_policy ";

RetentionPolicy PolicyFromRow(const db::Row& row) {
  RetentionPolicy policy{
      .images_per_repo = row.Int(0),
      .retain_untagged = row.Bool(1),
      .deletion_threshold_days = std::nullopt,
      .order = ParseRetentionOrder(row.Text(3)).value_or(RetentionOrder::kCreated)};
  if (!row.IsNull(2)) policy.deletion_threshold_days = row.Int(2);
  return policy;
}

Status WritePolicy(db::Transaction& tx, const RegistryName& registry, const std::string& name_space,
                   const RetentionPolicy& policy, Timestamp now) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM retention_policy WHERE registry = $1 AND name_space = $2",
                           {registry, name_space}));
  if (policy == RetentionPolicy{}) return Ok();
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO retention_policy (registry, name_space, images_per_repo, retain_untagged, "
      "deletion_threshold_days, order_by, updated) VALUES ($1, $2, $3, $4, $5, $6, $7)",
      {registry, name_space, policy.images_per_repo, policy.retain_untagged,
       policy.deletion_threshold_days, ToString(policy.order), now}));
  return Ok();
}

// A deletion as the record of its own that every deletion has.
audit::Record RecordOf(const control::Caller& caller, const RepositoryPath& path,
                       const oci::Digest& digest, const json::Value& before) {
  const control::Resource image = path.Image(digest.text());
  audit::Record record;
  record.account = path.account;
  record.registry = path.registry;
  record.action = std::string(action::kImageDelete);
  record.initiator = control::ToInitiator(caller);
  record.target = {.crn = image.crn().ToString(),
                   .kind = image.kind,
                   .name = image.name,
                   .digest = digest.text()};
  record.severity = audit::Severity::kCritical;
  record.data_event = true;
  record.changes = audit::Differences(before, nullptr);
  return record;
}

bool IsRefusedByRule(const Error& error) {
  return error.reason() == "config_rule_denied";
}

struct NextRepository {
  std::string id;
  std::string name;
};

// The first repository after `after`, or from there, that has a manifest.
Result<std::optional<NextRepository>> FindNext(db::Transaction& tx, const RegistryName& registry,
                                               const std::string& name_space,
                                               const std::string& after, bool inclusive) {
  const NameRange range = RangesOf({name_space}, {}).front();
  return tx.QueryOne("SELECT r.id, r.name FROM repository r WHERE r.registry = $1 AND r.name " +
                         std::string(inclusive ? ">=" : ">") +
                         " $2 AND r.name < $3 AND EXISTS (SELECT 1 FROM manifest m WHERE "
                         "m.repository = r.id) ORDER BY r.name LIMIT 1",
                     {registry, std::max(after, range.from), range.to}, [](const db::Row& row) {
                       return NextRepository{row.String(0), row.String(1)};
                     });
}

void AddGoing(const JudgedImages& some, const std::set<oci::Digest>& refused,
              std::vector<oci::Digest>& going) {
  for (std::size_t i = 0; i < some.images.size(); ++i) {
    const oci::Digest& digest = some.images[i].digest;
    const bool goes = some.verdicts[i] == RetentionVerdict::kDelete;
    if (goes && !refused.contains(digest)) going.push_back(digest);
  }
}

}  // namespace

Result<RetentionPolicy> ReadRetentionPolicy(db::Transaction& tx, const RegistryName& registry,
                                            std::string_view name_space) {
  BW_TRY(const auto found,
         tx.QueryOne(std::string(kPolicyColumns) + "WHERE registry = $1 AND name_space = $2",
                     {registry, name_space}, PolicyFromRow));
  return found.value_or(RetentionPolicy{});
}

void Retention::Register() {
  deps_.jobs.Register(std::string(kJob), {}, [this](const jobs::Job& job) -> Status {
    BW_TRY_STATUS(Apply(RegistryName(std::string(json::FindText(job.payload, "registry"))),
                        std::string(json::FindText(job.payload, "namespace"))));
    return Ok();
  });
}

Result<RetentionPolicy> Retention::Get(const AccountId& account, const RegistryName& registry,
                                       std::string_view name_space) const {
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<RetentionPolicy> {
    BW_TRY_STATUS(Namespaces::GetOwned(tx, account, registry, name_space));
    return ReadRetentionPolicy(tx, registry, name_space);
  });
}

Result<std::map<std::string, RetentionPolicy>> Retention::List(
    const RegistryName& registry, const std::vector<std::string>& namespaces) const {
  std::map<std::string, RetentionPolicy> policies;
  for (const std::string& name : namespaces) policies[name];
  BW_TRY_STATUS(deps_.database.Read([&](db::Transaction& tx) {
    return tx.Query(std::string(kPolicyColumns) + "WHERE registry = $1", {registry},
                    [&](const db::Row& row) -> Status {
                      const auto found = policies.find(row.String(4));
                      if (found != policies.end()) found->second = PolicyFromRow(row);
                      return Ok();
                    });
  }));
  return policies;
}

Status Retention::Set(const control::Caller& caller, const AccountId& account,
                      const control::RegistryInfo& registry, const std::string& name_space,
                      const RetentionPolicy& policy) {
  BW_TRY_STATUS(Validate(policy));
  const auto known = deps_.database.ReadValue([&](db::Transaction& tx) {
    return Namespaces::GetOwned(tx, account, registry.name, name_space);
  });
  control::Change change;
  change.action = std::string(action::kRetentionSet);
  change.resource = control::NamespaceResource(account, registry.name, registry.region, name_space);
  change.resource.name = name_space;
  if (known.ok()) {
    change.resource.resource_group = known->resource_group;
    // A namespace that violates a rule about something else can still get a policy.
    change.weighed = control::Weigh(GovernedNamespace(registry, *known));
  }
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const Namespace owned, Namespaces::GetOwned(tx, account, registry.name, name_space));
    BW_TRY(const RetentionPolicy before, ReadRetentionPolicy(tx, registry.name, name_space));
    BW_TRY_STATUS(WritePolicy(tx, registry.name, name_space, policy, deps_.clock.Now()));
    BW_TRY_STATUS(
        deps_.jobs.Enqueue(tx, {.kind = std::string(kJob),
                                .payload = {{"registry", json::Text(registry.name.value())},
                                            {"namespace", json::Text(name_space)}},
                                .run_at = {},
                                .deduplication_key = registry.name.value() + "/" + name_space}));
    return control::Effect{
        ToJson(before), ToJson(policy), {GovernedNamespace(registry, owned)}, {}};
  };
  return deps_.changes.Submit(caller, change);
}

// What no row knows: of configurations too large for one, or older than their table or its columns.
Status Retention::ReadConfigs(const std::string& repository_id) const {
  const ContentReader reader(deps_.database, deps_.store);
  std::string after;
  while (true) {
    BW_TRY(const auto unknown, deps_.database.ReadValue([&](db::Transaction& tx) {
      return tx.QueryAll(
          "SELECT DISTINCT m.config_digest FROM manifest m JOIN blob b ON "
          "b.digest = m.config_digest WHERE m.repository = $1 AND m.config_digest > $2 AND NOT "
          "EXISTS (SELECT 1 FROM image_config c WHERE c.digest = m.config_digest AND c.platform IS "
          "NOT NULL) ORDER BY 1 LIMIT $3",
          {repository_id, after, kConfigsAtOnce},
          [](const db::Row& row) { return oci::Digest::Parse(row.Text(0)); });
    }));
    BW_TRY_STATUS(ReadImageConfigs(deps_.database, reader, unknown));
    if (unknown.size() < kConfigsAtOnce) return Ok();
    after = unknown.back().text();
  }
}

Result<std::optional<JudgedRepository>> Retention::JudgeNext(const RegistryName& registry,
                                                             const std::string& name_space,
                                                             const RetentionPolicy& policy,
                                                             const std::string& after,
                                                             Bound bound) const {
  BW_TRY(const auto next, deps_.database.ReadValue([&](db::Transaction& tx) {
    return FindNext(tx, registry, name_space, after, bound == Bound::kFrom);
  }));
  if (!next) return std::optional<JudgedRepository>();
  BW_TRY_STATUS(ReadConfigs(next->id));
  NewestImages newest(policy, deps_.clock.Now());
  std::vector<RetentionCandidate> images;
  do {
    const std::string last = images.empty() ? std::string() : images.back().digest.text();
    BW_TRY(images, deps_.database.ReadValue([&](db::Transaction& tx) {
      return CandidatesAfter(tx, registry, name_space, next->id, last, kCandidatesAtOnce);
    }));
    for (const RetentionCandidate& image : images) newest.Add(image);
  } while (images.size() == kCandidatesAtOnce);
  return std::optional(
      JudgedRepository{next->id, next->name, newest.judgement(), newest.digests()});
}

Result<std::optional<JudgedRepository>> Retention::GoOn(const RegistryName& registry,
                                                        const std::string& name_space,
                                                        const RetentionPolicy& policy,
                                                        const std::string& repository,
                                                        std::string_view judgement) const {
  const auto known = RetentionJudgement::FromText(judgement, policy, deps_.clock.Now());
  // What a client sends back may have been written by it.
  if (!known || oci::NamespaceOf(repository) != name_space) {
    return std::optional<JudgedRepository>();
  }
  BW_TRY(const auto id, deps_.database.ReadValue([&](db::Transaction& tx) {
    return FindRepository(tx, registry, repository);
  }));
  if (!id) return std::optional<JudgedRepository>();
  return std::optional(JudgedRepository{*id, repository, *known});
}

Result<JudgedImages> Retention::ImagesOf(const RegistryName& registry,
                                         const std::string& name_space,
                                         const JudgedRepository& judged, std::string_view digest,
                                         std::size_t most) const {
  most = std::clamp<std::size_t>(most, 1, kCandidatesAtOnce);
  JudgedImages some;
  BW_TRY(some.images, deps_.database.ReadValue([&](db::Transaction& tx) {
    return CandidatesAfter(tx, registry, name_space, judged.id, digest, most);
  }));
  for (const RetentionCandidate& image : some.images) {
    some.verdicts.push_back(judged.judgement.Of(image));
  }
  some.more = some.images.size() == most;
  return some;
}

Result<std::map<std::string, std::vector<std::string>>> Retention::TagsGoingAlong(
    const RegistryName& registry, const std::string& name_space, const std::string& repository,
    const std::vector<oci::Digest>& images) const {
  using Tags = std::map<std::string, std::vector<std::string>>;
  const RepositoryPath path{.registry = registry,
                            .region = {},
                            .account = {},
                            .name_space = name_space,
                            .resource_group = {},
                            .name = repository};
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<Tags> {
    Tags all;
    for (const oci::Digest& image : images) {
      const auto found = FindManifest(tx, path, oci::Reference(image));
      if (!found.ok() && found.error().code() == ErrorCode::kNotFound) continue;
      BW_TRY_STATUS(found.ok() ? Ok() : Status(found.error()));
      BW_TRY(const auto attachments, GoingAlong(tx, path, *found));
      for (const Attachment& one : attachments) {
        auto& tags = all[image.text()];
        tags.insert(tags.end(), one.tags.begin(), one.tags.end());
      }
    }
    return all;
  });
}

// Those of a piece that go. They are judged again in the transaction, with the newest that the
// policy keeps: those are enough to say that an image goes (Judge), and the rest of the repository
// need not be read for each piece.
Result<std::vector<oci::Digest>> Retention::StillGoing(db::Transaction& tx, const Place& place,
                                                       std::span<const oci::Digest> going) const {
  std::vector<oci::Digest> looked_at = place.newest;
  looked_at.insert(looked_at.end(), going.begin(), going.end());
  const RepositoryPath& path = place.path;
  BW_TRY(const RetentionPolicy policy, ReadRetentionPolicy(tx, path.registry, path.name_space));
  BW_TRY(const auto images,
         CandidatesAmong(tx, path.registry, path.name_space, place.repository_id, looked_at));
  const auto verdicts = Judge(policy, images, deps_.clock.Now());
  std::vector<oci::Digest> still;
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (verdicts[i] == RetentionVerdict::kDelete) still.push_back(images[i].digest);
  }
  return still;
}

// What loses something that is attached to it.
Result<std::set<oci::Digest>> Retention::OwnersOfAll(db::Transaction& tx,
                                                     const RepositoryPath& path,
                                                     const std::vector<oci::Digest>& going) const {
  std::set<oci::Digest> owners;
  if (deps_.rules == nullptr) return owners;
  for (const oci::Digest& digest : going) {
    BW_TRY(const FoundManifest found, FindManifest(tx, path, oci::Reference(digest)));
    BW_TRY(const Deletion deletion, PlanDeletion(tx, path, found));
    BW_TRY(auto some, OwnersLeft(tx, deletion));
    owners.merge(some);
  }
  return owners;
}

// Deletes one piece of what was judged; how many images.
Result<std::int64_t> Retention::DeletePiece(const Place& place, std::span<const oci::Digest> going,
                                            const control::Resource& about) {
  const RepositoryPath& path = place.path;
  const control::Caller caller = control::SystemCaller(path.account, "retention");
  std::vector<oci::Digest> doomed;
  std::set<oci::Digest> owners;
  GovernedContent content;
  control::Change change;
  change.action = std::string(action::kRetentionRun);
  change.resource = about;
  change.severity = audit::Severity::kCritical;
  change.weighed =
      control::WeighTaking([&](db::Transaction& tx) -> Result<std::vector<control::Resource>> {
        BW_TRY(content, GovernedContent::In(tx, deps_.rules, path));
        BW_TRY(doomed, StillGoing(tx, place, going));
        BW_TRY(owners, OwnersOfAll(tx, path, doomed));
        return content.Now(tx, owners);
      });
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    const Timestamp now = deps_.clock.Now();
    control::Effect all;
    BW_TRY(all.gone, content.Images(tx, {doomed.begin(), doomed.end()}));
    for (const oci::Digest& digest : doomed) {
      BW_TRY(const FoundManifest found, FindManifest(tx, path, oci::Reference(digest)));
      BW_TRY(const Deletion deletion, PlanDeletion(tx, path, found));
      BW_TRY(const control::Effect effect,
             MoveToTrash(tx, {caller, deps_.log}, path, deletion,
                         {.deleted = now, .expires = now + deps_.trash_life}));
      BW_TRY_STATUS(deps_.log.Append(tx, RecordOf(caller, path, found.digest, effect.before)));
      all.events.insert(all.events.end(), effect.events.begin(), effect.events.end());
    }
    BW_TRY_STATUS(content.TakenFrom(tx, owners, all));
    all.after = {{"deleted", doomed.size()}};
    return all;
  };
  BW_TRY_STATUS(deps_.changes.Submit(caller, change));
  return std::ssize(doomed);
}

// The same, one by one: a rule forbids that all of them go. How many were deleted or refused; the
// refusals are on record.
Result<std::int64_t> Retention::DeleteEach(const Place& place, std::span<const oci::Digest> going,
                                           std::set<oci::Digest>& refused) {
  std::int64_t done = 0;
  for (std::size_t i = 0; i < going.size(); ++i) {
    const auto deleted = DeletePiece(place, going.subspan(i, 1), place.path.Image(going[i].text()));
    if (deleted.ok()) {
      done += *deleted;
      continue;
    }
    if (!IsRefusedByRule(deleted.error())) return deleted.error();
    refused.insert(going[i]);
    ++done;
  }
  return done;
}

// Piece by piece, until one finds that what was judged is so no longer; how many images.
Result<std::int64_t> Retention::DeleteJudged(const control::RegistryInfo& registry,
                                             const Namespace& name_space,
                                             const JudgedRepository& judged,
                                             std::set<oci::Digest>& refused) {
  const Place place{.path = {.registry = registry.name,
                             .region = registry.region,
                             .account = name_space.account,
                             .name_space = name_space.name,
                             .resource_group = name_space.resource_group,
                             .name = judged.name},
                    .repository_id = judged.id,
                    .newest = judged.newest};
  control::Resource repository = place.path.Image("");
  repository.kind = "repository";
  repository.name = judged.name;
  const std::size_t refused_before = refused.size();
  const std::size_t at_once = std::clamp(place.newest.size(), kDeletedAtOnce, kMaxDeletedAtOnce);
  std::vector<oci::Digest> going;
  std::string last;
  std::int64_t all = 0;
  bool more = true;
  while (more || !going.empty()) {
    if (more && going.size() < at_once) {
      BW_TRY(const JudgedImages some,
             ImagesOf(registry.name, name_space.name, judged, last, kCandidatesAtOnce));
      AddGoing(some, refused, going);
      if (!some.images.empty()) last = some.images.back().digest.text();
      more = some.more;
      continue;
    }
    const auto piece = std::span(going).first(std::min(going.size(), at_once));
    auto done = DeletePiece(place, piece, repository);
    if (!done.ok() && IsRefusedByRule(done.error())) done = DeleteEach(place, piece, refused);
    if (!done.ok()) return std::move(done).error();
    all += *done;
    if (*done < std::ssize(piece)) break;
    going.erase(going.begin(), going.begin() + std::ssize(piece));
  }
  return all - static_cast<std::int64_t>(refused.size() - refused_before);
}

Result<std::int64_t> Retention::Apply(const RegistryName& registry, const std::string& name_space) {
  const control::RegistryInfo* info = deps_.registries.Find(registry);
  if (info == nullptr) return 0;  // configured once, not now
  BW_TRY(
      const auto found,
      deps_.database.ReadValue(
          [&](db::Transaction& tx) -> Result<std::pair<std::optional<Namespace>, RetentionPolicy>> {
            auto ns = Namespaces::Get(tx, registry, name_space);
            if (!ns.ok() && ns.error().code() != ErrorCode::kNotFound) return ns.error();
            BW_TRY(const RetentionPolicy policy, ReadRetentionPolicy(tx, registry, name_space));
            return std::pair(ns.ok() ? std::optional(*std::move(ns)) : std::nullopt, policy);
          }));
  const auto& [ns, policy] = found;
  if (!ns || policy.keeps_all()) return 0;
  std::int64_t all = 0;
  std::string after;
  std::set<oci::Digest> refused;  // of one repository: once in a run is enough
  while (true) {
    BW_TRY(const auto judged, JudgeNext(registry, name_space, policy, after));
    if (!judged) break;
    BW_TRY(const std::int64_t deleted, DeleteJudged(*info, *ns, *judged, refused));
    all += deleted;
    // Judged again while something goes: somebody may have changed what was judged.
    if (deleted > 0) continue;
    after = judged->name;
    refused.clear();
  }
  observe::Log(observe::Level::kInfo, "retention policy applied",
               {{"registry", registry.value()}, {"namespace", name_space}, {"deleted", all}});
  return all;
}

Result<std::int64_t> Retention::ApplyAll() {
  BW_TRY(const auto all, deps_.database.ReadValue([](db::Transaction& tx) {
    return tx.QueryAll(
        "SELECT registry, name_space FROM retention_policy ORDER BY registry, "
        "name_space",
        {},
        [](const db::Row& row) { return std::pair(RegistryName(row.String(0)), row.String(1)); });
  }));
  std::int64_t deleted = 0;
  std::optional<Error> first;  // one that fails keeps no other from it
  for (const auto& [registry, name_space] : all) {
    const auto some = Apply(registry, name_space);
    if (some.ok()) {
      deleted += *some;
    } else if (!first) {
      first = some.error();
    }
  }
  if (first) return *first;
  return deleted;
}

}  // namespace breakwater::registry
