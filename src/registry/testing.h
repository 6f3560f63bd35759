// A registry of one's own for tests of any folder: real database and blob store in a temporary
// folder, real path for change, an authorizer that can be told.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "audit/log.h"
#include "audit/recorder.h"
#include "base/testing.h"
#include "blob/fs/fs_blob_store.h"
#include "control/change.h"
#include "control/registries.h"
#include "db/testing.h"
#include "jobs/jobs.h"
#include "registry/admission.h"
#include "registry/blobs.h"
#include "registry/collector.h"
#include "registry/content_reader.h"
#include "registry/image_list.h"
#include "registry/last_pulls.h"
#include "registry/manifests.h"
#include "registry/namespaces.h"
#include "registry/quota_facts.h"
#include "registry/retention.h"
#include "registry/settings.h"
#include "registry/tag_immutability.h"
#include "registry/trash.h"
#include "registry/uploads.h"

namespace breakwater::registry::testing {

inline constexpr const char* kRegistry = "us.icr.example";

// Allows everything until told otherwise.
class ToldAuthorizer final : public control::Authorizer {
 public:
  using Rule = std::function<Status(const control::Caller&, std::string_view action,
                                    const control::Resource&)>;
  Status Authorize(const control::Caller& caller, std::string_view action,
                   const control::Resource& resource) override {
    return rule ? rule(caller, action, resource) : Ok();
  }
  Rule rule;
};

// Refuses whatever `refuses` says.
class ToldGate final : public control::Gate {
 public:
  Result<control::Judgement> Judge(db::Transaction&, const control::Caller&,
                                   const control::Resource&, const condition::Facts& facts,
                                   const control::Before*) override {
    control::Judgement judgement;
    if (refuses && refuses(facts)) {
      judgement.refusal = Denied("a rule forbids this").Reason("config_rule_denied");
    }
    return judgement;
  }
  std::function<bool(const condition::Facts&)> refuses;
};

// Passes everything on to another store, but the n-th call fails with kUnavailable, before or after
// it is done.
class FaultyStore final : public blob::BlobStore {
 public:
  explicit FaultyStore(std::unique_ptr<blob::BlobStore>& inner) : inner_(inner) {}

  // Counting starts anew. n counts from 1; 0 never fails.
  void FailCall(int n, bool after) {
    count_ = 0;
    fail_at_ = n;
    after_ = after;
    fired_ = false;
  }
  bool fired() const { return fired_; }

  Result<std::unique_ptr<blob::Staged>> Stage() override;
  Result<std::unique_ptr<blob::Staged>> Resume(const std::string& staged_id) override;
  Status Discard(const std::string& staged_id) override;
  std::vector<Status> Commit(std::span<const blob::CommitItem> items) override;
  // Before each call is done: "stage", "resume", "discard", "append", "flush", "read", "commit",
  // "open", "remove".
  std::function<void(std::string_view call)> on_call;
  Result<std::unique_ptr<blob::Blob>> Open(const oci::Digest& digest) override;
  std::optional<std::string> PresignGet(const oci::Digest& digest,
                                        std::chrono::seconds life) const override {
    return presign ? presign(digest, life) : inner_->PresignGet(digest, life);
  }
  // What PresignGet gives instead of the inner store's.
  std::function<std::optional<std::string>(const oci::Digest&, std::chrono::seconds)> presign;
  Status Remove(const oci::Digest& digest) override;
  Result<std::optional<std::string>> Owner() override { return inner_->Owner(); }
  Status Claim(const std::string& owner) override { return inner_->Claim(owner); }
  Status ListStaged(const std::function<Status(const StagedInfo&)>& visit) override {
    return inner_->ListStaged(visit);
  }
  Status ListAfter(std::string_view after, const VisitBlob& visit) override {
    return inner_->ListAfter(after, visit);
  }

 private:
  class FaultyStaged;
  // Whether this call is the one to fail.
  bool Count(std::string_view call) {
    if (on_call) on_call(call);
    const bool now = ++count_ == fail_at_;
    if (now) fired_ = true;
    return now;
  }
  template <class R, class F>
  R Run(std::string_view name, F call);

  std::unique_ptr<blob::BlobStore>& inner_;
  std::atomic<int> count_{0};
  std::atomic<int> fail_at_{0};
  std::atomic<bool> after_{false};
  std::atomic<bool> fired_{false};
};

// Gives `bytes`, then fails as a dropped connection does.
class DroppedSource final : public io::Source {
 public:
  explicit DroppedSource(std::string_view bytes) : source_(bytes) {}
  Result<std::size_t> Read(std::span<std::byte> out) override {
    BW_TRY(const std::size_t count, source_.Read(out));
    if (count == 0) return Unavailable("the client has gone");
    return count;
  }

 private:
  io::StringSource source_;
};

// Gives pieces one read each, and acts before each but the first.
class ActingSource final : public io::Source {
 public:
  ActingSource(std::string piece, std::vector<std::function<void()>> acts)
      : piece_(std::move(piece)), acts_(std::move(acts)) {}
  Result<std::size_t> Read(std::span<std::byte> out) override {
    if (step_ > acts_.size()) return 0;
    if (step_ > 0) acts_[step_ - 1]();
    ++step_;
    const std::size_t count = std::min(out.size(), piece_.size());
    std::copy_n(AsBytes(piece_).begin(), count, out.begin());
    return count;
  }

 private:
  std::string piece_;
  std::vector<std::function<void()>> acts_;
  std::size_t step_ = 0;
};

// Bytes without much repetition.
inline std::string Bytes(std::size_t count, char seed = 'a') {
  std::string bytes(count, '\0');
  for (std::size_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<char>((i * 31 + i / 251 + static_cast<unsigned char>(seed)) % 256);
  }
  return bytes;
}

// The services over one database and one store; may be made anew over the same, as by a restart.
struct Services {
  Services(db::Database& database, blob::BlobStore& store, const Clock& clock,
           const control::Registries& registries, control::ChangePath& changes, jobs::Jobs& jobs,
           UploadOptions upload_options, SettingsService::Options settings_options = {},
           bool accept_absent_layers = false)
      : settings(settings_options, database, clock, registries, changes),
        namespaces(database, clock, changes),
        blobs(database, store, clock, {&jobs, &admission}),
        locks(upload_options.shared ? NewSharedDigestLocks(database, clock)
                                    : NewLocalDigestLocks()),
        uploads(std::move(upload_options), database, store, *locks, clock, {&jobs, &admission}),
        collector({}, {database, store, *locks}, clock),
        quotas(Plan::kStandard, database, clock, changes),
        quota_facts(registries, quotas, clock),
        traffic(database, clock, quotas, jobs),
        admission({}, database, clock, traffic),
        last_pulls(database, clock),
        manifests({.accept_absent_layers = accept_absent_layers, .admission = &admission}, database,
                  clock, changes),
        trash(database, clock, registries, changes, &admission),
        tag_immutability(database, clock, registries, changes),
        content(database, store),
        images(database, store) {}

  SettingsService settings;
  Namespaces namespaces;
  Blobs blobs;
  std::unique_ptr<DigestLocks> locks;
  Uploads uploads;
  Collector collector;
  Quotas quotas;
  QuotaFacts quota_facts;
  Traffic traffic;
  Admission admission;
  LastPulls last_pulls;
  Manifests manifests;
  Trash trash;
  TagImmutability tag_immutability;
  ContentReader content;
  ImageList images;
};

inline UploadOptions TestUploadOptions() {
  UploadOptions options;
  options.key = Secret("a key of this test alone, 32 bytes");
  return options;
}

// Everything above the services.
struct World {
  World() {
    auto opened = blob::OpenFsBlobStore(
        {.root = directory.path(), .durability = blob::Durability::kNone, .sync_threads = 2});
    BW_CHECK(opened.ok());
    disk = *std::move(opened);
    for (const char* type :
         {"image.pushed", "image.completed", "image.deleted", "tag.deleted", "namespace.deleted"}) {
      const std::string kind = std::string("witness.") + type;
      jobs->Register(kind, {}, [this, type = std::string(type)](const jobs::Job& job) {
        events.push_back({type, job.payload});
        return Ok();
      });
      jobs->Subscribe(type, kind);
    }
    retention.Register();
    Restart();
  }

  // Forgets what is in memory.
  void Restart() {
    services = std::make_unique<Services>(database, store, clock, registries, changes, *jobs,
                                          upload_options, SettingsService::Options{},
                                          accept_absent_layers);
    facts = {};
    facts.Add(services->settings);
    facts.Add(services->tag_immutability);
    facts.Add(services->quota_facts);
  }

  const control::RegistryInfo& registry() const { return registries.all().front(); }
  control::Caller Caller(const char* account = "acc") const {
    control::Caller caller;
    caller.actor.kind = control::IdentityKind::kUser;
    caller.actor.account = AccountId(account);
    caller.actor.iam_id = IamId(std::string("IBMid-") + account);
    caller.actor.name = "one";
    caller.actor.credential = "apikey";
    caller.origin.request_id = "req-1";
    return caller;
  }
  // A repository in a namespace that is there afterwards.
  RepositoryPath Repository(const std::string& name, const char* account = "acc") {
    const auto made = services->namespaces.Create(Caller(account), AccountId(account), registry(),
                                                  name.substr(0, name.find('/')), "");
    BW_CHECK(made.ok());
    auto path = services->namespaces.Resolve(registry(), name);
    BW_CHECK(path.ok());
    return *std::move(path);
  }
  Status PushBlob(const RepositoryPath& path, const std::string& bytes) {
    io::StringSource source(bytes);
    return services->uploads.Push(path, Caller().actor,
                                  {.source = &source, .length = bytes.size(), .range = {}},
                                  oci::Digest::Of(AsBytes(bytes)));
  }
  // Under a tag, or a digest's text.
  Status PushManifest(const RepositoryPath& path, const std::string& content,
                      std::string_view reference) {
    BW_TRY(auto parsed, oci::Reference::Parse(reference));
    BW_TRY_STATUS(services->manifests.Put(
        Caller(), path,
        {.content = content, .content_type = "", .reference = std::move(parsed), .tags = {}}));
    return Ok();
  }
  std::string ReadBlob(const RepositoryPath& path, const oci::Digest& digest) {
    auto opened = services->blobs.Open(path, digest);
    if (!opened.ok()) return "(" + opened.error().reason() + ")";
    const std::uint64_t size = opened->size;
    auto source = (*std::move(opened)).Read(0, size);
    if (!source.ok()) return "(" + source.error().reason() + ")";
    auto bytes = io::ReadAll(**source, size);
    return bytes.ok() ? *std::move(bytes) : "(" + bytes.error().reason() + ")";
  }
  std::int64_t Count(const std::string& table) {
    return *owner->database().ReadValue([&](db::Transaction& tx) -> Result<std::int64_t> {
      BW_TRY(const auto count, tx.QueryOne("SELECT COUNT(*) FROM " + table, {},
                                           [](const db::Row& row) { return row.Int(0); }));
      return *count;
    });
  }
  // A whole run over the installation.
  Collector::Progress Collect() {
    clock.Advance(CollectorOptions{}.pause);
    auto progress = services->collector.Run(std::chrono::steady_clock::time_point::max());
    BW_CHECK(progress.ok());
    return *progress;
  }
  // What a policy would delete of a namespace: row ids of repositories, and digests.
  std::vector<std::pair<std::string, std::string>> GoingBy(const std::string& name_space,
                                                           const RetentionPolicy& policy) const;
  std::size_t StagedCount() {
    std::size_t count = 0;
    BW_CHECK(disk->ListStaged([&](const auto&) -> Status {
                   ++count;
                   return Ok();
                 })
                 .ok());
    return count;
  }

  UploadOptions upload_options = TestUploadOptions();  // from the next Restart on
  bool accept_absent_layers = false;                   // the same
  breakwater::testing::TempDir directory;
  std::unique_ptr<db::testing::TestDatabase> owner = db::testing::OpenTestDatabase();
  db::testing::FaultyDatabase database{owner->database()};  // fails only when told
  breakwater::testing::ManualClock clock;
  std::unique_ptr<blob::BlobStore> disk;
  FaultyStore store{disk};  // fails only when told
  control::Registries registries{{{.name = RegistryName(kRegistry),
                                   .region = "us-south",
                                   .public_hosts = {kRegistry},
                                   .private_hosts = {}}}};
  audit::Log log{database, clock};
  std::unique_ptr<jobs::Jobs> jobs = jobs::NewJobs({.owner = "test"}, database, clock);
  ToldAuthorizer authorizer;
  ToldGate gate;
  control::FactSources facts;
  control::ChangePath changes{database, log, *jobs, authorizer, gate, facts};
  // Writes when it is told to.
  audit::Recorder recorder{{.process = "test", .account = AccountId("acc")}, database, log, clock};
  Retention retention{
      {database, store, clock, registries, changes, log, *jobs, ManifestOptions{}.trash_life}};
  std::unique_ptr<Services> services;
  std::vector<std::pair<std::string, json::Value>> events;
};

// A manifest of an image with this configuration and these layers.
std::string ImageManifest(const std::string& config, const std::vector<std::string>& layers,
                          std::string_view more = "");

}  // namespace breakwater::registry::testing
