// One page that loads nothing: no script, no address that a browser would fetch.
#include <algorithm>
#include <span>

#include "base/embedded.h"
#include "base/strings.h"
#include "report/charts.h"
#include "report/figures.h"
#include "report/formats.h"
#include "report/text.h"

namespace breakwater::report {

extern const std::span<const EmbeddedFile> kStyle;

namespace {

using posture::ResultStatus;

std::string_view ClassOf(ResultStatus status) {
  switch (status) {
    case ResultStatus::kPass: return "pass";
    case ResultStatus::kFail: return "fail";
    case ResultStatus::kUnableToPerform: return "unable";
    case ResultStatus::kNotApplicable: return "none";
  }
  return "none";
}

std::string Number(std::int64_t value) {
  return std::to_string(value);
}

class Page {
 public:
  Page(const posture::Assessment& assessment, std::size_t resources)
      : a_(assessment), resources_(resources), controls_(ControlsOfGoals(assessment)) {}

  std::string Render() {
    Head();
    Cover();
    Goals(ResultStatus::kFail, "Failing goals", true);
    Goals(ResultStatus::kUnableToPerform, "Goals that could not be checked", true);
    Goals(ResultStatus::kPass, "Goals that are met", false);
    Goals(ResultStatus::kNotApplicable, "Goals that do not apply", false);
    Controls();
    Attestations();
    ExceptionTable();
    Changes();
    Parameters();
    Digests();
    Foot();
    return std::move(out_);
  }

 private:
  void Add(std::string_view markup) { out_ += markup; }
  void Tag(std::string_view name, std::string_view text) {
    out_.append("<").append(name).append(">").append(Escape(text));
    out_.append("</").append(name.substr(0, name.find(' '))).append(">");
  }
  void Fact(std::string_view name, std::string_view value) {
    Add("<div>");
    Tag("dt", name);
    Tag("dd", value.empty() ? "–" : value);
    Add("</div>");
  }

  void Head();
  void Cover();
  void Tiles();
  void LegendRow(std::string_view mark, std::string_view name, std::int64_t count);
  void Goals(ResultStatus status, std::string_view title, bool whole);
  const posture::AssessedGoal& BeginGoal(std::size_t place);
  void WholeGoal(std::size_t place);
  void ShortGoal(std::size_t place);
  void Tags(std::size_t place);
  void Resources(const posture::AssessedGoal& goal);
  void Controls();
  void Attestations();
  void ExceptionTable();
  void Changes();
  void Parameters();
  void Digests();
  void Foot();
  void Section(std::string_view title) {
    Add("<section>");
    Tag("h2", title);
  }
  void Table(const std::vector<std::string_view>& columns) {
    Add("<table><thead><tr>");
    for (const std::string_view column : columns) Tag("th", column);
    Add("</tr></thead><tbody>");
  }
  void Row(const std::vector<std::string>& cells) {
    Add("<tr>");
    for (const std::string& cell : cells) Tag("td", cell);
    Add("</tr>");
  }

  const posture::Assessment& a_;
  std::size_t resources_;
  std::vector<std::vector<std::string>> controls_;
  std::string out_;
};

void Page::Head() {
  Add("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\"/><meta name=\"referrer\" content=\"no-referrer\"/>");
  Tag("title", "Posture: " + a_.profile_name + ", " + FormatDay(a_.at));
  Add("<style>");
  Add(kStyle[0].bytes);
  Add("</style></head><body><main>\n");
}

void Page::Cover() {
  Add("<section class=\"cover\"><header>");
  Tag("p class=\"over\"", "Security posture report");
  Tag("h1", a_.profile_name);
  Tag("p class=\"lead\"", a_.profile_description);
  Add("</header><dl class=\"facts\">");
  Fact("Scope", a_.scope_name);
  Fact("Account", a_.account.value());
  Fact("Installation", a_.installation);
  Fact("True of", FormatMoment(a_.at));
  if (a_.from) Fact("Period", FormatDay(*a_.from) + " to " + FormatDay(a_.at));
  Fact("Facts last looked at", FormatMoment(a_.checked));
  Fact("Profile", a_.profile_id + ", version " + Number(a_.profile_version));
  Fact("Made by", a_.software);
  Add("</dl>");
  Tiles();
  if (const std::string trend = TrendLine(a_.trend); !trend.empty()) {
    Add("<div class=\"wide\"><h4>Score over the period</h4>" + trend + "</div>");
  }
  Tag("p class=\"formula\"",
      "Score: " + std::string(posture::kScoreFormula) +
          ". Goals that could not be checked or do not apply are not part of the score; coverage "
          "says how much of the profile it speaks for. No goal passes because nothing was found.");
  Add("</section>\n");
}

void Page::Tiles() {
  Add("<div class=\"tiles\"><div class=\"tile\"><h4>Score</h4>" + ScoreDial(a_.score));
  Tag("p class=\"small\"", "Coverage " + Percent(a_.score.evaluated, a_.score.total) + ": " +
                               Number(a_.score.evaluated) + " of " + Number(a_.score.total) +
                               " goals evaluated");
  Add("</div><div class=\"tile\"><h4>Controls by status</h4><div class=\"pair\">" +
      StatusDonut(a_.control_counts) + "<ul class=\"legend\">");
  LegendRow("b-pass", "Pass", a_.control_counts.pass);
  LegendRow("b-fail", "Fail", a_.control_counts.fail);
  LegendRow("b-unable", "Unable", a_.control_counts.unable_to_perform);
  LegendRow("b-none", "Not applicable", a_.control_counts.not_applicable);
  Add("</ul></div>");
  Tag("p class=\"small\"", "Goals: " + Number(a_.goal_counts.pass) + " pass, " +
                               Number(a_.goal_counts.fail) +
                               " fail. Resources: " + Number(a_.resource_counts.pass) + " pass, " +
                               Number(a_.resource_counts.fail) + " fail.");
  Add("</div><div class=\"tile\"><h4>Failing goals by severity</h4>" +
      SeverityBars(FailuresBySeverity(a_)) + "</div></div>");
}

void Page::LegendRow(std::string_view mark, std::string_view name, std::int64_t count) {
  Add("<li><span><span class=\"mark ");
  Add(mark);
  Add("\"></span>" + Escape(name) + "</span><b>" + Number(count) + "</b></li>");
}

void Page::Goals(ResultStatus status, std::string_view title, bool whole) {
  const auto places = GoalsWith(a_, status);
  if (places.empty() && status != ResultStatus::kFail) return;
  Section(std::string(title) + " (" + Number(static_cast<std::int64_t>(places.size())) + ")");
  if (places.empty()) Tag("p class=\"note\"", "No goal fails.");
  for (const std::size_t place : places) whole ? WholeGoal(place) : ShortGoal(place);
  Add("</section>\n");
}

void Page::Tags(std::size_t place) {
  const auto& goal = a_.goals[place];
  Add("<p class=\"tags\"><span class=\"chip " +
      LowerAscii(RankOf(goal.severity) < kSeverities.size() ? goal.severity : "") + "\">" +
      Escape(goal.severity) + "</span>");
  std::string text = "Goal " + goal.id;
  if (!controls_[place].empty()) text += " · control " + Join(controls_[place], ", ");
  text += " · " + LowerAscii(Label(goal.result.status)) + " since " + FormatDay(goal.since);
  for (const auto& [framework, ids] : goal.mappings)
    text += " · " + framework + " " + Join(ids, ", ");
  Add(Escape(text) + "</p>");
}

const posture::AssessedGoal& Page::BeginGoal(std::size_t place) {
  const auto& goal = a_.goals[place];
  Add("<article class=\"goal ");
  Add(ClassOf(goal.result.status));
  Add("\">");
  Tag("h3", goal.description);
  Tags(place);
  return goal;
}

// What the failing resources have in common is said once: the first one's, where there are several.
void Page::WholeGoal(std::size_t place) {
  const auto& goal = BeginGoal(place);
  const auto& results = goal.result.resources;
  const auto worst = std::find_if(results.begin(), results.end(),
                                  [&](const auto& r) { return r.status == goal.result.status; });
  std::string found = goal.result.error;
  if (worst != results.end()) found = worst->actual.empty() ? worst->info : worst->actual;
  Add("<dl class=\"three\"><div>");
  Tag("dt", "Found");
  Tag("dd", found.empty() ? "–" : found);
  Add("</div><div>");
  Tag("dt", "Expected");
  Tag("dd", goal.expected);
  Add("</div><div>");
  Tag("dt", "Remedy");
  Tag("dd", goal.remedy);
  Add("</div></dl>");
  if (!goal.reason.empty()) Tag("p class=\"note\"", "Why: " + goal.reason);
  Resources(goal);
  Add("</article>\n");
}

void Page::ShortGoal(std::size_t place) {
  const auto& goal = BeginGoal(place);
  if (!goal.result.resources.empty()) {
    Add("<details><summary>" + Number(goal.resources.total()) + " resource(s)</summary>");
    Resources(goal);
    Add("</details>");
  } else {
    Tag("p class=\"note\"", "No resource of this kind in the scope.");
  }
  Add("</article>\n");
}

void Page::Resources(const posture::AssessedGoal& goal) {
  if (goal.result.resources.empty()) return;
  Table({"Resource", "Status", "Found", "Note", "Digest of facts"});
  const std::size_t shown = std::min(resources_, goal.result.resources.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& r = goal.result.resources[i];
    Add("<tr><td>" + Escape(r.name, 500) + "<div class=\"id\">" + Escape(r.crn, 500) +
        "</div></td>");
    Tag("td class=\"n\"", Label(r.status));
    Tag("td", r.actual.empty() ? "–" : r.actual);
    Tag("td", r.info);
    Add("<td class=\"id\" title=\"" + Escape(r.facts_digest) + "\">" +
        Escape(r.facts_digest.substr(0, 19)) + (r.facts_digest.size() > 19 ? "…" : "") +
        "</td></tr>");
  }
  Add("</tbody></table>");
  const std::int64_t more =
      LeftOut(goal) + static_cast<std::int64_t>(goal.result.resources.size() - shown);
  if (more > 0) {
    Tag("p class=\"note\"",
        Number(more) +
            " further resources are not listed here; the JSON and CSV reports name all.");
  }
}

void Page::Controls() {
  if (a_.controls.empty()) return;
  Section("Controls");
  Table({"Control", "Title", "Status", "Goals"});
  for (const auto& control : a_.controls) {
    std::vector<std::string> goals;
    for (const std::size_t place : control.goals) goals.push_back(a_.goals.at(place).id);
    Row({control.external_control_id, control.title,
         control.goals.empty() ? "" : std::string(Label(control.status)), Join(goals, ", ")});
  }
  Add("</tbody></table></section>\n");
}

void Page::Attestations() {
  const bool any = std::ranges::any_of(
      a_.goals, [](const auto& goal) { return goal.is_manual || goal.attestation; });
  if (!any) return;
  Section("Attestations");
  Tag("p class=\"lead\"",
      "What no fact can answer is signed for by a person, for a time. Without an attestation such "
      "a "
      "goal could not be checked; it never passes by silence.");
  Table({"Goal", "Statement", "Owner", "Given", "Expires"});
  for (const auto& goal : a_.goals) {
    if (goal.attestation) {
      Row({goal.id + ": " + goal.description, goal.attestation->statement, goal.attestation->owner,
           FormatDay(goal.attestation->given), FormatDay(goal.attestation->expires)});
    } else if (goal.is_manual) {
      Row({goal.id + ": " + goal.description, "none in force", "", "", ""});
    }
  }
  Add("</tbody></table></section>\n");
}

void Page::ExceptionTable() {
  const auto rows = Exceptions(a_);
  if (rows.empty()) return;
  Section("Exceptions");
  Tag("p class=\"lead\"", "Failures that were accepted for a while. Each ends by itself.");
  Table({"Exception", "Reason", "Covers", "Owner, approver, ticket", "Expires"});
  for (const auto& [exception, goals] : rows) {
    std::string covers;
    for (const auto* goal : goals) covers += (covers.empty() ? "goal " : ", ") + goal->id;
    covers += exception->crn.empty() ? " on every resource" : " on " + exception->crn;
    Row({exception->id, exception->reason, covers,
         exception->owner + ", " + exception->approver + ", " + exception->ticket,
         FormatMoment(exception->expires)});
  }
  Add("</tbody></table></section>\n");
}

void Page::Changes() {
  if (a_.changes.empty()) return;
  Section("Changes in the period");
  Table({"When", "Goal", "Before", "After"});
  for (const auto& change : a_.changes) {
    Row({FormatMoment(change.at), change.goal_id,
         change.before ? std::string(Label(*change.before)) : "first evaluated",
         std::string(Label(change.after))});
  }
  Add("</tbody></table></section>\n");
}

void Page::Parameters() {
  if (!a_.parameters.is_object() || a_.parameters.as_object().empty()) return;
  Section("Parameters in force");
  Table({"Parameter", "Value"});
  for (const auto& member : a_.parameters.as_object()) {
    Row({std::string(member.key()), json::Serialize(member.value())});
  }
  Add("</tbody></table></section>\n");
}

void Page::Digests() {
  Section("Digests");
  Tag("p class=\"lead\"",
      "Of the canonical documents that were evaluated. Whoever holds a document can check that it "
      "is "
      "the one this report is about.");
  Table({"Document", "Digest"});
  const auto row = [this](std::string_view name, std::string_view digest) {
    Add("<tr>");
    Tag("td", name);
    Tag("td class=\"id\"", digest);
    Add("</tr>");
  };
  row("Profile " + a_.profile_id + ", version " + Number(a_.profile_version), a_.profile_digest);
  for (const auto& goal : a_.goals) row("Goal " + goal.id, goal.digest);
  Add("</tbody></table></section>\n");
}

void Page::Foot() {
  Tag("footer", a_.software + " · " + a_.installation + " · attachment " +
                    Number(a_.attachment_id) + " · " + FormatMoment(a_.at));
  Add("</main></body></html>\n");
}

}  // namespace

std::string RenderHtml(const posture::Assessment& assessment, std::size_t resources) {
  return Page(assessment, resources).Render();
}

}  // namespace breakwater::report
