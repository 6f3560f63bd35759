// What the audit trail costs and how fast it answers, over the embedded stores:
//
//   bw_audit_bench DIRECTORY [RECORDS]
//
// fills a database with records (default: ten million; what is there is kept) and asks by actor and
// day, from the disk and from memory; then seals some,
// writes them as a file, verifies that, and compares with reading and hashing the same bytes; last:
// what one record of a pull costs. Times are of the processor, but for those of queries.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>

#include <fcntl.h>
#include <unistd.h>

#include "audit/heads.h"
#include "audit/lines.h"
#include "audit/recorder.h"
#include "audit/verify.h"
#include "crypto/hash.h"
#include "crypto/sealing.h"
#include "db/migrations.h"
#include "db/sqlite/sqlite_database.h"
#include "io/file.h"
#include "measuring.h"

namespace breakwater {
namespace {

using bench::Must;
using bench::Waited;

constexpr int kActors = 1000;
constexpr int kDays = 100;
constexpr std::int64_t kSealed = 200'000;
const Timestamp kBegin = *ParseRfc3339("2026-01-01T00:00:00Z");

double ProcessorSeconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Of all threads.
double Seconds(const std::function<void()>& work) {
  const double begin = ProcessorSeconds();
  work();
  return ProcessorSeconds() - begin;
}

audit::Record RecordOf(std::int64_t number, std::int64_t count) {
  audit::Record record;
  record.time = kBegin + std::chrono::days{kDays} * number / count;
  record.account = AccountId("00000000000000000000000000000001");
  record.registry = RegistryName("us.icr.io");
  record.action =
      number % 10 == 0 ? "container-registry.image.push" : "container-registry.image.pull";
  record.data_event = true;
  record.initiator = {.iam_id = IamId("iam-ServiceId-" + std::to_string(number * 7919 % kActors)),
                      .name = "builder",
                      .kind = "service_id",
                      .credential = "registry-token",
                      .account = record.account,
                      .address = "192.0.2.7",
                      .agent = "containerd/1.7.24"};
  const std::string image = "team/app-" + std::to_string(number % 5000);
  record.target = {.crn =
                       "crn:v1:bluemix:public:container-registry:us-south:a/"
                       "00000000000000000000000000000001::image:" +
                       image + ":latest",
                   .kind = "image",
                   .name = image + ":latest",
                   .digest = "sha256:" + crypto::Sha256Hex(image)};
  record.request_id = "7c0f3e5a-90be-4c1c-b1a2-b4fd2a4f7f10";
  return record;
}

// By the database itself: the rows that records would be, sealed by nobody.
void Fill(db::Database& database, std::int64_t count) {
  const std::int64_t had = Must(database.ReadValue([](db::Transaction& tx) {
                             return tx.QueryOne("SELECT coalesce(max(row), 0) FROM audit_record",
                                                {}, [](const db::Row& row) { return row.Int(0); });
                           })).value_or(0);
  const std::string document = json::Canonical(audit::ToJson(RecordOf(1, count)));
  constexpr std::int64_t kBatch = 100'000;
  for (std::int64_t next = had; next < count; next += kBatch) {
    Must(database.Write([&](db::Transaction& tx) -> Status {
      BW_TRY_STATUS(tx.Execute(
          "INSERT INTO audit_record (id, time, account, action, initiator, target, outcome, "
          "request_id, document) WITH RECURSIVE n(i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n "
          "WHERE i + 1 < $2) SELECT printf('%036d', i), $3 + i * $4, "
          "'00000000000000000000000000000001', CASE i % 10 WHEN 0 THEN "
          "'container-registry.image.push' ELSE 'container-registry.image.pull' END, "
          "'iam-ServiceId-' || (i * 7919 % $5), 'team/app-' || (i % 5000) || ':latest', 'success', "
          "printf('%036d', i), $6 FROM n",
          {next, std::min(count, next + kBatch), kBegin,
           std::chrono::microseconds(std::chrono::days{kDays}).count() / count, kActors,
           document}));
      return Ok();
    }));
  }
  std::printf("%lld records\n", static_cast<long long>(count));
}

void Seal(db::Database& database, const audit::Log& log, std::int64_t count) {
  constexpr std::int64_t kBatch = 5000;
  for (std::int64_t next = 0; next < count; next += kBatch) {
    std::vector<audit::Record> batch;
    for (std::int64_t i = next; i < next + kBatch; ++i) batch.push_back(RecordOf(i, count));
    Must(database.Write([&](db::Transaction& tx) { return log.AppendAll(tx, batch); }));
  }
  const double took = Seconds([&] { Must(log.Seal()); });
  std::printf("sealed: %.1f µs each\n", took * 1e6 / static_cast<double>(count));
}

// Gives up what the system keeps of a file in memory.
void Forget(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ::fdatasync(file);
  ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  ::close(file);
}

// `cold`: the file to be read from its disk for each query; empty: from memory, as far as it is
// there.
void Ask(const audit::Log& log, const std::filesystem::path& cold) {
  std::vector<double> took;
  std::size_t found = 0;
  for (int i = 0; i < 50; ++i) {
    audit::Filter filter;
    filter.account = AccountId("00000000000000000000000000000001");
    filter.initiator = IamId("iam-ServiceId-" + std::to_string(i * 37 % kActors));
    filter.since = kBegin + std::chrono::days{i * 13 % kDays};
    filter.until = *filter.since + std::chrono::days{1};
    filter.limit = 1000;
    if (!cold.empty()) Forget(cold);
    took.push_back(Waited([&] { found += Must(log.Query(filter)).size(); }));
  }
  std::sort(took.begin(), took.end());
  std::printf("actor and day%s: %zu records a query, median %.1f ms, worst of 50 %.1f ms\n",
              cold.empty() ? "" : ", from the disk", found / 50, took[25] * 1e3, took.back() * 1e3);
}

void Verify(const std::filesystem::path& directory, const audit::Log& log,
            const audit::Heads& heads) {
  const auto path = directory / "trail.jsonl";
  auto file = Must(io::DurableFile::Create(directory));
  std::string text;
  std::int64_t next = 1;
  while (true) {
    const std::int64_t before = next;
    text.clear();
    Must(log.Export(next, 10'000, [&](const audit::Entry& entry) {
      audit::AppendLine(entry, text);
      next = entry.sequence + 1;
      return Ok();
    }));
    if (next == before) break;
    Must(file.Write(AsBytes(text)));
  }
  text.clear();
  audit::AppendLine(*Must(heads.Sign()), text);
  Must(file.Write(AsBytes(text)));
  Must(file.Sync());
  const double bytes = static_cast<double>(file.size());
  Must(file.MoveTo(path));
  Bytes piece(1U << 20);
  const auto hash = [&] {
    io::FileSource source(Must(io::File::Open(path)));
    crypto::Hasher hasher(crypto::HashAlgorithm::kSha256);
    while (const std::size_t got = Must(source.Read(piece))) {
      hasher.Update(ByteView(piece).first(got));
    }
    (void)hasher.Finish();
  };
  const auto verify = [&] {
    io::FileSource source(Must(io::File::Open(path)));
    audit::FileVerifier verifier(heads.public_key(), {});
    Must(verifier.Add(source, "trail"));
    (void)Must(verifier.Finish());
  };
  // In turns, so that both meet the same machine.
  std::vector<double> ratios;
  double hashing = 0;
  double verifying = 0;
  for (int i = 0; i < 3; ++i) {
    hashing = Seconds(hash);
    verifying = Seconds(verify);
    ratios.push_back(verifying / hashing);
  }
  std::sort(ratios.begin(), ratios.end());
  std::printf("%.0f MB: read and hashed in %.1f s, verified in %.1f s: factor %.2f\n", bytes / 1e6,
              hashing, verifying, ratios[1]);
}

// Processor time of a record from the request to its sealed row, and of a pull that is not recorded
// since it was there today.
void Cost(db::Database& database, const audit::Log& log) {
  constexpr int kPulls = 50'000;
  const SystemClock clock;
  audit::Recorder recorder({.process = "bench", .account = AccountId("a"), .max_waiting = kPulls},
                           database, log, clock);
  Must(recorder.Flush());
  const std::string digest = "sha256:" + crypto::Sha256Hex("x");
  const audit::Pull pull{.identity = "iam-ServiceId-1",
                         .address = "192.0.2.7",
                         .registry = "us.icr.io",
                         .repository = "team/app",
                         .digest = digest,
                         .by_tag = true};
  const double wants = Seconds([&] {
    for (int i = 0; i < kPulls; ++i) (void)recorder.Wants(pull);
  });
  const double add = Seconds([&] {
    for (int i = 0; i < kPulls; ++i) recorder.Add(RecordOf(i, kPulls));
  });
  const double flush = Seconds([&] { Must(recorder.Flush()); });
  const double seal = Seconds([&] { Must(log.Seal()); });
  const auto each = [](double seconds) { return seconds * 1e6 / kPulls; };
  std::printf(
      "a pull that was recorded today: %.2f µs; one that is recorded: %.2f µs for the "
      "request, %.1f µs to write, %.1f µs to seal\n",
      each(wants), each(add), each(flush), each(seal));
}

int Main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "bw_audit_bench DIRECTORY [RECORDS]\n");
    return 2;
  }
  const std::filesystem::path directory = argv[1];
  const std::int64_t count = argc > 2 ? std::atoll(argv[2]) : 10'000'000;
  const SystemClock clock;
  const auto open = [&](const char* name) {
    auto database = Must(db::OpenSqlite({.path = directory / name}));
    Must(db::Migrate(*database));
    return database;
  };
  {
    const auto large = open("large.db");
    Fill(*large, count);
    const audit::Log log(*large, clock);
    Ask(log, directory / "large.db");
    Ask(log, {});
  }
  const auto database = open("sealed.db");
  const audit::Log log(*database, clock);
  const Secret key(std::string(crypto::kSealingKeyOctets, 'k'));
  const auto heads = Must(audit::Heads::Open(*database, log, key, clock));
  Seal(*database, log, kSealed);
  Verify(directory, log, heads);
  Cost(*database, log);
  return 0;
}

}  // namespace
}  // namespace breakwater

int main(int argc, char** argv) {
  return breakwater::Main(argc, argv);
}
