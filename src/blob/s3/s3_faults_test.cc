// A real service behind a proxy that breaks what it is told to (tests/services/fault_proxy.py):
// every kind of fault at every request of an upload and of a read. Skipped without them.
#include <csignal>
#include <cstdio>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "blob/s3/s3_client.h"
#include "blob/s3/s3_parts.h"
#include "blob/s3/s3_testing.h"

namespace breakwater::blob {
namespace {

using testing::CommitOne;
using testing::DigestOf;
using testing::ReadText;
using testing::S3Setting;
using testing::S3TestOptions;
using testing::S3TestStore;
using testing::StagedSizes;

// A proxy of this test's own, on a free port. It ends with the test.
class Proxy {
 public:
  explicit Proxy(const std::string& target_port) {
    Heal();
    int out[2];
    BW_CHECK(::pipe2(out, O_CLOEXEC) == 0);
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    BW_CHECK(pid_ >= 0);
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent || ::dup2(out[1], STDOUT_FILENO) < 0) ::_exit(1);
      ::execlp("python3", "python3", BW_FAULT_PROXY, "0", target_port.c_str(), rules_.c_str(),
               log_.c_str(), nullptr);
      ::_exit(1);
    }
    ::close(out[1]);
    char digit = 0;
    while (::read(out[0], &digit, 1) == 1 && digit != '\n') port_ += digit;
    ::close(out[0]);
  }
  ~Proxy() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  // Empty if it did not start.
  const std::string& port() const { return port_; }

  // The n-th request from now on (from 1), in any order of arrival.
  void BreakRequest(int n, const std::string& action) {
    // The rule's text is new each time, so the proxy counts anew.
    Tell(R"([{"id": ")" + crypto::RandomToken(12) + R"(", "skip": )" + std::to_string(n - 1) +
         R"(, "times": 1, )" + action + "}]");
  }
  void BreakAll(const std::string& match, const std::string& action) {
    Tell(R"([{"match": ")" + match + R"(", )" + action + "}]");
  }
  void Heal() { Tell("[]"); }
  // How many requests a rule has hit.
  int Hits() const {
    std::ifstream log(log_);
    int hits = 0;
    for (std::string line; std::getline(log, line);) hits += line.starts_with("0 ") ? 1 : 0;
    return hits;
  }

 private:
  void Tell(const std::string& rules) {
    {
      std::ofstream file(rules_ + ".new", std::ios::trunc);
      file << rules;
    }
    BW_CHECK(std::rename((rules_ + ".new").c_str(), rules_.c_str()) == 0);
  }

  breakwater::testing::TempDir directory_;
  const std::string rules_ = directory_.path() / "rules.json";
  const std::string log_ = directory_.path() / "log";
  std::string port_;
  pid_t pid_ = -1;
};

const std::vector<std::string>& Faults() {
  static const std::vector<std::string> faults{
      R"("action": "reset")",
      R"("action": "reset-request", "bytes": 70000)",
      R"("action": "reset-response", "bytes": 100)",
      R"("action": "truncate", "bytes": 400)",
      R"("action": "lost-answer")",
      R"("action": "hang")",
      R"("action": "delay", "seconds": 0.05)",
      R"("action": "slow", "bytes": 10000000)",
      R"("action": "status", "code": 503, "body": "<Error><Code>SlowDown</Code></Error>")",
      R"("action": "status", "code": 500)",
      R"("action": "status", "code": 429, "headers": {"Retry-After": "1"})",
  };
  return faults;
}

std::string Content() {
  std::string content(6 * kMiB, '\0');
  unsigned state = 7;
  for (char& c : content) {
    state = state * 1664525U + 1013904223U;
    c = static_cast<char>(state >> 24U);
  }
  return content;
}

class S3Faults : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!testing::HasS3()) GTEST_SKIP() << testing::kNoS3;
    const std::string endpoint = S3Setting("ENDPOINT");
    if (!endpoint.starts_with("http://127.0.0.1:")) {
      GTEST_SKIP() << "the proxy goes before a plain endpoint on 127.0.0.1 only";
    }
    proxy_.emplace(endpoint.substr(endpoint.rfind(':') + 1));
    ASSERT_FALSE(proxy_->port().empty()) << "python3 does not run " BW_FAULT_PROXY;
  }

  // A store behind the proxy whose requests have `attempts`.
  S3Options Options(int attempts) const {
    S3Options options = S3TestOptions();
    options.endpoint = "http://127.0.0.1:" + proxy_->port();
    options.max_attempts = attempts;
    options.request_timeout = std::chrono::milliseconds(1000);
    options.copy_timeout = std::chrono::milliseconds(1000);
    return options;
  }
  // Without delays between attempts.
  static S3Waiting Impatient() {
    return {.sleep = [](std::chrono::milliseconds) {}, .jitter = [] { return 0.0; }};
  }

  static Status Upload(BlobStore& store, Staged& staged, std::string_view content) {
    BW_TRY_STATUS(staged.Append(AsBytes(content)));
    BW_TRY_STATUS(staged.Flush());
    return CommitOne(store, staged, DigestOf(content));
  }
  // Nothing, or all of it: never a part.
  static void ExpectNothingHalf(BlobStore& store, const std::string& content) {
    const auto blob = store.Open(DigestOf(content));
    if (!blob.ok()) {
      EXPECT_EQ(blob.error().code(), ErrorCode::kNotFound) << blob.error().log();
      return;
    }
    EXPECT_EQ((*blob)->size(), content.size());
    EXPECT_TRUE(*ReadText(store, DigestOf(content)) == content);
  }
  // All bytes that were acknowledged by Flush are there, and no others before them.
  static void ExpectAcknowledged(BlobStore& store, const std::string& id, std::size_t acknowledged,
                                 const std::string& content) {
    const auto resumed = store.Resume(id);
    if (!resumed.ok()) {
      EXPECT_EQ(resumed.error().code(), ErrorCode::kNotFound) << resumed.error().log();
      // Never flushed, or committed.
      EXPECT_TRUE(acknowledged == 0 || store.Open(DigestOf(content)).ok());
      return;
    }
    ASSERT_GE((*resumed)->size(), acknowledged);
    const auto source = (*resumed)->Read();
    ASSERT_TRUE(source.ok()) << source.error().log();
    const auto kept = io::ReadAll(**source, 1U << 30U);
    ASSERT_TRUE(kept.ok()) << kept.error().log();
    EXPECT_TRUE(*kept == content.substr(0, (*resumed)->size()));
  }

  std::optional<Proxy> proxy_;
};

TEST_P(S3Faults, OneFaultAnywhereInAnUploadIsCuredByRetries) {
  const std::string content = Content();
  for (int n = 1;; ++n) {
    ASSERT_LT(n, 40);
    S3TestStore made(Options(4), Impatient());
    const int before = proxy_->Hits();
    proxy_->BreakRequest(n, GetParam());
    const auto staged = made.store().Stage();
    const Status done = Upload(made.store(), **staged, content);
    ASSERT_TRUE(done.ok()) << n << ": " << done.error().log();
    proxy_->Heal();
    EXPECT_TRUE(*ReadText(made.store(), DigestOf(content)) == content);
    EXPECT_TRUE(StagedSizes(made.store()).empty());
    if (proxy_->Hits() == before) break;
  }
}

TEST_P(S3Faults, UploadThatFailsAtAnyRequestLeavesNothingHalfAndCanBeRepeated) {
  const std::string content = Content();
  for (int n = 1;; ++n) {
    ASSERT_LT(n, 40);
    S3TestStore made(Options(1), Impatient());
    const int before = proxy_->Hits();
    proxy_->BreakRequest(n, GetParam());
    std::string id;
    std::size_t acknowledged = 0;
    {
      const auto staged = made.store().Stage();
      id = (*staged)->id();
      for (std::size_t at = 0; at < content.size() && acknowledged == at; at += 3 * kMiB) {
        const bool flushed = (*staged)->Append(AsBytes(content).subspan(at, 3 * kMiB)).ok() &&
                             (*staged)->Flush().ok();
        if (flushed) acknowledged = at + 3 * kMiB;
      }
      const bool all = acknowledged == content.size();
      const bool committed = all && CommitOne(made.store(), **staged, DigestOf(content)).ok();
      proxy_->Heal();
      ExpectNothingHalf(made.store(), content);
      EXPECT_TRUE(!committed || made.store().Open(DigestOf(content)).ok());
    }
    // Another process, and a client that tries again.
    made.Reopen();
    ExpectAcknowledged(made.store(), id, acknowledged, content);
    auto resumed = made.store().Resume(id);
    if (!resumed.ok()) resumed = made.store().Stage();
    ASSERT_TRUE(resumed.ok());
    const std::string rest = content.substr((*resumed)->size());
    ASSERT_TRUE((*resumed)->Append(AsBytes(rest)).ok());
    const Status repeated = CommitOne(made.store(), **resumed, DigestOf(content));
    ASSERT_TRUE(repeated.ok()) << n << ": " << repeated.error().log();
    EXPECT_TRUE(*ReadText(made.store(), DigestOf(content)) == content);
    if (proxy_->Hits() == before) break;
  }
}

TEST_P(S3Faults, OneFaultAnywhereInAReadIsNotSeen) {
  const std::string content = Content();
  S3TestStore made(Options(4), Impatient());
  ASSERT_TRUE(Upload(made.store(), **made.store().Stage(), content).ok());
  for (int n = 1;; ++n) {
    ASSERT_LT(n, 10);
    const int before = proxy_->Hits();
    proxy_->BreakRequest(n, GetParam());
    const auto read = ReadText(made.store(), DigestOf(content));
    ASSERT_TRUE(read.ok()) << n << ": " << read.error().log();
    EXPECT_TRUE(*read == content);
    if (proxy_->Hits() == before) break;
  }
}

INSTANTIATE_TEST_SUITE_P(Each, S3Faults, ::testing::ValuesIn(Faults()), [](const auto& test) {
  std::string name;
  for (const char c : test.param) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) name += c;
  }
  return std::to_string(test.index) + name;
});

class S3Outage : public S3Faults {};

TEST_F(S3Outage, ReadThatIsCutOffAgainAndAgainGoesOn) {
  const std::string content = Content();
  S3TestStore made(Options(3), Impatient());
  ASSERT_TRUE(Upload(made.store(), **made.store().Stage(), content).ok());
  proxy_->BreakAll("GET .*/blobs/", R"("action": "reset-response", "bytes": 1000000)");
  const auto read = ReadText(made.store(), DigestOf(content));
  ASSERT_TRUE(read.ok()) << read.error().log();
  EXPECT_TRUE(*read == content);
}

TEST_F(S3Outage, RequestsFailClearlyAndTheStoreRecovers) {
  const std::string content = "content";
  S3TestStore made(Options(3), Impatient());
  for (const std::string action :
       {R"("action": "status", "code": 503)", R"("action": "reset")", R"("action": "hang")"}) {
    proxy_->BreakAll("", action);
    const auto staged = made.store().Stage();
    ASSERT_TRUE((*staged)->Append(AsBytes(content)).ok());
    const Status failed = CommitOne(made.store(), **staged, DigestOf(content));
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().code(), ErrorCode::kUnavailable);
    EXPECT_EQ(failed.error().reason(), "blob_store_unavailable");
    EXPECT_EQ(made.store().Open(DigestOf(content)).error().reason(), "blob_store_unavailable");
    proxy_->Heal();
    EXPECT_TRUE(CommitOne(made.store(), **staged, DigestOf(content)).ok());
    EXPECT_TRUE(made.store().Remove(DigestOf(content)).ok());
  }
}

TEST_F(S3Outage, CorruptedAnswersAreRefusedAndNothingIsLost) {
  // A bit of XML, or of an ETag in it, that is not what it was.
  const std::string content = Content();
  for (int n = 1; n <= 12; ++n) {
    S3TestStore made(Options(2), Impatient());
    proxy_->BreakRequest(n, R"("action": "corrupt", "bytes": 60)");
    const auto staged = made.store().Stage();
    static_cast<void>(Upload(made.store(), **staged, content));
    proxy_->Heal();
    ExpectNothingHalf(made.store(), content);
    EXPECT_TRUE(CommitOne(made.store(), **staged, DigestOf(content)).ok());
    EXPECT_TRUE(*ReadText(made.store(), DigestOf(content)) == content);
  }
}

// The database fails at every step instead.
TEST_F(S3Outage, DatabaseThatFailsAtAnyStepLosesNothing) {
  const std::string content = Content();
  const SystemClock clock;
  const auto database = db::testing::OpenTestDatabase();
  db::testing::ForEachFault(database->database(), [&](db::testing::FaultyDatabase& faulty) {
    S3Options options = S3TestOptions();
    std::string id;
    std::size_t acknowledged = 0;
    {
      const auto store = *OpenS3BlobStore(options, faulty, clock);
      const auto staged = store->Stage();
      id = (*staged)->id();
      for (std::size_t at = 0; at < content.size(); at += 3 * kMiB) {
        const auto piece = AsBytes(content).subspan(at, 3 * kMiB);
        // A failure may have taken some of it, or all.
        const std::uint64_t goal = at + piece.size();
        for (int attempt = 0; attempt < 3 && (*staged)->size() < goal; ++attempt) {
          static_cast<void>((*staged)->Append(
              AsBytes(content).subspan((*staged)->size(), goal - (*staged)->size())));
        }
        bool flushed = (*staged)->Flush().ok();
        if (!flushed) flushed = (*staged)->Flush().ok();
        EXPECT_TRUE(flushed);
        if (flushed) acknowledged = goal;
      }
    }
    const auto store = *OpenS3BlobStore(options, database->database(), clock);
    ExpectAcknowledged(*store, id, acknowledged, content);
    const auto resumed = store->Resume(id);
    ASSERT_TRUE(resumed.ok());
    ASSERT_EQ((*resumed)->size(), content.size());
    EXPECT_TRUE(CommitOne(*store, **resumed, DigestOf(content)).ok());
    EXPECT_TRUE(*ReadText(*store, DigestOf(content)) == content);
    EXPECT_TRUE(store->Remove(DigestOf(content)).ok());
  });
}

}  // namespace
}  // namespace breakwater::blob
