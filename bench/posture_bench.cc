// What posture costs, over the embedded database:
//
//   bw_posture_bench DIRECTORY [RESOURCES] [GOALS]
//
// evaluates RESOURCES (100,000) under GOALS (100) from scratch and again, then after one change;
// and replays a year of hourly changes, asking for the posture at moments of it. Times are waited
// for.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <random>

#include "base/testing.h"
#include "control/testing.h"
#include "db/migrations.h"
#include "db/sqlite/sqlite_database.h"
#include "measuring.h"
#include "posture/assess.h"
#include "posture/evaluator.h"

namespace breakwater {
namespace {

using bench::Must;
using bench::Waited;
using posture::Assessment;

constexpr int kHours = 365 * 24;
const Timestamp kBegin = *ParseRfc3339("2026-01-01T00:00:00Z");
const AccountId kAccount("acc");
const condition::ResourceType kType{"container-registry", "image"};

// Images that differ in their facts, so that nothing is saved by their likeness.
class Images final : public control::FactSource {
 public:
  explicit Images(int count) : criticals_(static_cast<std::size_t>(count), 0) {}

  std::vector<condition::ResourceType> Types() const override { return {kType}; }
  Result<std::vector<control::Resource>> List(db::Transaction&, const condition::ResourceType&,
                                              const AccountId&) override {
    std::vector<control::Resource> all;
    for (std::size_t i = 0; i < criticals_.size(); ++i) all.push_back(At(i));
    return all;
  }
  Result<condition::Facts> Read(db::Transaction&, const control::Resource& resource) override {
    const auto i = static_cast<std::size_t>(std::atoll(resource.name.c_str()));
    condition::Facts facts;
    const auto set = [&](const char* name, std::int64_t value) {
      facts.Set(name, condition::Fact::Present(condition::Number(value), "bench", kBegin));
    };
    set("critical_vulnerabilities", criticals_[i]);
    set("size_bytes", static_cast<std::int64_t>(i));
    return facts;
  }

  control::Resource At(std::size_t i) const {
    control::Resource resource;
    resource.kind = kType.kind;
    resource.account = kAccount;
    resource.registry = RegistryName("us.icr.io");
    resource.name_space = "team";
    resource.name = std::to_string(i);
    return resource;
  }
  void Change(std::size_t i) { criticals_[i] = criticals_[i] == 0 ? 1 : 0; }
  std::size_t size() const { return criticals_.size(); }

 private:
  std::vector<std::int64_t> criticals_;
};

posture::Content ContentOf(int goals) {
  json::Array documents;
  json::Array ids;
  for (int i = 0; i < goals; ++i) {
    const std::string id = std::to_string(7'000'000 + i);
    const bool on_size = i % 2 == 1;
    documents.push_back({{"id", json::Text(id)},
                         {"description", "Check whether it is so"},
                         {"severity", "High"},
                         {"service", json::Text(kType.service)},
                         {"kind", json::Text(kType.kind)},
                         {"expected", "so"},
                         {"condition",
                          {{"property", on_size ? "size_bytes" : "critical_vulnerabilities"},
                           {"operator", "num_less_than_equals"},
                           {"value", on_size ? 1'000 * i : i / 2}}},
                         {"reason", "because"},
                         {"remedy", "do"}});
    ids.emplace_back(json::Text(id));
  }
  const json::Value profile{
      {"id", "70"},
      {"name", "many"},
      {"description", "many"},
      {"version", 1},
      {"controls", {{{"id", "7001"}, {"external_control_id", "1"}, {"goals", std::move(ids)}}}}};
  return Must(
      posture::Content::Load(json::Serialize(json::Object{{"goals", std::move(documents)}}),
                             json::Serialize(json::Object{{"profiles", json::Array{profile}}}),
                             condition::Catalogue::BuiltIn()));
}

std::uintmax_t SizeOf(const std::filesystem::path& directory) {
  std::uintmax_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(directory)) bytes += file.file_size();
  return bytes;
}

class Bench {
 public:
  Bench(const std::filesystem::path& directory, int resources, int goals)
      : directory_(directory),
        images_(resources),
        content_(ContentOf(goals)),
        database_(Must(db::OpenSqlite({.path = directory / "db"}))),
        log_(*database_, clock_),
        jobs_(jobs::NewJobs({.owner = "bench"}, *database_, clock_)),
        changes_(*database_, log_, *jobs_, authorizer_, gate_, facts_),
        profiles_(*database_, changes_, content_, condition::Catalogue::BuiltIn(), clock_),
        attachments_(*database_, changes_, profiles_, clock_),
        evaluator_({*database_, *jobs_, facts_, profiles_, attachments_,
                    [](db::Transaction&, const AccountId&, std::string_view) {
                      return Result<posture::ScopeFilter>(
                          [](const control::Resource&) { return true; });
                    },
                    [](db::Transaction&, const AccountId&) {
                      return Result<posture::Accepted>(posture::Accepted{});
                    }}) {
    Must(db::Migrate(*database_));
    facts_.Add(images_);
    clock_.Set(kBegin);
    Must(profiles_.Publish());
    Must(database_->Write(
        [&](db::Transaction& tx) { return attachments_.Ensure(tx, kAccount, "70"); }));
    id_ = Must(attachments_.List(kAccount)).front().id;
  }

  void Scans(int goals) {
    const double scratch = Waited([&] { Must(evaluator_.EvaluateAll(id_)); });
    std::printf("from scratch: %zu resources x %d goals in %.2f s, %.1f million results/s\n",
                images_.size(), goals, scratch,
                static_cast<double>(images_.size()) * goals / scratch / 1e6);
    std::printf("a whole scan again, nothing changed: %.2f s\n",
                Waited([&] { Must(evaluator_.EvaluateAll(id_)); }));
    images_.Change(0);
    std::printf("after one change: %.2f ms\n",
                1e3 * Waited([&] { Must(evaluator_.Evaluate(id_, {images_.At(0)})); }));
    std::printf("on disk: %.1f MiB\n", static_cast<double>(SizeOf(directory_)) / (1 << 20));
  }

  void Year() {
    const auto before = SizeOf(directory_);
    std::mt19937_64 random(7);
    const double replay = Waited([&] {
      for (int hour = 0; hour < kHours; ++hour) {
        clock_.Advance(std::chrono::hours{1});
        const std::size_t i = random() % images_.size();
        images_.Change(i);
        Must(evaluator_.Evaluate(id_, {images_.At(i)}));
        // The hourly look at everything would find nothing more: only that it was is written down.
        Must(database_->Write([&](db::Transaction& tx) -> Status {
          BW_TRY(const auto locked, attachments_.Lock(tx, id_));
          return attachments_.MarkChecked(tx, id_, locked.evaluated);
        }));
      }
    });
    std::printf(
        "a year of hourly changes: %.1f s, %.2f MiB more on disk\n", replay,
        (static_cast<double>(SizeOf(directory_)) - static_cast<double>(before)) / (1 << 20));
    double worst = 0;
    for (int month = 1; month <= 12; ++month) {
      const Timestamp at = kBegin + std::chrono::hours{24 * 30 * month};
      worst = std::max(worst,
                       Waited([&] { static_cast<void>(Must(AssessAt(at, std::nullopt, 100))); }));
    }
    std::printf("posture at a moment, 100 resources shown per goal: at most %.0f ms\n",
                1e3 * worst);
    std::printf("the year's trend: %.0f ms\n",
                1e3 * Waited([&] { static_cast<void>(Must(AssessAt(clock_.Now(), kBegin, 0))); }));
  }

 private:
  Result<Assessment> AssessAt(Timestamp at, std::optional<Timestamp> from, std::size_t resources) {
    return database_->ReadValue([&](db::Transaction& tx) -> Result<Assessment> {
      BW_TRY(const auto attachment, attachments_.Get(tx, id_));
      return posture::Assess(tx, {profiles_, attachments_, {}, {}}, attachment,
                             {.at = at, .from = from, .max_resources = resources}, clock_.Now());
    });
  }

  std::filesystem::path directory_;
  Images images_;
  posture::Content content_;
  breakwater::testing::ManualClock clock_;
  std::unique_ptr<db::Database> database_;
  audit::Log log_;
  std::unique_ptr<jobs::Jobs> jobs_;
  control::testing::AllowAll authorizer_;
  control::testing::OpenGate gate_;
  control::FactSources facts_;
  control::ChangePath changes_;
  posture::Profiles profiles_;
  posture::Attachments attachments_;
  posture::Evaluator evaluator_;
  std::int64_t id_ = 0;
};

}  // namespace
}  // namespace breakwater

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bw_posture_bench DIRECTORY [RESOURCES] [GOALS]\n");
    return 2;
  }
  const std::filesystem::path directory = std::filesystem::path(argv[1]) / "posture";
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  const int resources = argc > 2 ? std::atoi(argv[2]) : 100'000;
  const int goals = argc > 3 ? std::atoi(argv[3]) : 100;
  breakwater::Bench bench(directory, resources, goals);
  bench.Scans(goals);
  bench.Year();
}
