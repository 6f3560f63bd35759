#include "cli/backup.h"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "admin/configuration.h"
#include "app/restore.h"
#include "app/stores.h"
#include "base/strings.h"
#include "base/time.h"
#include "cli/report.h"
#include "io/file.h"
#include "observe/log.h"

namespace breakwater::cli {
namespace {

using Steady = std::chrono::steady_clock;

constexpr int kDamaged = 1;
constexpr int kViolated = 2;
constexpr int kNotLookedAt = 3;
constexpr std::chrono::seconds kBetweenLines{1};
constexpr std::size_t kMaxKeyFile = 4096;

class ProgressPrinter {
 public:
  void operator()(const admin::BackupProgress& progress) {
    const auto now = Steady::now();
    if (last_ && now - *last_ < kBetweenLines) return;
    last_ = now;
    std::string line = std::to_string(progress.rows) + " rows";
    if (progress.blobs + progress.blobs_total > 0) {
      line += ", " + std::to_string(progress.blobs);
      if (progress.blobs_total > 0) line += " of " + std::to_string(progress.blobs_total);
      line += " blobs, " + std::to_string(progress.bytes) + " bytes";
    }
    std::fprintf(stderr, "%s\n", line.c_str());
  }

 private:
  std::optional<Steady::time_point> last_;
};

std::string ContentsText(std::int64_t rows, std::int64_t blobs, std::uint64_t bytes) {
  return std::to_string(rows) + " rows, " + std::to_string(blobs) + " blobs of " +
         std::to_string(bytes) + " bytes";
}

admin::Patience PatienceOfPeople() {
  admin::Patience patience = admin::Patience::Real();
  patience.told = [](const Error& why, std::chrono::milliseconds pause) {
    std::fprintf(stderr, "%s: trying again in %.1f s\n", Printable(why.message()).c_str(),
                 std::chrono::duration<double>(pause).count());
  };
  return patience;
}

Status Report(Client& client, const admin::Patience& patience, const json::Value& report) {
  return admin::Patiently(patience, [&]() -> Status {
    BW_TRY_STATUS(client.Must("POST", "/breakwater/v1/backup/reports", report));
    return Ok();
  });
}

json::Value ReportOf(const std::string& manifest_sha256, Timestamp as_of, std::int64_t rows,
                     std::int64_t blobs, std::uint64_t bytes, bool read_back) {
  return {{"manifest_sha256", json::Text(manifest_sha256)},
          {"as_of", json::Text(FormatRfc3339(as_of))},
          {"rows", rows},
          {"blobs", blobs},
          {"blob_bytes", bytes},
          {"read_back", read_back}};
}

std::string BlobPathOf(const admin::NamedBlob& blob) {
  return "/breakwater/v1/backup/blobs/" + blob.digest.text();
}

Status Keep(Client& client, const admin::NamedBlob& blob) {
  BW_TRY(const Answer answer, client.Call("HEAD", BlobPathOf(blob)));
  // An older server has no such request, and keeps what is fetched.
  if (answer.ok() || answer.status == 405) return Ok();
  return ErrorOf(answer);
}

Result<admin::TakenBackup> Take(const RawClientArguments& raw, const std::string& path) {
  BW_TRY(const ClientArguments arguments, Login(raw));
  Client client(arguments);
  ProgressPrinter printer;
  const admin::Patience patience = PatienceOfPeople();
  const admin::BackupFeed feed{
      .snapshot = [&] { return client.Open("/breakwater/v1/backup/snapshot"); },
      .blob = [&](const admin::NamedBlob& blob,
                  std::uint64_t from) { return client.Open(BlobPathOf(blob), from); },
      .keep = [&](const admin::NamedBlob& blob) { return Keep(client, blob); },
      .progress = [&](const admin::BackupProgress& progress) { printer(progress); }};
  BW_TRY(auto taken, admin::TakeBackup(feed, path, patience));
  const Status told = Report(client, patience,
                             ReportOf(taken.manifest_sha256, taken.created, taken.rows, taken.blobs,
                                      taken.blob_bytes, false));
  // The backup is there all the same.
  if (!told.ok()) {
    std::fprintf(stderr, "breakwater: the server was not told that the backup is done: %s\n",
                 Printable(told.error().message()).c_str());
  }
  return taken;
}

Status TellVerified(const RawClientArguments& raw, const admin::BackupContents& contents) {
  BW_TRY(const ClientArguments arguments, Login(raw));
  Client client(arguments);
  return Report(client, PatienceOfPeople(),
                ReportOf(contents.manifest_sha256, contents.header.created, contents.rows,
                         contents.blobs, contents.blob_bytes, true));
}

void PrintDamage(const Error& error) {
  std::printf("damaged   %s\n", Printable(error.message()).c_str());
  std::fflush(stdout);
}

// The key that the destination has, or gets.
Status PrepareKey(const config::Settings& settings, const RestoreArguments& arguments) {
  if (!arguments.master_key_file.empty()) {
    BW_TRY(const std::string text,
           io::ReadFile(arguments.master_key_file, kMaxKeyFile).Context("--master-key-file"));
    BW_TRY(const Secret key, app::ConfiguredMasterKey(Secret(std::string(Trim(text)))));
    return app::CarryMasterKey(settings, key);
  }
  if (!settings.master_key.empty()) return Ok();
  BW_TRY(const auto there, app::ReadMasterKey(settings.data));
  if (there) return Ok();
  return Invalid(
             "a backup's secrets are sealed with the master key of its installation: name the file "
             "that has it with --master-key-file, or set master_key")
      .Reason("master_key_missing");
}

Result<json::Value> ReadRules(const std::string& file) {
  if (file.empty()) return json::Value();
  BW_TRY(const std::string text,
         io::ReadFile(file, admin::kMaxConfigurationBytes).Context("--rules"));
  return json::Parse(text, {.max_bytes = admin::kMaxConfigurationBytes, .max_depth = 64})
      .Context("--rules");
}

void PrintVerdict(const app::RestoreVerdict& verdict) {
  for (const app::RestoredViolation& one : verdict.violations) {
    std::printf("violated  %s: %s\n", Printable(one.resource).c_str(), Printable(one.text).c_str());
  }
  if (verdict.accepted) return;
  std::printf(
      "Not finished: what was restored violates rules, and no server starts over it."
      "\nThe same command with --accept-violations finishes it, and records that.\n");
}

Result<app::RestoreVerdict> RestoreInto(const config::Settings& settings,
                                        const RestoreArguments& arguments) {
  static const SystemClock clock;
  BW_TRY(const auto backup, admin::OpenBackup(arguments.backup.path, arguments.backup.snapshot));
  app::RestoreConclusion conclusion{.backup = {}, .accept = arguments.accept_violations};
  BW_TRY(conclusion.rules, ReadRules(arguments.rules_file));
  BW_TRY_STATUS(PrepareKey(settings, arguments));
  BW_TRY(app::Stores stores, app::OpenStores(settings, clock));
  ProgressPrinter printer;
  admin::RestoreOptions options;
  options.progress = [&](const admin::BackupProgress& progress) { printer(progress); };
  BW_TRY(const admin::Restored restored,
         admin::RestoreBackup(*backup,
                              {*stores.database, *stores.blobs, stores.master_key, stores.shared},
                              options, clock));
  const admin::BackupContents& contents = restored.contents;
  std::printf("restored and read back: %s, as of %s\n",
              ContentsText(contents.rows, contents.blobs, contents.blob_bytes).c_str(),
              FormatRfc3339(contents.header.created).c_str());
  std::fflush(stdout);
  conclusion.backup = "sha256:" + contents.manifest_sha256;
  return app::ConcludeRestore(settings, std::move(stores), conclusion);
}

}  // namespace

int CreateBackup(const RawClientArguments& client, const BackupArguments& arguments) {
  const auto taken = Take(client, arguments.path);
  if (!taken.ok()) {
    std::fputs("breakwater: there is no backup: ", stderr);
    return Fail(taken.error());
  }
  std::printf("backup %s: %s", taken->name.c_str(),
              ContentsText(taken->rows, taken->blobs, taken->blob_bytes).c_str());
  if (taken->blobs_were_there > 0) {
    std::printf(" (%lld of them were there)", static_cast<long long>(taken->blobs_were_there));
  }
  std::printf("\nmanifest sha256:%s\n", taken->manifest_sha256.c_str());
  return 0;
}

int VerifyBackup(const RawClientArguments& client, const BackupArguments& arguments) {
  const auto contents = [&]() -> Result<admin::BackupContents> {
    BW_TRY(const auto backup, admin::OpenBackup(arguments.path, arguments.snapshot));
    admin::BackupVisitor visitor;
    visitor.damaged = [](const Error& error) {
      PrintDamage(error);
      return Ok();
    };
    return admin::PassThrough(*backup, visitor);
  }();
  if (!contents.ok()) {
    const bool damage = contents.error().code() == ErrorCode::kDataCorrupt;
    if (damage) PrintDamage(contents.error());
    return damage ? kDamaged : (Fail(contents.error()), kNotLookedAt);
  }
  if (contents->damaged > 0) {
    std::printf("%lld files are damaged\n", static_cast<long long>(contents->damaged));
    return kDamaged;
  }
  std::printf("whole: %s, as of %s, by version %s\nmanifest sha256:%s\n",
              ContentsText(contents->rows, contents->blobs, contents->blob_bytes).c_str(),
              FormatRfc3339(contents->header.created).c_str(),
              Printable(contents->header.program).c_str(), contents->manifest_sha256.c_str());
  if (!arguments.report) return 0;
  if (const Status told = TellVerified(client, *contents); !told.ok()) {
    Fail(told.error());
    return kNotLookedAt;
  }
  return 0;
}

int Restore(const ServerArguments& server, const RestoreArguments& arguments) {
  observe::SetLowestLevel(observe::Level::kWarning);
  const auto verdict = [&]() -> Result<app::RestoreVerdict> {
    BW_TRY(const config::Loaded loaded, LoadConfig(server));
    return RestoreInto(loaded.settings, arguments);
  }();
  if (!verdict.ok()) return Fail(verdict.error());
  PrintVerdict(*verdict);
  return verdict->accepted ? 0 : kViolated;
}

}  // namespace breakwater::cli
