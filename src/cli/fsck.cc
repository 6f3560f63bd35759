#include "cli/fsck.h"

#include <cstdio>
#include <filesystem>

#include "admin/outcomes.h"
#include "app/stores.h"
#include "base/strings.h"
#include "cli/report.h"
#include "json/json.h"
#include "observe/log.h"

namespace breakwater::cli {
namespace {

constexpr int kNotLookedAt = 3;
constexpr std::size_t kOutcomeWidth = 10;

Result<app::Stores> OpenExisting(const config::Settings& settings, const Clock& clock) {
  const std::filesystem::path database = std::filesystem::path(settings.data) / "breakwater.db";
  std::error_code failed;
  if (settings.database.url.empty() && !std::filesystem::exists(database, failed)) {
    return NotFound("the data directory " + settings.data + " holds no database");
  }
  return app::OpenStores(settings, clock);
}

// For posture, which asks how long ago content was checked.
void Keep(db::Database& database, const admin::FsckSummary& summary, const Clock& clock) {
  const Status kept = database.Write([&](db::Transaction& tx) -> Status {
    const Timestamp now = clock.Now();
    return admin::WriteOutcome(tx, admin::outcome::kContent, summary.found + summary.lost == 0, now,
                               now,
                               {{"blobs", summary.blobs},
                                {"manifests", summary.manifests},
                                {"found", summary.found},
                                {"repaired", summary.repaired},
                                {"lost", summary.lost}});
  });
  if (kept.ok()) return;
  std::fprintf(stderr, "breakwater: the outcome was not kept: %s\n",
               Printable(kept.error().message()).c_str());
}

Result<admin::FsckSummary> Run(const ServerArguments& arguments, const FsckArguments& check) {
  static const SystemClock clock;
  BW_TRY(const config::Loaded loaded, LoadConfig(arguments));
  BW_TRY(const app::Stores stores, OpenExisting(loaded.settings, clock));
  admin::FsckOptions options;
  options.repair = check.repair;
  options.read_blobs = !check.quick;
  options.shared = stores.shared;
  options.report = [&](const admin::FsckFinding& finding) {
    std::fputs(
        check.as_json ? RenderFsckFindingJson(finding).c_str() : RenderFsckFinding(finding).c_str(),
        stdout);
    std::fflush(stdout);
  };
  BW_TRY(const admin::FsckSummary summary,
         admin::Fsck(*stores.database, *stores.blobs, options, clock));
  if (options.read_blobs) Keep(*stores.database, summary, clock);
  return summary;
}

void PrintSummary(const admin::FsckSummary& summary, bool as_json) {
  if (as_json) {
    const json::Value line = {{"summary",
                               {{"blobs", summary.blobs},
                                {"blob_bytes", summary.blob_bytes},
                                {"manifests", summary.manifests},
                                {"sparse_images", summary.sparse_images},
                                {"absent_layers", summary.absent_layers},
                                {"found", summary.found},
                                {"repaired", summary.repaired},
                                {"lost", summary.lost}}}};
    std::printf("%s\n", json::Serialize(line).c_str());
    return;
  }
  const auto text = [](std::int64_t count) { return std::to_string(count); };
  std::string line = text(summary.blobs) + " blobs of " + std::to_string(summary.blob_bytes) +
                     " bytes and " + text(summary.manifests) + " manifests";
  if (summary.sparse_images > 0) {
    line += ", " + text(summary.sparse_images) + " of them sparse, which lack " +
            text(summary.absent_layers) + " layers and may";
  }
  line += ": ";
  if (summary.found + summary.repaired + summary.lost == 0) {
    line += "all is as it should be";
  } else {
    line += text(summary.repaired) + " problems repaired, " + text(summary.found) +
            " that --repair would repair, " + text(summary.lost) + " that only a push can";
  }
  std::printf("%s\n", line.c_str());
}

}  // namespace

std::string RenderFsckFinding(const admin::FsckFinding& finding) {
  std::string line(admin::ToString(finding.outcome));
  line.resize(kOutcomeWidth, ' ');
  line += Printable(finding.problem + " " + finding.what + ": " + finding.text) + "\n";
  for (const std::string& image : finding.images) {
    line += std::string(kOutcomeWidth, ' ') + "in " + Printable(image) + "\n";
  }
  return line;
}

std::string RenderFsckFindingJson(const admin::FsckFinding& finding) {
  json::Array images;
  for (const std::string& image : finding.images) {
    images.push_back(json::Text(ReplaceInvalidUtf8(image)));
  }
  return json::Serialize(json::Value{{"outcome", json::Text(admin::ToString(finding.outcome))},
                                     {"problem", json::Text(finding.problem)},
                                     {"what", json::Text(ReplaceInvalidUtf8(finding.what))},
                                     {"text", json::Text(ReplaceInvalidUtf8(finding.text))},
                                     {"images", std::move(images)}}) +
         "\n";
}

int FsckStatus(const admin::FsckSummary& summary) {
  if (summary.lost + summary.found > 0) return 2;
  return summary.repaired > 0 ? 1 : 0;
}

int Fsck(const ServerArguments& arguments, const FsckArguments& check) {
  observe::SetLowestLevel(observe::Level::kError);
  const auto summary = Run(arguments, check);
  if (!summary.ok()) {
    Fail(summary.error());
    return kNotLookedAt;
  }
  PrintSummary(*summary, check.as_json);
  return FsckStatus(*summary);
}

}  // namespace breakwater::cli
