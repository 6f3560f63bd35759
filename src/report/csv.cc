// A row for each goal and resource (RFC 4180); a goal without resources has one row of its own.
#include <array>
#include <string_view>

#include "base/strings.h"
#include "base/time.h"
#include "report/figures.h"
#include "report/formats.h"

namespace breakwater::report {
namespace {

constexpr std::array<std::string_view, 21> kColumns = {"at",
                                                       "account",
                                                       "scope",
                                                       "profile",
                                                       "profile_version",
                                                       "controls",
                                                       "goal_id",
                                                       "goal",
                                                       "severity",
                                                       "goal_status",
                                                       "goal_since",
                                                       "goal_error",
                                                       "resource_name",
                                                       "resource_crn",
                                                       "resource_type",
                                                       "resource_status",
                                                       "expected",
                                                       "actual",
                                                       "info",
                                                       "exception",
                                                       "facts_digest"};

class Rows {
 public:
  void Cell(std::string_view text) {
    if (!at_start_) out_ += ',';
    at_start_ = false;
    const bool quoted = text.find_first_of("\",\r\n") != std::string_view::npos;
    if (quoted) out_ += '"';
    // Spreadsheets calculate what begins like this (CWE-1236), and skip spaces before it.
    const std::size_t first = text.find_first_not_of(" \xA0");
    if (text.starts_with('\t') || text.starts_with('\r') || text.starts_with('\n') ||
        (first != std::string_view::npos &&
         std::string_view("=+-@|").find(text[first]) != std::string_view::npos)) {
      out_ += '\'';
    }
    for (const char c : text) {
      if (c == '"') out_ += '"';
      if (c != '\0') out_ += c;
    }
    if (quoted) out_ += '"';
  }
  void End() {
    out_ += "\r\n";
    at_start_ = true;
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
  bool at_start_ = true;
};

// What each row of a goal begins with.
std::vector<std::string> GoalCells(const posture::Assessment& a, const posture::AssessedGoal& goal,
                                   const std::vector<std::string>& controls) {
  return {FormatRfc3339(a.at),
          a.account.value(),
          a.scope_name,
          a.profile_name,
          std::to_string(a.profile_version),
          Join(controls, "; "),
          goal.id,
          goal.description,
          goal.severity,
          std::string(posture::ToString(goal.result.status)),
          FormatRfc3339(goal.since),
          goal.result.error};
}

}  // namespace

std::string RenderCsv(const posture::Assessment& assessment) {
  Rows rows;
  for (const std::string_view column : kColumns) rows.Cell(column);
  rows.End();
  const auto controls = ControlsOfGoals(assessment);
  static const std::vector<posture::ResourceResult> kNone(1);
  for (std::size_t i = 0; i < assessment.goals.size(); ++i) {
    const auto& goal = assessment.goals[i];
    const auto cells = GoalCells(assessment, goal, controls[i]);
    const bool none = goal.result.resources.empty();
    for (const auto& resource : none ? kNone : goal.result.resources) {
      for (const std::string& cell : cells) rows.Cell(ReplaceInvalidUtf8(cell));
      for (const std::string_view cell :
           {std::string_view(resource.name), std::string_view(resource.crn),
            std::string_view(resource.type),
            none ? std::string_view() : posture::ToString(resource.status),
            std::string_view(none ? goal.expected : resource.expected),
            std::string_view(resource.actual), std::string_view(resource.info),
            std::string_view(resource.exception), std::string_view(resource.facts_digest)}) {
        rows.Cell(ReplaceInvalidUtf8(cell));
      }
      rows.End();
    }
  }
  return rows.Take();
}

}  // namespace breakwater::report
