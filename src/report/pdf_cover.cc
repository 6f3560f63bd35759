#include <algorithm>

#include "base/strings.h"
#include "report/figures.h"
#include "report/pdf.h"
#include "report/text.h"

namespace breakwater::report {
namespace {

std::string Number(std::int64_t value) {
  return std::to_string(value);
}

void Centred(Flow& flow, double x, double y, const Pen& pen, const std::string& text) {
  const double width = WidthOf(text, flow.paper().widths(pen.face), pen.size);
  flow.paper().Text(x - width / 2, y, pen, text);
}

void Tile(Flow& flow, double x, double y, double width, double height, std::string_view title) {
  flow.paper().Frame(x, y, width, height, kRule);
  flow.paper().Text(x + 10, y + 16, {Face::kBold, 8.5, kSoft}, flow.Encode(title));
}

void Dial(Flow& flow, double x, double y, const posture::Score& score) {
  Paper& paper = flow.paper();
  const Band band = BandOf(score);
  const Colour colour = band == Band::kRed ? kRedTone : band == Band::kYellow ? kAmber : kGreenTone;
  paper.Arc(x, y, 50, -90, 90, 10, kShade);
  if (score.evaluated > 0) {
    paper.Arc(x, y, 50, -90, -90 + 0.18 * static_cast<double>(score.points), 10, colour);
  }
  Centred(flow, x, y - 4, {Face::kBold, 27, kInk},
          score.evaluated == 0 ? "-" : Number(score.points));
  Centred(flow, x, y + 9, {Face::kRegular, 8, kSoft}, "of 1000");
}

void Donut(Flow& flow, double x, double y, const posture::Counters& counters) {
  Paper& paper = flow.paper();
  const std::int64_t total = counters.total();
  paper.Arc(x, y, 31, 0, 360, 11, kShade);
  double from = 0;
  double legend = y - 24;
  const auto part = [&](std::string_view name, std::int64_t count, const Colour& colour) {
    if (total > 0) {
      const double to = from + 360 * static_cast<double>(count) / static_cast<double>(total);
      paper.Arc(x, y, 31, from, to, 11, colour);
      from = to;
    }
    paper.Box(x + 48, legend - 6, 7, 7, colour);
    paper.Text(x + 59, legend, {Face::kRegular, 8.5, kInk}, std::string(name));
    const std::string number = Number(count);
    const Pen pen{Face::kBold, 8.5, kInk};
    paper.Text(x + 131 - WidthOf(number, paper.widths(pen.face), pen.size), legend, pen, number);
    legend += 16;
  };
  part("Pass", counters.pass, kGreenTone);
  part("Fail", counters.fail, kRedTone);
  part("Unable", counters.unable_to_perform, kAmber);
  part("Not appl.", counters.not_applicable, kGrey);
  Centred(flow, x, y + 5, {Face::kBold, 15, kInk}, Number(total));
}

void Bars(Flow& flow, double x, double y, const std::array<std::int64_t, 4>& failures) {
  Paper& paper = flow.paper();
  const std::int64_t most = std::max<std::int64_t>(1, *std::ranges::max_element(failures));
  for (std::size_t i = 0; i < failures.size(); ++i) {
    const double share = static_cast<double>(failures.at(i)) / static_cast<double>(most);
    paper.Text(x, y + 7.5, {Face::kRegular, 8.5, kInk}, std::string(kSeverities.at(i)));
    paper.Box(x + 40, y, 82, 9, kShade);
    if (share > 0) paper.Box(x + 40, y, std::max(3.0, 82 * share), 9, ColourOf(kSeverities.at(i)));
    paper.Text(x + 128, y + 7.5, {Face::kBold, 8.5, kInk}, Number(failures.at(i)));
    y += 18;
  }
}

void Trend(Flow& flow, double y, const std::vector<posture::PosturePoint>& trend) {
  static constexpr double kHeight = 58;
  Paper& paper = flow.paper();
  const double left = Flow::kLeft + 34;
  const double width = Flow::kWide - 48;
  const auto first = ToMicros(trend.front().at);
  const auto span =
      static_cast<double>(std::max<std::int64_t>(1, ToMicros(trend.back().at) - first));
  for (const int level : {0, 500, 1000}) {
    const double at = y + kHeight * (1 - level / 1000.0);
    paper.Line({{left, at}, {left + width, at}}, 0.5, kRule);
    paper.Text(Flow::kLeft + 10, at + 3, {Face::kRegular, 7.5, kSoft}, Number(level));
  }
  std::vector<std::pair<double, double>> line;
  for (const auto& point : trend) {
    const double x = left + width * static_cast<double>(ToMicros(point.at) - first) / span;
    if (!line.empty()) line.emplace_back(x, line.back().second);
    line.emplace_back(x, y + kHeight * (1 - static_cast<double>(point.score.points) / 1000));
  }
  paper.Line(line, 1.5, kSea);
  const Pen pen{Face::kRegular, 7.5, kSoft};
  paper.Text(left, y + kHeight + 12, pen, FormatDay(trend.front().at));
  const std::string last = FormatDay(trend.back().at);
  paper.Text(left + width - WidthOf(last, paper.widths(pen.face), pen.size), y + kHeight + 12, pen,
             last);
}

void Facts(Flow& flow, const std::vector<std::pair<std::string, std::string>>& facts) {
  static constexpr double kHalf = Flow::kWide / 2;
  for (std::size_t i = 0; i < facts.size(); i += 2) {
    flow.paper().Line({{Flow::kLeft, flow.y()}, {Flow::kLeft + Flow::kWide, flow.y()}}, 0.5, kRule);
    for (std::size_t j = i; j < std::min(i + 2, facts.size()); ++j) {
      const double x = Flow::kLeft + (j == i ? 0 : kHalf);
      flow.paper().Text(x, flow.y() + 11, {Face::kRegular, 8, kSoft}, facts[j].first);
      const Pen pen{Face::kBold, 9.5, kInk};
      const auto lines = flow.Lines(OneLine(facts[j].second, 200), pen, kHalf - 100);
      flow.paper().Text(x + 88, flow.y() + 11, pen, lines[0]);
      if (lines.size() > 1) {
        flow.paper().Text(x + 88, flow.y() + 22, pen, lines[1] + (lines.size() > 2 ? "..." : ""));
      }
    }
    flow.Skip(28);
  }
}

void Tiles(Flow& flow, const posture::Assessment& a) {
  static constexpr double kTile = 128;
  const double y = flow.y();
  Tile(flow, Flow::kLeft, y, 150, kTile, "Score");
  Dial(flow, Flow::kLeft + 75, y + 86, a.score);
  Centred(flow, Flow::kLeft + 75, y + 115, {Face::kRegular, 8, kSoft},
          "Coverage " + Percent(a.score.evaluated, a.score.total) + ": " +
              Number(a.score.evaluated) + " of " + Number(a.score.total) + " goals");
  Tile(flow, Flow::kLeft + 160, y, 180, kTile, "Controls by status");
  Donut(flow, Flow::kLeft + 202, y + 68, a.control_counts);
  flow.paper().Text(Flow::kLeft + 170, y + 120, {Face::kRegular, 8, kSoft},
                    "Resources: " + Number(a.resource_counts.pass) + " pass, " +
                        Number(a.resource_counts.fail) + " fail");
  Tile(flow, Flow::kLeft + 350, y, Flow::kWide - 350, kTile, "Failing goals by severity");
  Bars(flow, Flow::kLeft + 358, y + 34, FailuresBySeverity(a));
  flow.Skip(kTile + 10);
}

// As many of the gravest as the page has room for.
void Gravest(Flow& flow, const posture::Assessment& a) {
  const auto failing = GoalsWith(a, posture::ResultStatus::kFail);
  const Pen pen{Face::kRegular, 9, kInk};
  flow.paper().Text(Flow::kLeft, flow.y() + 10, {Face::kBold, 11, kInk},
                    failing.empty() ? "No goal fails." : "What fails");
  flow.Skip(20);
  for (std::size_t i = 0; i < failing.size(); ++i) {
    const auto& goal = a.goals[failing[i]];
    if (flow.y() + 32 > Flow::kBottom && i + 1 < failing.size()) {
      flow.paper().Text(Flow::kLeft + 56, flow.y() + 9, {Face::kRegular, 9, kSoft},
                        "and " + Number(static_cast<std::int64_t>(failing.size() - i)) +
                            " more on the following pages");
      return;
    }
    const auto lines = flow.Lines(OneLine(goal.description), pen, Flow::kWide - 56);
    flow.paper().Text(Flow::kLeft, flow.y() + 9, {Face::kBold, 8.5, ColourOf(goal.severity)},
                      flow.Encode(OneLine(goal.severity, 8)));
    flow.paper().Text(Flow::kLeft + 56, flow.y() + 9, pen,
                      lines[0] + (lines.size() > 1 ? "..." : ""));
    flow.Skip(15);
  }
}

}  // namespace

void DrawCover(Flow& flow, const posture::Assessment& a) {
  flow.NewPage();
  flow.paper().Box(0, 0, Paper::kWidth, 10, kSea);
  flow.paper().Text(Flow::kLeft, 52, {Face::kBold, 9, kSea}, "SECURITY POSTURE REPORT");
  flow.Skip(4);
  const Pen title{Face::kBold, 22, kInk};
  auto lines = flow.Lines(OneLine(a.profile_name, 200), title, Flow::kWide);
  lines.resize(std::min<std::size_t>(lines.size(), 2));
  for (const std::string& line : lines) {
    flow.paper().Text(Flow::kLeft, flow.y() + 20, title, line);
    flow.Skip(27);
  }
  flow.Skip(4);
  flow.Paragraph(OneLine(a.profile_description, 300), {Face::kRegular, 10, kSoft});
  flow.Skip(10);
  std::vector<std::pair<std::string, std::string>> facts = {
      {"Scope", a.scope_name},
      {"True of", FormatMoment(a.at)},
      {"Account", a.account.value()},
      {"Period", a.from ? FormatDay(*a.from) + " to " + FormatDay(a.at) : "the moment alone"},
      {"Installation", a.installation},
      {"Facts looked at", FormatMoment(a.checked)},
      {"Profile", a.profile_id + ", version " + Number(a.profile_version)},
      {"Made by", a.software}};
  Facts(flow, facts);
  flow.Skip(4);
  Tiles(flow, a);
  if (a.trend.size() > 1) {
    Tile(flow, Flow::kLeft, flow.y(), Flow::kWide, 104, "Score over the period");
    Trend(flow, flow.y() + 26, a.trend);
    flow.Skip(112);
  }
  flow.Paragraph("Score: " + std::string(posture::kScoreFormula) +
                     ". Goals that could not be checked or do not apply are not part of it; "
                     "coverage says how much of the profile it speaks for.",
                 {Face::kRegular, 8, kSoft});
  flow.Skip(10);
  Gravest(flow, a);
}

}  // namespace breakwater::report
