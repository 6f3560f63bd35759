#include "cli/doctor.h"

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "app/doctor.h"
#include "base/strings.h"
#include "cli/report.h"
#include "json/json.h"
#include "observe/log.h"

namespace breakwater::cli {
namespace {

constexpr std::size_t kHealthWidth = 9;

admin::Findings Examine(const ServerArguments& arguments) {
  const auto loaded = LoadConfig(arguments);
  if (!loaded.ok()) {
    return {admin::FailedBy("configuration", loaded.error(),
                            "nothing else can be looked at before; docs/configuration.md has all "
                            "options")};
  }
  admin::Findings findings = {{admin::Health::kOk, "configuration",
                               "every option is known and has a value it may have", ""}};
  const SystemClock clock;
  admin::Findings more = app::ExamineInstallation(loaded->settings, clock);
  std::ranges::move(more, std::back_inserter(findings));
  return findings;
}

}  // namespace

std::string RenderFindings(const admin::Findings& findings) {
  std::string text;
  for (const admin::Finding& finding : findings) {
    std::string line(admin::ToString(finding.health));
    line.resize(kHealthWidth, ' ');
    line += finding.check + ": " + finding.text;
    // Texts of several lines are configuration problems: they stay lines.
    for (const std::string_view part : Split(line, '\n')) text += Printable(part) + "\n";
    if (finding.advice.empty()) continue;
    text += std::string(kHealthWidth, ' ') + "-> " + Printable(finding.advice) + "\n";
  }
  return text;
}

std::string RenderFindingsJson(const admin::Findings& findings) {
  json::Array list;
  for (const admin::Finding& finding : findings) {
    list.push_back({{"health", json::Text(LowerAscii(admin::ToString(finding.health)))},
                    {"check", json::Text(finding.check)},
                    {"text", json::Text(ReplaceInvalidUtf8(finding.text))},
                    {"advice", json::Text(ReplaceInvalidUtf8(finding.advice))}});
  }
  return json::Pretty({{"healthy", !admin::AnyFailed(findings)}, {"findings", std::move(list)}});
}

int Doctor(const ServerArguments& arguments, bool as_json) {
  observe::SetLowestLevel(observe::Level::kError);
  const admin::Findings findings = Examine(arguments);
  std::string text = as_json ? RenderFindingsJson(findings) : RenderFindings(findings);
  if (text.empty() || text.back() != '\n') text += '\n';
  std::fputs(text.c_str(), stdout);
  return admin::AnyFailed(findings) ? 1 : 0;
}

}  // namespace breakwater::cli
