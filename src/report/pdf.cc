#include "report/pdf.h"

#include <algorithm>

#include "base/strings.h"
#include "report/figures.h"
#include "report/formats.h"
#include "report/text.h"

namespace breakwater::report {
namespace {

using posture::ResultStatus;

constexpr Pen kSmall{Face::kRegular, 8.5, kInk};
constexpr Pen kNote{Face::kRegular, 9, kSoft};
constexpr Pen kMono{Face::kMono, 7, kSoft};
constexpr double kIndent = Flow::kLeft + 10;
constexpr double kInner = Flow::kWide - 10;

std::string Number(std::int64_t value) {
  return std::to_string(value);
}

class Document {
 public:
  Document(const posture::Assessment& assessment, std::size_t resources)
      : a_(assessment),
        resources_(resources),
        controls_(ControlsOfGoals(assessment)),
        paper_(OneLine("Posture: " + assessment.profile_name, 200),
               OneLine(assessment.software, 200), assessment.at),
        flow_(paper_) {}

  Result<std::string> Render() {
    DrawCover(flow_, a_);
    flow_.NewPage();
    Goals(ResultStatus::kFail, "Failing goals");
    Goals(ResultStatus::kUnableToPerform, "Goals that could not be checked");
    Met();
    Controls();
    Attestations();
    ExceptionTable();
    Parameters();
    Digests();
    Lost();
    Numbers();
    return paper_.Finish();
  }

 private:
  void Goals(ResultStatus status, const std::string& title);
  void Goal(std::size_t place);
  void Resources(const posture::AssessedGoal& goal);
  void Met();
  void Controls();
  void Attestations();
  void ExceptionTable();
  void Parameters();
  void Digests();
  void Lost();
  void Numbers();

  const posture::Assessment& a_;
  std::size_t resources_;
  std::vector<std::vector<std::string>> controls_;
  Paper paper_;
  Flow flow_;
};

void Document::Goals(ResultStatus status, const std::string& title) {
  const auto places = GoalsWith(a_, status);
  if (places.empty() && status != ResultStatus::kFail) return;
  flow_.Heading(title + " (" + Number(static_cast<std::int64_t>(places.size())) + ")");
  if (places.empty()) flow_.Paragraph("No goal fails.", kNote);
  for (const std::size_t place : places) Goal(place);
}

void Document::Goal(std::size_t place) {
  const auto& goal = a_.goals[place];
  flow_.Need(110);
  paper_.Box(Flow::kLeft, flow_.y(), 3, 30, ColourOf(goal.result.status));
  flow_.Paragraph(OneLine(goal.description), {Face::kBold, 11, kInk}, kIndent, kInner);
  std::string tags = OneLine(goal.severity, 40) + " · goal " + goal.id;
  if (!controls_[place].empty()) tags += " · control " + Join(controls_[place], ", ");
  tags += " · " + LowerAscii(Label(goal.result.status)) + " since " + FormatDay(goal.since);
  for (const auto& [framework, ids] : goal.mappings) {
    tags += " · " + framework + " " + Join(ids, ", ");
  }
  flow_.Paragraph(OneLine(tags), {Face::kRegular, 8.5, kSoft}, kIndent, kInner);
  flow_.Skip(4);
  const auto& results = goal.result.resources;
  const auto worst =
      std::ranges::find_if(results, [&](const auto& r) { return r.status == goal.result.status; });
  std::string found = goal.result.error;
  if (worst != results.end()) found = worst->actual.empty() ? worst->info : worst->actual;
  flow_.Labelled("Found", found, kIndent, kInner);
  flow_.Labelled("Expected", goal.expected, kIndent, kInner);
  flow_.Labelled("Remedy", goal.remedy, kIndent, kInner);
  if (!goal.reason.empty()) flow_.Labelled("Why", goal.reason, kIndent, kInner);
  Resources(goal);
  flow_.Skip(14);
}

void Document::Resources(const posture::AssessedGoal& goal) {
  if (goal.result.resources.empty()) return;
  flow_.Skip(3);
  flow_.BeginTable({{"Resource", 205, kSmall},
                    {"Status", 62, kSmall},
                    {"Found", 105, kSmall},
                    {"Note", kInner - 372, kSmall}},
                   kIndent);
  const std::size_t shown = std::min(resources_, goal.result.resources.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& r = goal.result.resources[i];
    flow_.Row({Flow::Cell(OneLine(r.name, 200), OneLine(r.crn, 200)), std::string(Label(r.status)),
               r.actual.empty() ? std::string("–") : r.actual, r.info});
  }
  const std::int64_t more =
      LeftOut(goal) + static_cast<std::int64_t>(goal.result.resources.size() - shown);
  if (more > 0) {
    flow_.Paragraph(
        Number(more) + " further resources are not listed here; the JSON and CSV reports name all.",
        kNote, kIndent, kInner);
  }
}

void Document::Met() {
  for (const auto& [status, title] :
       {std::pair{ResultStatus::kPass, "Goals that are met"},
        std::pair{ResultStatus::kNotApplicable, "Goals that do not apply"}}) {
    const auto places = GoalsWith(a_, status);
    if (places.empty()) continue;
    flow_.Heading(std::string(title) + " (" + Number(static_cast<std::int64_t>(places.size())) +
                  ")");
    flow_.BeginTable({{"Goal", 52, kSmall},
                      {"Severity", 52, kSmall},
                      {"Description", 246, kSmall},
                      {"Since", 85, kSmall},
                      {"Resources", Flow::kWide - 435, kSmall}});
    for (const std::size_t place : places) {
      const auto& goal = a_.goals[place];
      flow_.Row({goal.id, goal.severity, goal.description, FormatDay(goal.since),
                 Number(goal.resources.total())});
    }
  }
}

void Document::Controls() {
  if (a_.controls.empty()) return;
  flow_.Heading("Controls");
  flow_.BeginTable({{"Control", 70, kSmall},
                    {"Title", 250, kSmall},
                    {"Status", 80, kSmall},
                    {"Goals", Flow::kWide - 400, kSmall}});
  for (const auto& control : a_.controls) {
    std::vector<std::string> goals;
    for (const std::size_t place : control.goals) goals.push_back(a_.goals.at(place).id);
    flow_.Row({control.external_control_id, control.title,
               control.goals.empty() ? "" : std::string(Label(control.status)), Join(goals, ", ")});
  }
}

void Document::Attestations() {
  const bool any = std::ranges::any_of(
      a_.goals, [](const auto& goal) { return goal.is_manual || goal.attestation; });
  if (!any) return;
  flow_.Heading("Attestations");
  flow_.BeginTable({{"Goal", 150, kSmall},
                    {"Statement", 165, kSmall},
                    {"Owner", 80, kSmall},
                    {"Expires", Flow::kWide - 395, kSmall}});
  for (const auto& goal : a_.goals) {
    const std::string name = goal.id + ": " + goal.description;
    if (goal.attestation) {
      flow_.Row({name, goal.attestation->statement, goal.attestation->owner,
                 FormatDay(goal.attestation->expires)});
    } else if (goal.is_manual) {
      flow_.Row({name, "none in force", "", ""});
    }
  }
}

void Document::ExceptionTable() {
  const auto rows = Exceptions(a_);
  if (rows.empty()) return;
  flow_.Heading("Exceptions");
  flow_.BeginTable({{"Exception", 60, kSmall},
                    {"Reason", 130, kSmall},
                    {"Covers", 125, kSmall},
                    {"Owner, approver, ticket", 112, kSmall},
                    {"Expires", Flow::kWide - 427, kSmall}});
  for (const auto& [exception, goals] : rows) {
    std::string covers;
    for (const auto* goal : goals) covers += (covers.empty() ? "goal " : ", ") + goal->id;
    covers += exception->crn.empty() ? " on every resource" : " on " + exception->crn;
    flow_.Row({exception->id, exception->reason, covers,
               exception->owner + ", " + exception->approver + ", " + exception->ticket,
               FormatDay(exception->expires)});
  }
}

void Document::Parameters() {
  if (!a_.parameters.is_object() || a_.parameters.as_object().empty()) return;
  flow_.Heading("Parameters in force");
  flow_.BeginTable({{"Parameter", 300, kSmall}, {"Value", Flow::kWide - 300, kSmall}});
  for (const auto& member : a_.parameters.as_object()) {
    flow_.Row({std::string(member.key()), json::Serialize(member.value())});
  }
}

void Document::Digests() {
  flow_.Heading("Digests");
  flow_.Paragraph("Of the canonical documents that were evaluated.", kNote);
  flow_.Skip(4);
  flow_.BeginTable({{"Document", 110, kSmall}, {"Digest", Flow::kWide - 110, kMono}});
  flow_.Row({"Profile " + a_.profile_id, a_.profile_digest});
  for (const auto& goal : a_.goals) flow_.Row({"Goal " + goal.id, goal.digest});
}

void Document::Lost() {
  if (flow_.lost() == 0) return;
  flow_.Skip(10);
  flow_.Paragraph("Characters outside Windows-1252 are shown here as \"?\" (" +
                      Number(static_cast<std::int64_t>(flow_.lost())) +
                      " of them); the other formats have them.",
                  kNote);
}

void Document::Numbers() {
  const Pen pen{Face::kRegular, 8, kSoft};
  const std::string left = flow_.Encode(OneLine(a_.profile_name, 60) + " · " +
                                        OneLine(a_.scope_name, 50) + " · " + FormatMoment(a_.at));
  for (std::size_t i = 0; i < paper_.pages(); ++i) {
    paper_.Turn(i);
    const std::string number =
        "Page " + std::to_string(i + 1) + " of " + std::to_string(paper_.pages());
    const double y = Paper::kHeight - 30;
    paper_.Text(Flow::kLeft, y, pen, left);
    paper_.Text(Flow::kLeft + Flow::kWide - WidthOf(number, paper_.widths(pen.face), pen.size), y,
                pen, number);
  }
}

}  // namespace

Result<std::string> RenderPdf(const posture::Assessment& assessment, std::size_t resources) {
  return Document(assessment, resources).Render();
}

}  // namespace breakwater::report
