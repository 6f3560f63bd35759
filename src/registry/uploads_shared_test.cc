// Two processes that serve the same uploads: two Uploads over one database and one store.
#include <thread>

#include <gtest/gtest.h>

#include "registry/testing.h"
#include "registry/uploads.h"

namespace breakwater::registry {
namespace {

using testing::ActingSource;
using testing::Bytes;
using testing::World;

constexpr std::size_t kLarge = 300'000;

std::string ReasonOf(const auto& result) {
  return result.ok() ? "ok" : result.error().reason();
}

oci::Digest DigestOf(const std::string& bytes) {
  return oci::Digest::Of(AsBytes(bytes));
}

class SharedUploadsTest : public ::testing::Test {
 protected:
  SharedUploadsTest() {
    world_.upload_options.shared = true;
    world_.Restart();
    other_ = std::make_unique<Uploads>(world_.upload_options, world_.database, world_.store,
                                       *other_locks_, world_.clock, BlobLinks{});
  }
  Uploads& one() { return world_.services->uploads; }
  Uploads& other() { return *other_; }
  std::string Start() {
    auto view = one().Start(path_, world_.Caller().actor, {});
    EXPECT_TRUE(view.ok());
    state_ = one().StateOf(*view);
    return view->id;
  }
  static Result<std::uint64_t> Append(Uploads& uploads, const std::string& id,
                                      std::string_view bytes) {
    io::StringSource source(bytes, 1000);
    return uploads.Append(id, {.source = &source, .length = bytes.size(), .range = {}});
  }
  static Status Finish(Uploads& uploads, const std::string& id, const oci::Digest& digest) {
    return uploads.Finish(id, {}, digest);
  }
  Result<UploadView> Find(Uploads& uploads, const std::string& id) {
    return uploads.Find(path_.registry, path_.name, id, state_);
  }

  // At the next call of the store with this name, before it is done.
  void Once(std::string_view name, const std::function<void()>& act) {
    world_.store.on_call = [this, name, act](std::string_view call) {
      if (call != name) return;
      const auto once = act;
      world_.store.on_call = {};
      once();
    };
  }

  World world_;
  std::unique_ptr<DigestLocks> other_locks_ = NewSharedDigestLocks(world_.database, world_.clock);
  std::unique_ptr<Uploads> other_;
  RepositoryPath path_ = world_.Repository("team-a/app");
  std::string state_;
};

TEST_F(SharedUploadsTest, GoOnInWhicheverProcessTheNextRequestComesTo) {
  for (const std::size_t size : {std::size_t{3000}, kLarge}) {
    const std::string bytes = Bytes(size);
    const std::string id = Start();
    const std::size_t third = size / 3;
    EXPECT_EQ(*Append(one(), id, bytes.substr(0, third)), third);
    EXPECT_EQ(Find(other(), id)->size, third);
    EXPECT_EQ(*Append(other(), id, bytes.substr(third, third)), 2 * third);
    EXPECT_EQ(Find(one(), id)->size, 2 * third);
    EXPECT_EQ(*Append(one(), id, bytes.substr(2 * third)), size);
    EXPECT_EQ(ReasonOf(Finish(other(), id, DigestOf(bytes))), "ok");
    EXPECT_EQ(world_.ReadBlob(path_, DigestOf(bytes)), bytes);
    EXPECT_EQ(ReasonOf(Find(one(), id)), "blob_upload_unknown");
  }
  EXPECT_EQ(world_.Count("upload"), 0);
  EXPECT_EQ(world_.Count("digest_lock"), 0);
  EXPECT_EQ(world_.StagedCount(), 0U);
}

TEST_F(SharedUploadsTest, AreWrittenByOneProcessAtATime) {
  const std::string id = Start();
  ActingSource body("piece", {[&] {
                      EXPECT_EQ(ReasonOf(Append(other(), id, "x")), "upload_busy");
                      EXPECT_EQ(ReasonOf(Finish(other(), id, DigestOf("x"))), "upload_busy");
                    }});
  EXPECT_EQ(*one().Append(id, {.source = &body, .length = {}, .range = {}}), 10U);
  EXPECT_EQ(ReasonOf(Finish(other(), id, DigestOf("piecepiece"))), "ok");
}

TEST_F(SharedUploadsTest, PassToAnotherProcessWhenTheirWriterIsSilentForTooLong) {
  const std::string id = Start();
  ASSERT_TRUE(Append(one(), id, Bytes(kLarge)).ok());
  ActingSource body("late", {[&] {
                      world_.clock.Advance(std::chrono::minutes{1});
                      EXPECT_TRUE(Append(other(), id, "fresh").ok());
                    }});
  EXPECT_EQ(ReasonOf(one().Append(id, {.source = &body, .length = {}, .range = {}})),
            "upload_busy");
  // Whoever lost it has taken nothing away.
  EXPECT_EQ(ReasonOf(Find(other(), id)), "ok");
  EXPECT_TRUE(other().Cancel(id).ok());
  EXPECT_EQ(world_.StagedCount(), 0U);
}

// As after a proxy has given up the request that ends a large upload, and the client has sent it
// again: the first one may still be at work.
TEST_F(SharedUploadsTest, AreNotEndedByAWriterThatHasLostThem) {
  const std::string bytes = Bytes(kLarge);
  const std::string id = Start();
  ASSERT_TRUE(Append(one(), id, bytes).ok());
  Once("commit", [&] {
    world_.clock.Advance(std::chrono::minutes{3});
    EXPECT_TRUE(Append(other(), id, "").ok());
  });
  EXPECT_EQ(ReasonOf(Finish(one(), id, DigestOf(bytes))), "upload_busy");
  EXPECT_EQ(ReasonOf(Finish(other(), id, DigestOf(bytes))), "ok");
  EXPECT_EQ(world_.ReadBlob(path_, DigestOf(bytes)), bytes);
}

TEST_F(SharedUploadsTest, AreNotTakenAwayByAWriterThatHasLostThemAndFailed) {
  const std::string bytes = Bytes(kLarge);
  const std::string id = Start();
  ASSERT_TRUE(Append(one(), id, bytes).ok());
  // Its digest is of the kind that must be computed from staging.
  Once("read", [&] {
    world_.clock.Advance(std::chrono::minutes{3});
    EXPECT_TRUE(Append(other(), id, "").ok());
  });
  EXPECT_EQ(
      ReasonOf(Finish(one(), id, oci::Digest::Of(AsBytes("else"), crypto::HashAlgorithm::kSha512))),
      "digest_invalid");
  EXPECT_EQ(ReasonOf(Finish(other(), id, DigestOf(bytes))), "ok");
  EXPECT_EQ(world_.ReadBlob(path_, DigestOf(bytes)), bytes);
}

TEST_F(SharedUploadsTest, StayWithAWriterThatStoresForLongerThanItMayElseBeSilent) {
  const std::string bytes = Bytes(kLarge);
  const std::string id = Start();
  ASSERT_TRUE(Append(one(), id, bytes).ok());
  Once("commit", [&] {
    world_.clock.Advance(std::chrono::minutes{1});
    EXPECT_EQ(ReasonOf(Append(other(), id, "")), "upload_busy");
  });
  EXPECT_EQ(ReasonOf(Finish(one(), id, DigestOf(bytes))), "ok");
}

// The database does what it was asked for, and does not say so.
TEST_F(SharedUploadsTest, KeepWhatWasAcknowledgedWhenItIsUnknownWhereItIs) {
  const std::string bytes = Bytes(kLarge);
  constexpr std::size_t kFirst = 1000;
  bool fired = true;
  for (int n = 1; fired; ++n) {
    const std::string id = Start();
    ASSERT_TRUE(Append(one(), id, bytes.substr(0, kFirst)).ok());
    world_.database.FailOperation(n, db::testing::FaultPoint::kAfter);
    const auto appended = Append(one(), id, bytes.substr(kFirst));
    fired = world_.database.fired();
    world_.database.FailOperation(0, db::testing::FaultPoint::kBefore);
    world_.clock.Advance(std::chrono::minutes{1});
    // What is kept is known after it was looked at.
    const auto size = Append(other(), id, "");
    ASSERT_TRUE(size.ok()) << n << ": " << ReasonOf(size);
    EXPECT_GE(*size, kFirst);
    ASSERT_TRUE(Append(other(), id, bytes.substr(*size)).ok()) << n;
    EXPECT_EQ(ReasonOf(Finish(other(), id, DigestOf(bytes))), "ok") << n;
  }
}

TEST_F(SharedUploadsTest, StayWithAWriterThatIsSlowButNotSilent) {
  const std::string id = Start();
  std::vector<std::function<void()>> acts(10,
                                          [&] { world_.clock.Advance(std::chrono::seconds{20}); });
  acts.emplace_back([&] { EXPECT_EQ(ReasonOf(Append(other(), id, "x")), "upload_busy"); });
  ActingSource body(Bytes(10'000), acts);
  EXPECT_EQ(*one().Append(id, {.source = &body, .length = {}, .range = {}}), 12 * 10'000U);
}

TEST_F(SharedUploadsTest, CancelledByOneProcessAreDiscardedByTheOtherThatWrites) {
  const std::string id = Start();
  ASSERT_TRUE(Append(one(), id, Bytes(kLarge)).ok());
  ActingSource body("x", {[&] { EXPECT_TRUE(other().Cancel(id).ok()); }});
  EXPECT_EQ(ReasonOf(one().Append(id, {.source = &body, .length = {}, .range = {}})),
            "blob_upload_unknown");
  EXPECT_EQ(world_.StagedCount(), 0U);
  EXPECT_EQ(world_.Count("upload"), 0);
}

TEST_F(SharedUploadsTest, LeftByADeadWriterGoOnWhereTheyWere) {
  const std::string bytes = Bytes(kLarge);
  const std::string id = Start();
  ASSERT_TRUE(Append(one(), id, bytes).ok());
  // It takes the session for writing, and never gives it back.
  ASSERT_TRUE(world_.owner->database()
                  .Write([&](db::Transaction& tx) -> Status {
                    BW_TRY_STATUS(tx.Execute("UPDATE upload SET writer = 'dead', writer_until = $1",
                                             {world_.clock.Now() + std::chrono::seconds{30}}));
                    return Ok();
                  })
                  .ok());
  EXPECT_EQ(ReasonOf(Append(other(), id, "x")), "upload_busy");
  world_.clock.Advance(std::chrono::minutes{1});
  ASSERT_TRUE(Append(other(), id, "x").ok());
  EXPECT_EQ(ReasonOf(Finish(other(), id, DigestOf(bytes + "x"))), "ok");
}

// Gives up waiting so often, as if others held the digest for as many minutes.
class BusyLocks final : public DigestLocks {
 public:
  explicit BusyLocks(int minutes) : left_(minutes) {}
  Result<std::unique_ptr<Hold>> Acquire(const oci::Digest& digest, DigestUse use,
                                        std::uint64_t bytes) override {
    if (left_-- > 0) return Unavailable("busy").Reason("digest_busy");
    return locks_->Acquire(digest, use, bytes);
  }

 private:
  int left_;
  const std::unique_ptr<DigestLocks> locks_ = NewLocalDigestLocks();
};

// Whoever stores the same bytes may be slow, and a removal that nobody knows the end of locks them
// for five minutes: a client that was sent away would have to bring all of them again.
TEST(UploadsOfABusyDigest, WaitUntilItsHolderIsKnownToBeDead) {
  const std::string bytes = Bytes(300'000);
  for (const auto& [minutes, outcome] :
       std::vector<std::pair<int, std::string>>{{5, "ok"}, {1000, "digest_busy"}}) {
    World world;
    const RepositoryPath path = world.Repository("team-a/app");
    BusyLocks locks(minutes);
    Uploads uploads({.key = Secret(std::string(32, 'k'))}, world.database, world.store, locks,
                    world.clock, {});
    io::StringSource source(bytes);
    EXPECT_EQ(ReasonOf(uploads.Push(path, world.Caller().actor,
                                    {.source = &source, .length = bytes.size(), .range = {}},
                                    DigestOf(bytes))),
              outcome);
  }
}

class SharedDigestLocksTest : public ::testing::Test {
 protected:
  std::string Confirm(DigestLocks::Hold& hold, DigestUse use = DigestUse::kStore) {
    return ReasonOf(
        owner_->database().Write([&](db::Transaction& tx) { return hold.Confirm(tx, use); }));
  }
  std::int64_t HeldBySomebody() {
    return **owner_->database().ReadValue([&](db::Transaction& tx) {
      return tx.QueryOne("SELECT COUNT(*) FROM digest_lock WHERE digest = $1 AND held_until > $2",
                         {digest_.text(), clock_.Now()},
                         [](const db::Row& row) { return row.Int(0); });
    });
  }
  std::unique_ptr<db::testing::TestDatabase> owner_ = db::testing::OpenTestDatabase();
  breakwater::testing::ManualClock clock_;
  std::unique_ptr<DigestLocks> one_ = NewSharedDigestLocks(owner_->database(), clock_);
  std::unique_ptr<DigestLocks> other_ = NewSharedDigestLocks(owner_->database(), clock_);
  const oci::Digest digest_ = DigestOf("x");
};

TEST_F(SharedDigestLocksTest, WaitForWhoeverHoldsTheDigest) {
  auto held = one_->Acquire(digest_, DigestUse::kStore, 0);
  ASSERT_TRUE(held.ok());
  std::atomic<bool> released{false};
  std::thread waiting([&] {
    const auto second = other_->Acquire(digest_, DigestUse::kStore, 0);
    EXPECT_TRUE(second.ok());
    EXPECT_TRUE(released);
  });
  EXPECT_TRUE(other_->Acquire(DigestOf("y"), DigestUse::kStore, 0).ok());
  released = true;
  held->reset();
  waiting.join();
}

TEST_F(SharedDigestLocksTest, PassOnWhenTheirHolderIsSilentForTooLong) {
  const auto held = one_->Acquire(digest_, DigestUse::kStore, 0);
  ASSERT_TRUE(held.ok());
  clock_.Advance(std::chrono::seconds{25});
  EXPECT_EQ(Confirm(**held), "ok");
  clock_.Advance(std::chrono::seconds{25});
  EXPECT_EQ(Confirm(**held), "ok");
  clock_.Advance(std::chrono::seconds{31});
  const auto passed = other_->Acquire(digest_, DigestUse::kStore, 0);
  ASSERT_TRUE(passed.ok());
  EXPECT_EQ(Confirm(**held), "digest_lost");
  EXPECT_EQ(Confirm(**passed), "ok");
}

TEST_F(SharedDigestLocksTest, LastAsLongAsALargeBlobMayTakeToBeStored) {
  const auto held = one_->Acquire(digest_, DigestUse::kStore, 1U << 30);
  ASSERT_TRUE(held.ok());
  EXPECT_EQ(TimeToStore(1U << 30), std::chrono::seconds{94});
  clock_.Advance(std::chrono::seconds{93});
  EXPECT_EQ(HeldBySomebody(), 1);
  EXPECT_EQ(Confirm(**held), "ok");
  clock_.Advance(std::chrono::seconds{93});
  EXPECT_EQ(HeldBySomebody(), 1);
  clock_.Advance(std::chrono::seconds{1});
  EXPECT_EQ(HeldBySomebody(), 0);
}

TEST_F(SharedDigestLocksTest, AreHeldAsLongAsARemovalTakesByWhoeverGoesOverToOne) {
  const auto held = one_->Acquire(digest_, DigestUse::kStore, 0);
  ASSERT_TRUE(held.ok());
  EXPECT_EQ(Confirm(**held, DigestUse::kRemove), "ok");
  clock_.Advance(std::chrono::minutes{4});
  EXPECT_EQ(HeldBySomebody(), 1);
  clock_.Advance(std::chrono::minutes{1});
  EXPECT_EQ(HeldBySomebody(), 0);
}

TEST_F(SharedDigestLocksTest, StayBehindARemovalOfWhichNobodyKnowsTheEnd) {
  auto held = one_->Acquire(digest_, DigestUse::kRemove, 0);
  ASSERT_TRUE(held.ok());
  (*held)->Leave();
  held->reset();
  EXPECT_EQ(HeldBySomebody(), 1);
  clock_.Advance(std::chrono::minutes{5});
  EXPECT_TRUE(other_->Acquire(digest_, DigestUse::kStore, 0).ok());
}

TEST_F(SharedDigestLocksTest, AreGivenUpOnlyWithTheTransactionThatSaysSo) {
  auto held = one_->Acquire(digest_, DigestUse::kStore, 0);
  ASSERT_TRUE(held.ok());
  EXPECT_FALSE(owner_->database()
                   .Write([&](db::Transaction& tx) -> Status {
                     BW_TRY_STATUS((*held)->Release(tx));
                     return Conflict("rolled back");
                   })
                   .ok());
  EXPECT_EQ(Confirm(**held), "ok");
  EXPECT_TRUE(
      owner_->database().Write([&](db::Transaction& tx) { return (*held)->Release(tx); }).ok());
  EXPECT_EQ(Confirm(**held), "digest_lost");
  EXPECT_TRUE(other_->Acquire(digest_, DigestUse::kStore, 0).ok());
}

}  // namespace
}  // namespace breakwater::registry
