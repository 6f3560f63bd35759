#include "observe/log.h"

#include <limits>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/result.h"
#include "base/strings.h"

namespace breakwater::observe {
namespace {

TEST(LogRecord, IsOneJsonObjectOnOneLine) {
  EXPECT_EQ(FormatRecord("T", Level::kInfo, "hello", "r-1",
                         {{"text", "a"},
                          {"n", -3},
                          {"big", std::uint64_t{1} << 63U},
                          {"ok", true},
                          {"ratio", 0.5}}),
            R"({"time":"T","level":"info","message":"hello","request_id":"r-1","text":"a","n":-3,)"
            R"("big":9223372036854775808,"ok":true,"ratio":0.5})"
            "\n");
}

TEST(LogRecord, EscapesWhatWouldBreakTheLine) {
  EXPECT_EQ(FormatRecord("T", Level::kError, "a\"b\\c\nd\x01\x7f", "", {}),
            "{\"time\":\"T\",\"level\":\"error\",\"message\":\"a\\\"b\\\\c\\nd\\u0001\\u007f\"}\n");
}

TEST(LogRecord, KeepsUtf8AndReplacesWhatIsNot) {
  const auto line = FormatRecord("T", Level::kInfo, "\xc3\xa9", "", {{"raw", "x\xff"}});
  EXPECT_NE(line.find("\xc3\xa9"), std::string::npos);
  EXPECT_NE(line.find("x\\ufffd"), std::string::npos);
}

TEST(LogRecord, PrintsNonFiniteNumbersAsNull) {
  const auto line =
      FormatRecord("T", Level::kInfo, "m", "", {{"x", std::numeric_limits<double>::infinity()}});
  EXPECT_NE(line.find("\"x\":null"), std::string::npos);
}

TEST(LogRecord, IsCutAndMarkedAtTheLimit) {
  const std::string big(100'000, 'x');
  const auto line = FormatRecord("T", Level::kInfo, big, "", {{"a", big}, {"b", "kept"}});
  EXPECT_LE(line.size(), kMaxLine);
  EXPECT_NE(line.find(R"("b":"kept")"), std::string::npos);
  EXPECT_TRUE(line.ends_with("\"truncated\":true}\n"));
}

TEST(LogRecord, DoesNotCutACharacterInHalf) {
  std::string big(2047, 'x');
  big += "\xc3\xa9 and more";
  EXPECT_TRUE(IsValidUtf8(FormatRecord("T", Level::kInfo, big, "", {})));
}

TEST(Log, CarriesTheRequestIdOfItsThread) {
  LogCapture capture;
  {
    const ScopedRequestId outer("outer");
    {
      const ScopedRequestId inner("inner");
      Log(Level::kInfo, "first");
    }
    Log(Level::kInfo, "second");
    std::thread([] { Log(Level::kInfo, "third"); }).join();
  }
  const auto lines = capture.lines();
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_NE(lines[0].find(R"("request_id":"inner")"), std::string::npos);
  EXPECT_NE(lines[1].find(R"("request_id":"outer")"), std::string::npos);
  EXPECT_EQ(lines[2].find("request_id"), std::string::npos);
}

TEST(Log, LeavesOutWhatIsBelowTheLowestLevel) {
  LogCapture capture;
  Log(Level::kDebug, "quiet");
  SetLowestLevel(Level::kDebug);
  Log(Level::kDebug, "loud");
  SetLowestLevel(Level::kInfo);
  EXPECT_FALSE(capture.Contains("quiet"));
  EXPECT_TRUE(capture.Contains("loud"));
}

TEST(Log, ShowsBothTextsOfAnError) {
  LogCapture capture;
  LogError(Level::kError, "failed", NotFound("no such thing").Reason("thing_unknown").Log("row 7"),
           {{"where", "here"}});
  EXPECT_TRUE(capture.Contains(R"("where":"here","error_code":"not_found",)"
                               R"("error_reason":"thing_unknown","error":"no such thing",)"
                               R"("error_log":"row 7")"));
}

TEST(LineWriter, DropsInsteadOfWaitingAndSaysHowMany) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  LineWriter writer(ends[1]);
  const std::string line = std::string(kMaxLine - 1, 'x') + "\n";
  std::size_t written = 0;
  while (writer.Write(line)) ++written;  // ends when the pipe is full
  EXPECT_GT(written, 0U);
  EXPECT_FALSE(writer.Write(line));
  EXPECT_EQ(writer.dropped(), 2U);

  std::string all(written * kMaxLine, '\0');
  std::size_t have = 0;
  while (have < all.size()) {
    const auto n = ::read(ends[0], all.data() + have, all.size() - have);
    ASSERT_GT(n, 0);
    have += static_cast<std::size_t>(n);
  }
  EXPECT_TRUE(writer.Write("after\n"));
  char rest[512];
  const auto n = ::read(ends[0], rest, sizeof rest);
  ASSERT_GT(n, 0);
  const std::string_view tail(rest, static_cast<std::size_t>(n));
  EXPECT_NE(tail.find(R"("message":"log records were dropped","count":2})"),
            std::string_view::npos);
  EXPECT_TRUE(tail.ends_with("after\n"));
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace breakwater::observe
