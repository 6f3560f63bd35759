#include "net/response_writer.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace breakwater::net {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

// A peer that takes `room` bytes, and the system's queue before it.
class FakeTransport final : public Transport {
 public:
  Status Handshake(Deadline) override { return Ok(); }
  Result<std::size_t> Read(std::span<std::byte>, Deadline) override { return std::size_t{0}; }
  Result<std::size_t> Write(ByteView bytes, bool more, Deadline) override {
    if (room == 0) return DeadlineExceeded("full");
    const std::size_t n = std::min(room, bytes.size());
    room -= n;
    kept_back = more;
    taken += AsText(bytes.first(n));
    return n;
  }
  Result<std::size_t> WriteFile(int, std::uint64_t, std::uint64_t, Deadline) override {
    return Internal("no files here");
  }
  Status Flush(Deadline) override { return flushes ? Ok() : Status(DeadlineExceeded("full")); }
  bool wants_write() const override { return true; }
  std::size_t Unsent() const override { return unsent; }
  bool HasBufferedInput() const override { return false; }
  void FinishWriting() override {}

  std::size_t room = 0;
  std::size_t unsent = 0;
  bool flushes = true;
  bool kept_back = false;  // for what was said to follow
  std::string taken;
};

Response Text(std::size_t size) {
  Response response;
  response.body = std::string(size, 'x');
  return response;
}

TEST(ResponseWriter, GoesOnWhereThePeerStopped) {
  for (const std::size_t size : {std::size_t{10}, std::size_t{100'000}, std::size_t{1'000'000}}) {
    FakeTransport whole;
    whole.room = std::string::npos;
    ResponseWriter at_once(Text(size), {.request_id = "r"}, {});
    EXPECT_TRUE(*at_once.Advance(whole, kNoWait));

    FakeTransport slow;
    ResponseWriter by_pieces(Text(size), {.request_id = "r"}, {});
    int turns = 0;
    while (!*by_pieces.Advance(slow, kNoWait)) {
      slow.room = 9'001;
      ++turns;
    }
    EXPECT_GT(turns, 0);
    EXPECT_EQ(slow.taken.size(), whole.taken.size());
    EXPECT_EQ(by_pieces.sent().bytes, size);
  }
}

TEST(ResponseWriter, IsNotDoneBeforeWhatWasKeptBackHasLeft) {
  FakeTransport transport;
  transport.room = std::string::npos;
  transport.flushes = false;
  ResponseWriter writer(Text(10), {.request_id = "r"}, {});
  EXPECT_FALSE(*writer.Advance(transport, kNoWait));
  transport.flushes = true;
  EXPECT_TRUE(*writer.Advance(transport, kNoWait));
}

// Gives parts; before each but the first, sees whether all that it gave is on its way.
class PartsSource final : public io::Source {
 public:
  PartsSource(std::vector<std::string> parts, const FakeTransport& transport)
      : parts_(std::move(parts)), transport_(transport) {}

  Result<std::size_t> Read(std::span<std::byte> out) override {
    if (at_ > 0 && transport_.kept_back) ++kept_back;
    if (at_ == parts_.size()) return std::size_t{0};
    const std::string& part = parts_[at_++];
    std::ranges::copy(AsBytes(part), out.begin());
    return part.size();
  }

  int kept_back = 0;

 private:
  const std::vector<std::string> parts_;
  const FakeTransport& transport_;
  std::size_t at_ = 0;
};

// A list's next part may take its reader as long as it likes.
TEST(ResponseWriter, KeepsNothingBackWhileItsSourceLooksForMore) {
  FakeTransport transport;
  transport.room = std::string::npos;
  auto source =
      std::make_unique<PartsSource>(std::vector<std::string>{"one", "two", "three"}, transport);
  const PartsSource& parts = *source;
  Response response;
  response.body = StreamBody{.source = std::move(source), .length = std::nullopt};
  ResponseWriter writer(std::move(response), {.request_id = "r"}, {});
  ASSERT_TRUE(*writer.Advance(transport, kNoWait));
  EXPECT_EQ(parts.kept_back, 0);
  EXPECT_TRUE(transport.taken.ends_with("0\r\n\r\n"));
}

TEST(ResponseWriter, GivesAPeerUpThatTookNothingOfWhatTheSystemHolds) {
  FakeTransport transport;
  transport.unsent = 1000;
  ResponseWriter writer(Text(10), {.request_id = "r"}, {.stall = hours(1), .grace = hours(1)});
  ASSERT_FALSE(*writer.Advance(transport, kNoWait));
  EXPECT_TRUE(writer.GivesUp(transport));
}

TEST(ResponseWriter, WaitsOnForAPeerThatTakesLittle) {
  FakeTransport transport;
  transport.unsent = 1000;
  ResponseWriter writer(Text(10), {.request_id = "r"}, {.stall = hours(1), .grace = hours(1)});
  ASSERT_FALSE(*writer.Advance(transport, kNoWait));
  const Deadline first = writer.deadline();
  for (int i = 0; i < 3; ++i) {
    --transport.unsent;
    EXPECT_FALSE(writer.GivesUp(transport));
    EXPECT_GE(writer.deadline(), first);
  }
  EXPECT_TRUE(writer.GivesUp(transport)) << "nothing was taken since";
}

TEST(ResponseWriter, GivesAPeerUpThatTakesTooLittleInTheLongRun) {
  FakeTransport transport;
  transport.unsent = 1000;
  ResponseWriter writer(Text(10), {.request_id = "r"},
                        {.stall = hours(1), .grace = milliseconds(0), .min_bytes_per_second = 1});
  ASSERT_FALSE(*writer.Advance(transport, kNoWait));
  --transport.unsent;
  EXPECT_TRUE(writer.GivesUp(transport));
}

}  // namespace
}  // namespace breakwater::net
