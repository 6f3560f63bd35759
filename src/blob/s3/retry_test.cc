#include "blob/s3/retry.h"

#include <gtest/gtest.h>

#include "base/testing.h"

namespace breakwater::blob {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Retry, RepeatsWhatMayPassAndNothingElse) {
  for (const int status : {500, 502, 503, 504, 429}) EXPECT_TRUE(IsTransient(status, "")) << status;
  EXPECT_TRUE(IsTransient(400, "RequestTimeout"));
  EXPECT_TRUE(IsTransient(409, "OperationAborted"));
  EXPECT_TRUE(IsTransient(200, "InternalError"));
  for (const int status : {301, 400, 403, 404, 409, 411, 412, 416, 501, 507}) {
    EXPECT_FALSE(IsTransient(status, "")) << status;
  }
  EXPECT_FALSE(IsTransient(403, "SignatureDoesNotMatch"));
  EXPECT_FALSE(IsTransient(403, "RequestTimeTooSkewed"));
  EXPECT_FALSE(IsTransient(403, "QuotaExceeded"));
  EXPECT_TRUE(IsTransient(Unavailable("x").Reason("request_failed")));
  EXPECT_TRUE(IsTransient(Unavailable("x").Reason("handshake_failed")));
  EXPECT_FALSE(IsTransient(Unavailable("x").Reason("tls_failed")));
  EXPECT_TRUE(IsTransient(DeadlineExceeded("x")));
  EXPECT_FALSE(IsTransient(TooLarge("x")));
  EXPECT_FALSE(IsTransient(Denied("x")));
}

TEST(Retry, DelayDoublesUpToItsMostAndJitterTakesFromAllOfIt) {
  S3Options options;
  options.first_delay = milliseconds(100);
  options.max_delay = milliseconds(700);
  const auto delay = [&](int attempt, double jitter) {
    return DelayBefore(attempt, jitter, std::nullopt, options).count();
  };
  EXPECT_EQ(delay(2, 0.5), 50);
  EXPECT_EQ(delay(3, 0.5), 100);
  EXPECT_EQ(delay(4, 0.5), 200);
  EXPECT_EQ(delay(5, 0.5), 350);
  EXPECT_EQ(delay(1000, 0.5), 350);
  EXPECT_EQ(delay(4, 0.0), 0);
  EXPECT_EQ(DelayBefore(2, 0.5, seconds(2), options), milliseconds(2050));
}

TEST(Retry, RetryAfterIsHonouredWithinBounds) {
  EXPECT_EQ(ParseRetryAfter("3"), seconds(3));
  EXPECT_EQ(ParseRetryAfter(" 0 "), seconds(0));
  EXPECT_EQ(ParseRetryAfter("86400"), seconds(60));
  EXPECT_EQ(ParseRetryAfter("Fri, 31 Dec 1999 23:59:59 GMT"), std::nullopt);
  EXPECT_EQ(ParseRetryAfter("-1"), std::nullopt);
  EXPECT_EQ(ParseRetryAfter("99999999999999999999"), std::nullopt);
  EXPECT_EQ(ParseRetryAfter(std::nullopt), std::nullopt);
}

class Waits {
 public:
  S3Waiting Waiting() {
    return {.sleep = [this](milliseconds time) { clock.Advance(time); },
            .jitter = [] { return 0.999; }};
  }
  breakwater::testing::ManualClock clock;
};

TEST(Retry, AttemptsEndWithTheDeadline) {
  Waits waits;
  const S3Waiting waiting = waits.Waiting();
  S3Options options;
  options.deadline = seconds(10);
  options.first_delay = milliseconds(100);
  options.max_delay = seconds(2);
  Attempts attempts(options, waiting, waits.clock);
  const Timestamp start = waits.clock.Now();
  int count = 1;
  while (attempts.Again()) ++count;
  EXPECT_LT(waits.clock.Now() - start, seconds(10));
  EXPECT_GT(waits.clock.Now() - start, seconds(7));
  EXPECT_GT(count, 5);
  EXPECT_EQ(attempts.Timeout(seconds(20)),
            std::max<milliseconds>(seconds(1), std::chrono::ceil<milliseconds>(start + seconds(10) -
                                                                               waits.clock.Now())));
}

TEST(Retry, AttemptsEndWithTheirNumber) {
  Waits waits;
  const S3Waiting waiting = waits.Waiting();
  S3Options options;
  options.max_attempts = 3;
  Attempts attempts(options, waiting, waits.clock);
  EXPECT_TRUE(attempts.Again());
  EXPECT_TRUE(attempts.Again());
  EXPECT_FALSE(attempts.Again());
}

TEST(Retry, DoesNotWaitForWhatIsTooLate) {
  Waits waits;
  const S3Waiting waiting = waits.Waiting();
  S3Options options;
  options.deadline = seconds(10);
  Attempts attempts(options, waiting, waits.clock);
  const Timestamp start = waits.clock.Now();
  EXPECT_FALSE(attempts.Again(seconds(30)));
  EXPECT_EQ(waits.clock.Now(), start);
}

}  // namespace
}  // namespace breakwater::blob
