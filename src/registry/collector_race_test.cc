// The collector against pushes, mounts and deletions that go on at the same time. Between any two
// steps of one, all others may take theirs: threads take turns, and a seed says whose is next.
//
// What must hold at every moment: of a manifest whose push was acknowledged, and that nobody has
// deleted, every blob can be read, byte for byte.
#include <atomic>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "base/strings.h"
#include "base/sync.h"
#include "observe/log.h"
#include "registry/pausing_database.h"
#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using testing::Bytes;
using testing::ImageManifest;
using testing::PausingDatabase;
using testing::World;

// More than a row takes, so that it lies in the store.
constexpr std::size_t kLayer = kMaxInlineBlob + 1000;
constexpr int kRounds = 200;
constexpr int kRoundsAtOnce = 30;

// How many: more in a soak.
int Rounds(int usual) {
  const char* told = std::getenv("BREAKWATER_TEST_ROUNDS");
  return told == nullptr ? usual : static_cast<int>(*ParseInt(told));
}

// Lets one of several threads run at a time.
class Turns {
 public:
  explicit Turns(std::uint64_t seed) : random_(seed) {}

  void Run(const std::vector<std::function<void()>>& actors) {
    {
      MutexLock lock(mutex_);
      for (std::size_t i = 0; i < actors.size(); ++i) waiting_[i] = random_() % 4 == 0 ? 10 : 1;
      Choose();
    }
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < actors.size(); ++i) {
      threads.emplace_back([this, i, &actors] {
        mine_ = i;
        Await(i);
        actors[i]();
        MutexLock lock(mutex_);
        waiting_.erase(i);
        Choose();
        mine_.reset();
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  // Whoever is next goes on here. Other threads than those of Run pass.
  void Pause() {
    if (!mine_) return;
    {
      MutexLock lock(mutex_);
      Choose();
    }
    Await(*mine_);
  }

 private:
  void Choose() BW_REQUIRES(mutex_) {
    if (waiting_.empty()) return;
    std::uint64_t all = 0;
    for (const auto& [i, weight] : waiting_) all += weight;
    std::uint64_t drawn = random_() % all;
    for (const auto& [i, weight] : waiting_) {
      next_ = i;
      if (drawn < weight) break;
      drawn -= weight;
    }
    changed_.notify_all();
  }
  void Await(std::size_t i) {
    MutexLock lock(mutex_);
    while (next_ != i) changed_.wait(mutex_);
  }

  static thread_local std::optional<std::size_t> mine_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::mt19937_64 random_ BW_GUARDED_BY(mutex_);
  // Who has not ended, and how fast it is.
  std::map<std::size_t, std::uint64_t> waiting_ BW_GUARDED_BY(mutex_);
  std::optional<std::size_t> next_ BW_GUARDED_BY(mutex_);
};
thread_local std::optional<std::size_t> Turns::mine_;

// Digest locks that pass the turn on while they wait.
class PausingLocks final : public DigestLocks {
 public:
  explicit PausingLocks(std::function<void()> pause) : pause_(std::move(pause)) {}
  Result<std::unique_ptr<Hold>> Acquire(const oci::Digest& digest, DigestUse,
                                        std::uint64_t) override {
    pause_();
    while (!held_.insert(digest).second) pause_();
    return std::unique_ptr<Hold>(std::make_unique<OneHold>(held_, digest));
  }

 private:
  class OneHold final : public Hold {
   public:
    OneHold(std::set<oci::Digest>& held, oci::Digest digest)
        : held_(held), digest_(std::move(digest)) {}
    ~OneHold() override { held_.erase(digest_); }
    Status Confirm(db::Transaction&, DigestUse) override { return Ok(); }
    Status Release(db::Transaction&) override { return Ok(); }
    void Leave() override {}

   private:
    std::set<oci::Digest>& held_;
    const oci::Digest digest_;
  };
  const std::function<void()> pause_;
  std::set<oci::Digest> held_;  // one thread runs at a time
};

// An image as a client has it.
struct Image {
  std::string config;
  std::string layer;
  std::string manifest;

  oci::Digest digest() const { return oci::Digest::Of(AsBytes(manifest)); }
};

Image NewImage(std::string config, std::string layer) {
  std::string manifest = ImageManifest(config, {layer});
  return {.config = std::move(config), .layer = std::move(layer), .manifest = std::move(manifest)};
}

// One registry over which rounds are played.
class Arena {
 public:
  // `around` is called before and after each transaction and before each call of the store,
  // `inside` before each statement.
  Arena(const std::function<void()>& around, const std::function<void()>& inside,
        std::unique_ptr<DigestLocks> locks)
      : locks_(std::move(locks)) {
    observe::SetLowestLevel(observe::Level::kWarning);
    database_.around = around;
    database_.inside = [inside](std::string_view) { inside(); };
    world_.store.on_call = [around](std::string_view) { around(); };
  }

  // Plays one round. `run` runs actors at once.
  using Run = std::function<void(const std::vector<std::function<void()>>&)>;
  void Play(std::uint64_t seed, const Run& run) {
    std::mt19937_64 random(seed);
    const std::string name = std::to_string(seed);
    const std::string layer = Bytes(kLayer, static_cast<char>(seed % 256)) + name;
    const Image old = NewImage("old " + name, layer);
    const Image one = NewImage("one " + name, layer);
    const Image other = NewImage("other " + name, layer);
    // Whether the registry takes sparse images must make no difference to whole ones.
    manifests_ = seed % 2 == 0 ? &strict_ : &lenient_;
    Prepare(random, old);

    const std::uint64_t chosen = random();
    const bool unlinks = (chosen & 1) != 0;
    const bool time_passes = (chosen & 2) != 0;
    may_miss_ = unlinks || time_passes;
    pushing_ = 2;
    std::vector<std::function<void()>> actors = {
        [&] { Push(here_, one, /*mount=*/false), --pushing_; },
        [&] { Push(here_, other, /*mount=*/(chosen & 4) != 0), --pushing_; },
        [&] { CollectWhilePushing(); },
    };
    if (unlinks) actors.emplace_back([&] { Unlink(layer); });
    if (time_passes) actors.emplace_back([&] { PassTime(); });
    if (chosen & 8) actors.emplace_back([&] { Delete(old); });
    if (chosen & 16) actors.emplace_back([&] { CollectWhilePushing(); });
    if (chosen & 32) actors.emplace_back([&] { Pull(here_, one, 3); });
    run(actors);

    for (const Image& image : {one, other}) ExpectWhole(here_, image);
    ExpectGoneAfterDeletion({old, one, other});
  }

 private:
  // What the round begins with: nothing, the layer with a lease that is over, or nearly, or the old
  // image in one of the repositories or both.
  void Prepare(std::mt19937_64& random, const Image& old) {
    const std::uint64_t begin = random() % 8;
    if (begin == 0) return;
    if (begin < 5) {
      EXPECT_TRUE(PushBlob(here_, old.layer, true).ok());
      const auto left = begin == 4 ? kLeaseAtHead : std::chrono::hours{0};
      return world_.clock.Advance(kBlobLease - left);
    }
    if (begin != 6) Push(there_, old, false);
    if (begin != 7) Push(here_, old, false);
  }

  Status PushBlob(const RepositoryPath& path, const std::string& bytes, bool in_chunks) {
    const oci::Digest digest = oci::Digest::Of(AsBytes(bytes));
    const control::Actor actor = world_.Caller().actor;
    if (!in_chunks) {
      io::StringSource whole(bytes);
      return uploads_.Push(path, actor, {.source = &whole, .length = {}, .range = {}}, digest);
    }
    BW_TRY(const UploadView view, uploads_.Start(path, actor, {}));
    io::StringSource first(std::string_view(bytes).substr(0, bytes.size() / 2));
    BW_TRY_STATUS(uploads_.Append(view.id, {.source = &first, .length = {}, .range = {}}));
    io::StringSource rest(std::string_view(bytes).substr(bytes.size() / 2));
    return uploads_.Finish(view.id, {.source = &rest, .length = {}, .range = {}}, digest);
  }

  // As clients do: asks for each blob, sends what is not there, then the manifest; and once more
  // what it is told is missing.
  void Push(const RepositoryPath& path, const Image& image, bool mount) {
    for (int attempt = 0; attempt < 50; ++attempt) {
      for (const std::string& blob : {image.layer, image.config}) {
        const oci::Digest digest = oci::Digest::Of(AsBytes(blob));
        if (blobs_.Head(path, digest).ok()) continue;
        if (mount && blobs_.Mount(path, digest, there_.name).value_or(false)) continue;
        const Status pushed = PushBlob(path, blob, /*in_chunks=*/attempt % 2 == 1);
        ASSERT_TRUE(pushed.ok()) << pushed.error().message() << " " << pushed.error().log();
      }
      const auto put = manifests_->Put(world_.Caller(), path,
                                       {.content = image.manifest,
                                        .content_type = "",
                                        .reference = *oci::Reference::Parse(image.digest().text()),
                                        .tags = {}});
      if (put.ok()) return ExpectWhole(path, image);
      ASSERT_EQ(put.error().reason(), "manifest_blob_unknown");
      // What it was told is there, or has sent, is leased to it.
      ASSERT_TRUE(may_miss_);
    }
    FAIL() << "the push does not come to an end";
  }

  void Pull(const RepositoryPath& path, const Image& image, int times) {
    for (int i = 0; i < times; ++i) {
      const oci::Reference reference = *oci::Reference::Parse(image.digest().text());
      if (manifests_->Get(path, reference).ok()) ExpectWhole(path, image);
      database_.around();
    }
  }

  void Delete(const Image& image) {
    const Status deleted =
        manifests_->Delete(world_.Caller(), here_, *oci::Reference::Parse(image.digest().text()));
    EXPECT_TRUE(deleted.ok() || deleted.error().reason() == "manifest_unknown");
  }

  void Unlink(const std::string& layer) {
    const Status unlinked = blobs_.Delete(here_, oci::Digest::Of(AsBytes(layer)));
    if (!unlinked.ok()) {
      EXPECT_NE(unlinked.error().reason().find("blob_"), std::string::npos)
          << unlinked.error().message();
    }
  }

  // More than any lease lasts.
  void PassTime() {
    for (int i = 0; i < 2; ++i) {
      database_.around();
      world_.clock.Advance(std::chrono::hours{25});
    }
  }

  void CollectWhilePushing() {
    while (pushing_ > 0) Collect();
  }
  void Collect() {
    world_.clock.Advance(std::chrono::seconds{1});
    const auto progress = collector_.Run(std::chrono::steady_clock::time_point::max());
    ASSERT_TRUE(progress.ok()) << progress.error().message() << " " << progress.error().log();
    EXPECT_EQ(progress->failed, 0);
  }

  void ExpectWhole(const RepositoryPath& path, const Image& image) {
    for (const std::string& blob : {image.config, image.layer}) {
      auto opened = blobs_.Open(path, oci::Digest::Of(AsBytes(blob)));
      ASSERT_TRUE(opened.ok()) << opened.error().reason() << " " << opened.error().log();
      auto source = (*std::move(opened)).Read(0, blob.size());
      ASSERT_TRUE(source.ok());
      const auto bytes = io::ReadAll(**source, blob.size());
      ASSERT_TRUE(bytes.ok());
      EXPECT_TRUE(*bytes == blob);
    }
  }

  // Nothing is left behind either.
  void ExpectGoneAfterDeletion(const std::vector<Image>& images) {
    for (const RepositoryPath& path : {here_, there_}) {
      for (const Image& image : images) {
        static_cast<void>(manifests_->Delete(world_.Caller(), path,
                                             *oci::Reference::Parse(image.digest().text())));
      }
    }
    world_.clock.Advance(ManifestOptions{}.trash_life);
    EXPECT_TRUE(world_.services->trash.Expire().ok());
    world_.clock.Advance(std::chrono::hours{25});
    Collect();
    EXPECT_EQ(world_.Count("repository_blob"), 0);
    EXPECT_EQ(world_.Count("blob"), 0);
    EXPECT_EQ(world_.Count("blob_content"), 0);
    EXPECT_EQ(world_.Count("absent_layer"), 0);
    EXPECT_TRUE(world_.disk
                    ->List([](const oci::Digest&, std::uint64_t) -> Status {
                      return Conflict("a blob is left");
                    })
                    .ok());
    EXPECT_EQ(world_.StagedCount(), 0U);
  }

  std::atomic<int> pushing_{0};
  // The round takes blobs away from pushes, or lets their leases end.
  bool may_miss_ = false;
  World world_;
  PausingDatabase database_{world_.database};
  std::unique_ptr<DigestLocks> locks_;
  control::ChangePath changes_{database_,         world_.log,  *world_.jobs,
                               world_.authorizer, world_.gate, world_.facts};
  Blobs blobs_{database_, world_.store, world_.clock, {}};
  Uploads uploads_{
      testing::TestUploadOptions(), database_, world_.store, *locks_, world_.clock, {}};
  Collector collector_{{.pause = std::chrono::seconds{1}, .batch = 2},
                       {database_, world_.store, *locks_},
                       world_.clock};
  Manifests strict_{{}, database_, world_.clock, changes_};
  Manifests lenient_{{.accept_absent_layers = true}, database_, world_.clock, changes_};
  Manifests* manifests_ = &strict_;
  const RepositoryPath here_ = world_.Repository("race/here");
  const RepositoryPath there_ = world_.Repository("race/there");
};

TEST(CollectorRace, TakesNoBlobFromAPushInWhateverOrderTheirStepsCome) {
  std::optional<Turns> turns;
  const auto pause = [&] {
    if (turns) turns->Pause();
  };
  Arena arena(pause, [] {}, std::make_unique<PausingLocks>(pause));
  const int rounds = Rounds(kRounds);
  for (int round = 1; round <= rounds; ++round) {
    const auto seed = static_cast<std::uint64_t>(round);
    arena.Play(seed, [&](const std::vector<std::function<void()>>& actors) {
      turns.emplace(seed);
      turns->Run(actors);
      turns.reset();
    });
    ASSERT_FALSE(::testing::Test::HasFailure()) << "round " << round;
  }
}

// Transactions overlap here, where the database lets them.
TEST(CollectorRace, TakesNoBlobFromAPushWhenTheirTransactionsOverlap) {
  const auto yield = [] { std::this_thread::yield(); };
  Arena arena(yield, yield, NewLocalDigestLocks());
  const int rounds = Rounds(kRoundsAtOnce);
  for (int round = 1; round <= rounds; ++round) {
    arena.Play(static_cast<std::uint64_t>(round),
               [](const std::vector<std::function<void()>>& actors) {
                 std::vector<std::thread> threads;
                 for (const auto& actor : actors) threads.emplace_back(actor);
                 for (std::thread& thread : threads) thread.join();
               });
    ASSERT_FALSE(::testing::Test::HasFailure()) << "round " << round;
  }
}

// A push finds the row of a small blob, which no repository links; the collection removes it before
// the push has made its link. The database must see that the two contradict each other.
TEST(CollectorRace, DoesNotRemoveARowThatAPushHasFound) {
  World world;
  const RepositoryPath path = world.Repository("team-a/app");
  const oci::Digest digest = oci::Digest::Of(AsBytes(std::string_view("small")));
  ASSERT_TRUE(world.PushBlob(path, "small").ok());
  ASSERT_TRUE(world.services->blobs.Delete(path, digest).ok());

  PausingDatabase database(world.database);
  bool collected = false;
  const auto collect = [&] {
    if (std::exchange(collected, true)) return;
    std::thread([&] { world.Collect(); }).join();
  };
  if (database.dialect() == db::Dialect::kPostgres) {
    database.inside = [&](std::string_view sql) {
      if (sql.starts_with("INSERT INTO repository_blob")) collect();
    };
  } else {
    database.around = collect;  // it lets one write at a time
  }
  Uploads uploads(testing::TestUploadOptions(), database, world.store, *world.services->locks,
                  world.clock, {});
  io::StringSource source("small");
  ASSERT_TRUE(
      uploads
          .Push(path, world.Caller().actor, {.source = &source, .length = {}, .range = {}}, digest)
          .ok());
  EXPECT_TRUE(collected);
  EXPECT_EQ(world.ReadBlob(path, digest), "small");
}

}  // namespace
}  // namespace breakwater::registry
