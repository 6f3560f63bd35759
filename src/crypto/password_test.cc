#include "crypto/password.h"

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace breakwater::crypto {
namespace {

PasswordHashOptions Cheap() {
  PasswordHashOptions options;
  options.memory_kib = 64;
  options.passes = 1;
  return options;
}

TEST(Password, VerifiesItsOwnHashOnly) {
  PasswordHasher hasher;
  const auto phc = hasher.Hash(Secret("correct horse"));
  ASSERT_TRUE(phc.ok());
  EXPECT_TRUE(phc->starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
  EXPECT_TRUE(*hasher.Verify(Secret("correct horse"), *phc));
  EXPECT_FALSE(*hasher.Verify(Secret("correct horsf"), *phc));
  EXPECT_FALSE(*hasher.Verify(Secret(""), *phc));
}

TEST(Password, VerifiesAStringOfTheReferenceProgram) {
  // echo -n password | argon2 somesalt -id -t 2 -k 1024 -p 1 -l 32
  PasswordHasher hasher;
  const char* const phc =
      "$argon2id$v=19$m=1024,t=2,p=1$c29tZXNhbHQ$7FfsnA6vUe7qLpL/3Kqc3uR48ZJyFbUVt7jWZlf0Htk";
  EXPECT_TRUE(*hasher.Verify(Secret("password"), phc));
  EXPECT_FALSE(*hasher.Verify(Secret("Password"), phc));
}

TEST(Password, SaltsDiffer) {
  PasswordHasher hasher(Cheap());
  EXPECT_NE(*hasher.Hash(Secret("x")), *hasher.Hash(Secret("x")));
}

TEST(Password, NeedsRehashAfterAChangeOfParameters) {
  PasswordHasher cheap(Cheap());
  PasswordHasher usual;
  const std::string phc = *cheap.Hash(Secret("x"));
  EXPECT_FALSE(cheap.NeedsRehash(phc));
  EXPECT_TRUE(usual.NeedsRehash(phc));
  EXPECT_TRUE(usual.NeedsRehash("nonsense"));
}

TEST(Password, RefusesStringsThatAreNoneOrAskForTooMuch) {
  PasswordHasher hasher(Cheap());
  for (const char* bad :
       {"", "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAA",
        "$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ$AAAA",
        "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$AAAA",
        "$argon2id$v=19$m=64,t=4000000000,p=1$c29tZXNhbHQ$AAAA",
        "$argon2id$v=19$m=64,t=1,p=99$c29tZXNhbHQ$AAAA", "$argon2id$v=19$m=64,t=1,p=1$***$AAAA",
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ",
        "$argon2id$v=19$m=-1,t=1,p=1$c29tZXNhbHQ$AAAA"}) {
    const auto verdict = hasher.Verify(Secret("x"), bad);
    ASSERT_FALSE(verdict.ok()) << bad;
    EXPECT_EQ(verdict.error().code(), ErrorCode::kDataCorrupt) << bad;
  }
  EXPECT_FALSE(hasher.Hash(Secret(std::string(kMaxPasswordOctets + 1, 'x'))).ok());
}

TEST(Password, RefusesInsteadOfQueueingWithoutBound) {
  PasswordHashOptions options = Cheap();
  options.max_concurrent = 0;
  options.max_waiting = 0;
  PasswordHasher full(options);
  const auto refused = full.Hash(Secret("x"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kRateLimited);
  EXPECT_EQ(refused.error().reason(), "password_hash_busy");

  options.max_waiting = 1;
  options.max_wait = std::chrono::milliseconds{1};
  PasswordHasher slow(options);
  EXPECT_EQ(slow.Hash(Secret("x")).error().code(), ErrorCode::kRateLimited);
}

TEST(Password, EveryCallerWithinTheBoundGetsAnAnswer) {
  PasswordHashOptions options = Cheap();
  options.max_concurrent = 1;
  options.max_wait = std::chrono::minutes{1};
  PasswordHasher hasher(options);
  std::atomic<int> good{0};
  std::latch start(8);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      start.arrive_and_wait();
      if (hasher.Hash(Secret("x")).ok()) ++good;
    });
  }
  threads.clear();
  EXPECT_EQ(good.load(), 8);
}

}  // namespace
}  // namespace breakwater::crypto
