// usage: bw_report_samples FOLDER
// Writes a report of each format there: of a realistic assessment (realistic-*), of one whose texts
// are hostile (hostile-*), of one without a failure (clean-*), and of one without a goal (empty-*).
#include <fstream>
#include <iostream>

#include "report/report.h"
#include "report/testing.h"

namespace breakwater::report {
namespace {

posture::Assessment Clean() {
  posture::Assessment a = testing::Large(0);
  a.goals[0].result.status = posture::ResultStatus::kPass;
  a.controls[0].status = posture::ResultStatus::kPass;
  return a;
}

posture::Assessment Empty() {
  posture::Assessment a = testing::Large(0);
  a.goals.clear();
  a.controls.clear();
  return a;
}

bool Write(const std::string& folder, const std::string& name, const posture::Assessment& a,
           const Options& options, const std::string& suffix) {
  for (const Format format : kFormats) {
    const auto report = Render(format, a, options);
    const std::string path = folder + "/" + name + suffix + "." + std::string(ToString(format));
    if (!report.ok()) {
      std::cerr << path << ": " << report.error().message() << " " << report.error().log() << "\n";
      return false;
    }
    std::ofstream(path, std::ios::binary) << report->bytes;
  }
  return true;
}

bool WriteAll(const std::string& folder, const Options& options, const std::string& suffix) {
  return Write(folder, "realistic", testing::Realistic(), options, suffix) &&
         Write(folder, "hostile", testing::Hostile(), options, suffix) &&
         Write(folder, "clean", Clean(), options, suffix) &&
         Write(folder, "empty", Empty(), options, suffix);
}

}  // namespace
}  // namespace breakwater::report

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: bw_report_samples FOLDER\n";
    return 2;
  }
  return breakwater::report::WriteAll(arguments[1], {}, "") &&
                 breakwater::report::WriteAll(arguments[1], {.oscal_version = "1.2.2"}, "-1.2.2")
             ? 0
             : 1;
}
