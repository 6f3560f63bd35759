#include "registry/collector.h"

#include <algorithm>
#include <map>

#include "observe/log.h"
#include "registry/absent_layers.h"

namespace breakwater::registry {
namespace {

// Links removed in one transaction.
constexpr std::size_t kLinksAtOnce = 100;
// Blobs that may fail in one step before it is the store that is out of order.
constexpr std::int64_t kMaxFailures = 20;

constexpr std::string_view kNeeded =
    "EXISTS (SELECT 1 FROM manifest_reference e WHERE e.repository = l.repository "
    "AND e.target = l.digest AND e.kind <> 2)";

constexpr std::string_view kNames[] = {"idle", "links", "blobs", "bytes"};

// `o` is of a repository of the account.
constexpr std::string_view kOwn =
    "EXISTS (SELECT 1 FROM repository p JOIN namespace q ON q.registry = p.registry AND "
    "q.name = p.name_space WHERE p.id = o.repository AND q.account = $1)";

// The account's unneeded links with their sizes and the number of all of the account's that holds
// the same blob: links and deleted images. What can go comes first.
std::string UnneededOfAccount() {
  return "SELECT r.registry, r.name, l.digest, b.size, l.linked, l.leased_until, l.repository, "
         "(SELECT COUNT(*) FROM repository_blob o WHERE o.digest = l.digest AND " +
         std::string(kOwn) +
         ") + (SELECT COUNT(*) FROM trash_reference o WHERE o.target = l.digest AND o.kind <> 2 "
         "AND " +
         std::string(kOwn) +
         ") FROM namespace n JOIN repository r ON r.registry = n.registry AND "
         "r.name_space = n.name JOIN repository_blob l ON l.repository = r.id "
         "JOIN blob b ON b.digest = l.digest WHERE n.account = $1 AND NOT " +
         std::string(kNeeded) + " ORDER BY l.leased_until, l.repository, l.digest LIMIT $2";
}

void Report(const oci::Digest& digest, const Error& error) {
  observe::LogError(observe::Level::kWarning, "a blob is left to the next collection", error,
                    {{"digest", digest.text()}});
}

// Whether the whole store seems to be gone, so that going on is in vain.
Status GiveUpAfter(std::int64_t failed, const Error& error) {
  return failed < kMaxFailures ? Ok() : Status(error);
}

Result<std::vector<oci::Digest>> WithoutRow(db::Transaction& tx,
                                            const std::vector<oci::Digest>& digests) {
  std::vector<oci::Digest> unknown;
  for (const oci::Digest& digest : digests) {
    BW_TRY(const bool known, StoreHolds(tx, digest));
    if (!known) unknown.push_back(digest);
  }
  return unknown;
}

struct FoundLink {
  UnneededLink link;
  std::string repository_id;
  std::int64_t links = 0;  // of all of the account's that holds its blob
};

Result<FoundLink> FromRow(const db::Row& row) {
  BW_TRY(oci::Digest digest, oci::Digest::Parse(row.Text(2)));
  return FoundLink{.link = {.registry = RegistryName(row.String(0)),
                            .repository = row.String(1),
                            .digest = std::move(digest),
                            .size = static_cast<std::uint64_t>(row.Int(3)),
                            .linked = row.Time(4),
                            .leased_until = row.Time(5)},
                   .repository_id = row.String(6),
                   .links = row.Int(7)};
}

// Blobs of which these are all the links.
std::map<oci::Digest, std::uint64_t> LastLinks(const std::vector<FoundLink>& links) {
  std::map<oci::Digest, std::int64_t> left;
  for (const FoundLink& one : links) --left.try_emplace(one.link.digest, one.links).first->second;
  std::map<oci::Digest, std::uint64_t> last;
  for (const FoundLink& one : links) {
    if (left[one.link.digest] == 0) last[one.link.digest] = one.link.size;
  }
  return last;
}

}  // namespace

Result<Collector::State> Collector::Load(db::Transaction& tx) {
  BW_TRY(auto found, tx.QueryOne("SELECT phase, repository, digest, since FROM collection", {},
                                 [](const db::Row& row) {
                                   const auto* name = std::ranges::find(kNames, row.Text(0));
                                   return State{
                                       .phase = static_cast<Phase>(name - std::begin(kNames)),
                                       .repository = row.String(1),
                                       .digest = row.String(2),
                                       .since = row.Time(3)};
                                 }));
  return found ? *std::move(found) : State{};
}

Status Collector::Save(db::Transaction& tx, const State& state) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO collection (one, phase, repository, digest, since) VALUES (1, $1, $2, $3, $4) "
      "ON CONFLICT (one) DO UPDATE SET phase = excluded.phase, repository = excluded.repository, "
      "digest = excluded.digest, since = excluded.since",
      {kNames[static_cast<std::size_t>(state.phase)], state.repository, state.digest,
       state.since}));
  return Ok();
}

void Collector::Enter(Phase phase, State& state) const {
  state = {.phase = phase, .repository = {}, .digest = {}, .since = clock_.Now()};
}

Result<Collector::Progress> Collector::Step() {
  BW_TRY(State state, home_.database.ReadValue(Load));
  if (state.phase == Phase::kIdle) {
    if (clock_.Now() < state.since + options_.pause) return Progress{.idle = true};
    Enter(Phase::kLinks, state);
  }
  Progress progress;
  if (state.phase == Phase::kLinks) {
    BW_TRY(progress, StepOverLinks(state));
  } else if (state.phase == Phase::kBlobs) {
    BW_TRY(progress, StepOverBlobs(state));
  } else {
    BW_TRY(progress, StepOverBytes(state));
  }
  BW_TRY_STATUS(home_.database.Write([&](db::Transaction& tx) { return Save(tx, state); },
                                     db::Isolation::kStatement));
  return progress;
}

Result<Collector::Progress> Collector::Run(std::chrono::steady_clock::time_point deadline) {
  Progress all;
  do {
    BW_TRY(const Progress step, Step());
    all.idle = step.idle;
    all.links += step.links;
    all.blobs += step.blobs;
    all.orphans += step.orphans;
    all.failed += step.failed;
  } while (!all.idle && std::chrono::steady_clock::now() < deadline);
  if (all.links + all.blobs + all.orphans + all.failed > 0) {
    observe::Log(observe::Level::kInfo, "garbage collected",
                 {{"links", all.links},
                  {"blobs", all.blobs},
                  {"orphans", all.orphans},
                  {"failed", all.failed}});
  }
  return all;
}

Result<Collector::Progress> Collector::StepOverLinks(State& state) {
  const Timestamp now = clock_.Now();
  std::vector<Link> unneeded;
  std::optional<Link> last;
  std::size_t looked_at = 0;
  bool any_lapsed = false;
  BW_TRY_STATUS(home_.database.Read([&](db::Transaction& tx) -> Status {
    unneeded.clear();
    looked_at = 0;
    BW_TRY(any_lapsed, AnyLapsedLink(tx, now));
    return tx.Query(
        "SELECT l.repository, l.digest, CASE WHEN l.leased_until > $3 OR " + std::string(kNeeded) +
            " THEN 0 ELSE 1 END FROM repository_blob l WHERE l.repository > $1 "
            "OR (l.repository = $1 AND l.digest > $2) ORDER BY l.repository, l.digest LIMIT $4",
        {state.repository, state.digest, now, options_.batch}, [&](const db::Row& row) -> Status {
          ++looked_at;
          last = Link{row.String(0), row.String(1)};
          if (row.Bool(2)) unneeded.push_back(*last);
          return Ok();
        });
  }));
  if (any_lapsed) {
    // As many as a step can add, so that they do not pile up.
    BW_TRY_STATUS(home_.database.Write(
        [&](db::Transaction& tx) { return ForgetLapsedLinks(tx, now, options_.batch); }));
  }
  Progress progress;
  for (std::size_t at = 0; at < unneeded.size(); at += kLinksAtOnce) {
    const auto end = unneeded.begin() +
                     static_cast<std::ptrdiff_t>(std::min(at + kLinksAtOnce, unneeded.size()));
    BW_TRY(const std::int64_t removed,
           RemoveLinks({unneeded.begin() + static_cast<std::ptrdiff_t>(at), end}));
    progress.links += removed;
  }
  if (looked_at < options_.batch) {
    Enter(Phase::kBlobs, state);
  } else {
    state.repository = last->repository;
    state.digest = last->digest;
  }
  return progress;
}

Result<std::int64_t> Collector::RemoveLinks(const std::vector<Link>& links) {
  return home_.database.WriteValue([&](db::Transaction& tx) -> Result<std::int64_t> {
    std::int64_t removed = 0;
    for (const Link& link : links) {
      BW_TRY(const std::int64_t count,
             tx.Execute("DELETE FROM repository_blob WHERE repository = $1 AND digest = $2 "
                        "AND leased_until <= $3 AND NOT EXISTS (SELECT 1 FROM manifest_reference e "
                        "WHERE e.repository = $1 AND e.target = $2 AND e.kind <> 2)",
                        {link.repository, link.digest, clock_.Now()}));
      if (count > 0) BW_TRY_STATUS(NoteLapsedLink(tx, link.repository, link.digest, clock_.Now()));
      removed += count;
    }
    return removed;
  });
}

Result<Collector::Progress> Collector::StepOverBlobs(State& state) {
  struct Candidate {
    std::string digest;
    bool held = false;  // by a repository or the trash
  };
  BW_TRY(const auto batch, home_.database.ReadValue([&](db::Transaction& tx) {
    return tx.QueryAll(
        "SELECT b.digest, CASE WHEN EXISTS (SELECT 1 FROM repository_blob l WHERE "
        "l.digest = b.digest) OR EXISTS (SELECT 1 FROM audit_segment s WHERE s.digest = "
        "b.digest) OR EXISTS (SELECT 1 FROM trash_reference t WHERE t.target = b.digest AND "
        "t.kind <> 2) THEN 1 ELSE 0 END FROM blob b WHERE b.digest > $1 "
        "ORDER BY b.digest LIMIT $2",
        {state.digest, options_.batch},
        [](const db::Row& row) { return Candidate{row.String(0), row.Bool(1)}; });
  }));
  Progress progress;
  for (const Candidate& candidate : batch) {
    if (candidate.held) continue;
    BW_TRY(const oci::Digest digest, oci::Digest::Parse(candidate.digest));
    const auto removed = RemoveUnlinked(home_, digest, clock_.Now());
    if (removed.ok()) {
      progress.blobs += *removed ? 1 : 0;
      continue;
    }
    Report(digest, removed.error());
    BW_TRY_STATUS(GiveUpAfter(++progress.failed, removed.error()));
  }
  if (batch.size() < options_.batch) {
    Enter(Phase::kBytes, state);
  } else {
    state.digest = batch.back().digest;
  }
  return progress;
}

// Bytes without a row are left by a crash or a failed transaction after the commit, and where a
// small blob was staged for want of memory though it is a row already. Their age does not matter:
// whoever has committed bytes holds their digest until the row is there.
Result<Collector::Progress> Collector::StepOverBytes(State& state) const {
  BW_TRY(const auto batch, BytesAfter(state.digest));
  BW_TRY(const auto orphans,
         home_.database.ReadValue([&](db::Transaction& tx) { return WithoutRow(tx, batch); }));
  Progress progress;
  for (const oci::Digest& digest : orphans) {
    const auto removed = [&]() -> Result<bool> {
      BW_TRY(const auto hold, home_.locks.Acquire(digest, DigestUse::kRemove, 0));
      return RemoveUnrecorded(home_, digest, *hold);
    }();
    if (removed.ok()) {
      progress.orphans += *removed ? 1 : 0;
      continue;
    }
    Report(digest, removed.error());
    BW_TRY_STATUS(GiveUpAfter(++progress.failed, removed.error()));
  }
  if (batch.size() < options_.batch) {
    Enter(Phase::kIdle, state);
  } else {
    state.digest = batch.back().text();
  }
  return progress;
}

Result<std::vector<oci::Digest>> Collector::BytesAfter(const std::string& digest) const {
  std::vector<oci::Digest> batch;
  const Status listed = home_.store.ListAfter(digest, [&](const oci::Digest& one, std::uint64_t) {
    batch.push_back(one);
    return batch.size() < options_.batch ? Ok() : Status(TooLarge("the batch is full"));
  });
  if (!listed.ok() && batch.size() < options_.batch) return listed.error();
  return batch;
}

Result<Collector::Progress> Collector::RemoveOrphans() const {
  Progress all;
  State state{.phase = Phase::kBytes, .repository = {}, .digest = {}, .since = {}};
  while (state.phase == Phase::kBytes) {
    BW_TRY(const Progress step, StepOverBytes(state));
    all.orphans += step.orphans;
    all.failed += step.failed;
  }
  return all;
}

Result<Collection> Collector::CollectFor(const AccountId& account, bool dry_run) {
  const Timestamp now = clock_.Now();
  BW_TRY(auto found, home_.database.ReadValue([&](db::Transaction& tx) {
    return tx.QueryAll(UnneededOfAccount(), {account, kMaxCollected + 1}, FromRow);
  }));
  Collection collection;
  collection.more = found.size() > kMaxCollected;
  if (collection.more) found.pop_back();
  std::vector<FoundLink> due;
  for (FoundLink& one : found) {
    if (one.link.leased_until > now) {
      collection.held.push_back(std::move(one.link));
    } else {
      due.push_back(std::move(one));
    }
  }
  std::vector<FoundLink> removed;
  for (FoundLink& one : due) {
    if (!dry_run) {
      BW_TRY(const std::int64_t count, RemoveLinks({{one.repository_id, one.link.digest.text()}}));
      if (count == 0) continue;  // a push needs it by now
    }
    collection.removed.push_back(one.link);
    removed.push_back(std::move(one));
  }
  for (const auto& [digest, size] : LastLinks(removed)) {
    if (!dry_run) {
      const auto freed = RemoveUnlinked(home_, digest, clock_.Now());
      if (!freed.ok()) {
        Report(digest, freed.error());
        continue;
      }
    }
    ++collection.freed_blobs;
    collection.freed_bytes += size;
  }
  return collection;
}

}  // namespace breakwater::registry
