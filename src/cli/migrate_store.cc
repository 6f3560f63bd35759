#include "cli/migrate_store.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "app/stores.h"
#include "base/time.h"
#include "cli/report.h"
#include "cli/serve.h"
#include "config/options.h"
#include "observe/log.h"

namespace breakwater::cli {
namespace {

using Step = admin::CopyProgress::Step;
using Steady = std::chrono::steady_clock;

constexpr std::chrono::seconds kBetweenLines{1};

std::string_view NameOf(Step step) {
  switch (step) {
    case Step::kRows: return "rows";
    case Step::kBlobs: return "blobs";
    case Step::kCompare: return "compare";
    case Step::kReread: return "reread";
  }
  BW_UNREACHABLE();
}

std::string Padded(std::string_view text, std::size_t width) {
  std::string padded(text);
  padded.resize(std::max(width, text.size()), ' ');
  return padded;
}

// "  50%  "
std::string Percent(std::uint64_t done, std::uint64_t total) {
  const std::uint64_t percent =
      total == 0 ? 100
                 : static_cast<std::uint64_t>(100.0L * static_cast<long double>(done) /
                                              static_cast<long double>(total));
  const std::string digits = std::to_string(percent);
  return std::string(digits.size() < 4 ? 4 - digits.size() : 0, ' ') + digits + "%  ";
}

std::string OfTotal(std::uint64_t done, std::uint64_t total, std::string_view what) {
  return std::to_string(done) + " of " + std::to_string(total) + std::string(what);
}

// The environment is one, the installations are two: only files describe them.
Result<config::Settings> LoadFile(const std::string& path) {
  config::LoadRequest request;
  BW_TRY(request.file, ReadConfigFile(path));
  BW_TRY(config::Loaded loaded, config::Load(request));
  return std::move(loaded.settings);
}

void NameIgnoredVariables() {
  for (const auto& [name, value] : config::ReadEnvironment()) {
    if (config::FindByEnv(name) == nullptr) continue;
    std::fprintf(stderr, "breakwater: %s is not read: it could mean either side\n", name.c_str());
  }
}

bool KeepsNothingInDirectory(const config::Settings& settings) {
  return !settings.database.url.empty() && !settings.s3.endpoint.empty() &&
         !settings.master_key.empty();
}

Status RefuseOneDirectory(const config::Settings& from, const config::Settings& to) {
  if (KeepsNothingInDirectory(from) || KeepsNothingInDirectory(to)) return Ok();
  std::error_code failed;
  const auto one = std::filesystem::weakly_canonical(from.data, failed);
  const auto other = std::filesystem::weakly_canonical(to.data, failed);
  if (failed || one != other) return Ok();
  return Invalid("both sides use the data directory " + from.data +
                 ": give the destination another one (data), or the master key in its "
                 "configuration (master_key) if both its stores are elsewhere");
}

// Prints a line for every step and table, and else one in a while.
class ProgressPrinter {
 public:
  void operator()(const admin::CopyProgress& progress) {
    const auto now = Steady::now();
    const bool done = progress.rows == progress.rows_total &&
                      progress.blobs == progress.blobs_total &&
                      progress.bytes == progress.bytes_total;
    const bool first = !last_ || last_step_ != progress.step;
    if (!first && !done && now - *last_ < kBetweenLines) return;
    const std::string line = ProgressLine(progress);
    if (line == last_line_) return;
    std::fprintf(stderr, "%s\n", line.c_str());
    last_ = now;
    last_step_ = progress.step;
    last_line_ = line;
  }

 private:
  std::optional<Steady::time_point> last_;
  Step last_step_ = Step::kRows;
  std::string last_line_;
};

Result<admin::MigrationReport> Run(const MigrateStoreArguments& arguments) {
  static const SystemClock clock;
  BW_TRY(const config::Settings from, LoadFile(arguments.from));
  BW_TRY(const config::Settings to, LoadFile(arguments.to));
  BW_TRY_STATUS(RefuseOneDirectory(from, to));
  if (from.database.url.empty() &&
      !std::filesystem::exists(std::filesystem::path(from.data) / "breakwater.db")) {
    return NotFound("the source's data directory " + from.data + " holds no database");
  }
  BW_TRY(const app::Stores source, app::OpenStores(from, clock).Context("the source"));
  BW_TRY_STATUS(app::CarryMasterKey(to, source.master_key).Context("the destination"));
  BW_TRY(const app::Stores destination, app::OpenStores(to, clock).Context("the destination"));
  ProgressPrinter printer;
  admin::MigrationOptions options;
  options.reread = arguments.verify_content;
  options.progress = [&](const admin::CopyProgress& progress) { printer(progress); };
  return admin::MigrateStore(
      {*source.database, *source.blobs, source.master_key, source.shared},
      {*destination.database, *destination.blobs, destination.master_key, destination.shared},
      options, clock);
}

}  // namespace

std::string MigrateStoreHelp() {
  std::string text =
      "Copies a whole installation into other stores: from a data directory to PostgreSQL and an "
      "object store, or back. --from and --to are configuration files as for serve; environment "
      "variables are not read. Stop every server of both sides first. The destination must be "
      "empty; a copy that was interrupted goes on when the same command is given again. Its master "
      "key becomes the source's. Both sides are compared at the end, row by row; exit status 0 "
      "means that they are equal.\n\nNot copied:\n";
  for (const admin::LeftOut& left_out : admin::TablesLeftOut()) {
    text += "  " + std::string(left_out.table) + ": " + std::string(left_out.why) + "\n";
  }
  return text + "  blobs that no row names: what the server would remove anyway\n";
}

std::string ProgressLine(const admin::CopyProgress& progress) {
  const std::string name = Padded(NameOf(progress.step), 8);
  if (progress.step == Step::kRows || progress.step == Step::kCompare) {
    const auto done = static_cast<std::uint64_t>(progress.rows);
    const auto total = static_cast<std::uint64_t>(progress.rows_total);
    return name + Percent(done, total) + OfTotal(done, total, " rows  ") + progress.table;
  }
  return name + Percent(progress.bytes, progress.bytes_total) +
         OfTotal(static_cast<std::uint64_t>(progress.blobs),
                 static_cast<std::uint64_t>(progress.blobs_total), " blobs, ") +
         OfTotal(progress.bytes, progress.bytes_total, " bytes");
}

std::string Summary(const admin::MigrationReport& report) {
  std::int64_t rows = 0;
  Table tables{.head = {"table", "rows", "sha256"}, .rows = {}};
  for (const auto& table : report.tables) {
    rows += table.rows;
    if (table.rows > 0) {
      tables.rows.push_back({table.table, std::to_string(table.rows), table.sha256});
    }
  }
  std::string text = Rendered(tables, "  ", 64);
  text += "copied and found equal: " + std::to_string(rows) + " rows of " +
          std::to_string(report.tables.size()) + " tables, " + std::to_string(report.blobs) +
          " blobs of " + std::to_string(report.blob_bytes) + " bytes\n";
  for (const auto& table : report.not_copied) {
    if (table.rows == 0 || table.table == "schema_version") continue;
    text += "not copied: " + std::to_string(table.rows) + " rows of " + table.table + "\n";
  }
  if (report.unnamed_blobs > 0) {
    text += "not copied: " + std::to_string(report.unnamed_blobs) + " blobs of " +
            std::to_string(report.unnamed_bytes) + " bytes that no row names\n";
  }
  return text;
}

int MigrateStore(const MigrateStoreArguments& arguments) {
  observe::SetLowestLevel(observe::Level::kWarning);
  NameIgnoredVariables();
  const auto report = Run(arguments);
  if (!report.ok()) {
    const int status = Fail(report.error());
    if (report.error().code() == ErrorCode::kConflict) return status;  // nothing was begun
    std::fprintf(stderr, "breakwater: not finished: the destination must not be served\n");
    return status;
  }
  std::fputs(Summary(*report).c_str(), stdout);
  return 0;
}

}  // namespace breakwater::cli
