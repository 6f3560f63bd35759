#include "iam/ldap/watched_socket.h"

#include <gtest/gtest.h>

namespace breakwater::iam::ldap {
namespace {

// A resolver that answers when it is let.
class Held {
 public:
  LookUpHost AsLookUp() {
    return [this](const std::string&, const std::string&) {
      const MutexLock lock(mutex_);
      ++asked_;
      changed_.notify_all();
      while (!let_) changed_.wait(mutex_);
      return Addresses{.code = EAI_NONAME, .first = nullptr};
    };
  }
  void Let() {
    const MutexLock lock(mutex_);
    let_ = true;
    changed_.notify_all();
  }

 private:
  Mutex mutex_;
  ConditionVariable changed_;
  int asked_ = 0;
  bool let_ = false;
};

net::Deadline Past() {
  return std::chrono::steady_clock::now();
}
net::Deadline Never() {
  return std::chrono::steady_clock::now() + std::chrono::hours(1);
}

TEST(HostLookUps, ANameThatTakesTooLongIsLate) {
  Held held;
  HostLookUps look_ups(held.AsLookUp());
  const auto fd = ConnectTo(look_ups, "directory.example", "389", Past());
  EXPECT_EQ(fd.error().code(), ErrorCode::kDeadline);
  EXPECT_EQ(fd.error().reason(), "directory_timeout");
  held.Let();
}

TEST(HostLookUps, ThoseThatDoNotEndAreBounded) {
  Held held;
  HostLookUps look_ups(held.AsLookUp());
  for (std::size_t i = 0; i < HostLookUps::kMost; ++i) {
    EXPECT_EQ(look_ups.LookUp("h", "389", Past()).error().code(), ErrorCode::kDeadline);
  }
  EXPECT_EQ(look_ups.LookUp("h", "389", Never()).error().code(), ErrorCode::kUnavailable);
  held.Let();
}

TEST(HostLookUps, AnAddressIsLookedUpAtOnce) {
  HostLookUps look_ups;
  const auto found = look_ups.LookUp("127.0.0.1", "389", Never());
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->code, 0);
  EXPECT_NE(found->first, nullptr);
}

}  // namespace
}  // namespace breakwater::iam::ldap
