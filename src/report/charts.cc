#include "report/charts.h"

#include <algorithm>

#include "report/figures.h"
#include "report/text.h"

namespace breakwater::report {
namespace {

std::string Number(std::int64_t value) {
  return std::to_string(value);
}

std::string SvgText(std::int64_t x, std::int64_t y, int size, std::string_view attributes,
                    std::string_view text) {
  return "<text x=\"" + Number(x) + "\" y=\"" + Number(y) + "\" font-size=\"" +
         std::to_string(size) + "\" " + std::string(attributes) + ">" + Escape(text) + "</text>";
}

std::string Open(std::string_view box, std::string_view label) {
  return "<svg viewBox=\"" + std::string(box) + "\" role=\"img\" aria-label=\"" + Escape(label) +
         "\">";
}

std::string_view ClassOf(Band band) {
  switch (band) {
    case Band::kRed: return "s-red";
    case Band::kYellow: return "s-yellow";
    case Band::kGreen: return "s-green";
  }
  return "s-red";
}

struct Plot {
  double left = 40;
  double top = 10;
  double width = 900;
  double height = 110;
};

}  // namespace

std::string ScoreDial(const posture::Score& score) {
  static constexpr std::string_view kArc = "d=\"M20 105 A85 85 0 0 1 190 105\"";
  std::string svg = Open("0 0 210 128", "Score " + Number(score.points) + " of 1000");
  svg.append("<path class=\"track\" stroke-width=\"15\" ").append(kArc).append("/>");
  if (score.evaluated > 0 && score.points > 0) {
    svg.append("<path class=\"arc ").append(ClassOf(BandOf(score)));
    svg.append("\" stroke-width=\"15\" pathLength=\"1000\" stroke-dasharray=\"");
    svg.append(Number(score.points)).append(" 2000\" ").append(kArc).append("/>");
  }
  const std::string shown = score.evaluated == 0 ? "–" : Number(score.points);
  svg += SvgText(105, 95, 44, "text-anchor=\"middle\" font-weight=\"700\"", shown);
  svg += SvgText(105, 115, 12, "text-anchor=\"middle\" class=\"soft\"", "of 1000");
  svg += SvgText(20, 125, 10, "text-anchor=\"middle\" class=\"soft\"", "0");
  svg += SvgText(190, 125, 10, "text-anchor=\"middle\" class=\"soft\"", "1000");
  return svg + "</svg>";
}

std::string StatusDonut(const posture::Counters& counters) {
  const std::int64_t total = counters.total();
  std::string svg = Open("0 0 120 120", Number(counters.pass) + " of " + Number(total) + " pass");
  svg += "<circle class=\"track\" cx=\"60\" cy=\"60\" r=\"48\" stroke-width=\"17\"/>";
  std::int64_t before = 0;
  const auto arc = [&](std::string_view name, std::int64_t count) {
    if (count == 0) return;
    svg.append("<circle class=\"arc ").append(name);
    svg += "\" cx=\"60\" cy=\"60\" r=\"48\" stroke-width=\"17\" pathLength=\"" + Number(total) +
           "\" stroke-dasharray=\"" + Number(count) + " " + Number(total) +
           "\" stroke-dashoffset=\"" + Number(-before) + "\" transform=\"rotate(-90 60 60)\"/>";
    before += count;
  };
  arc("s-pass", counters.pass);
  arc("s-fail", counters.fail);
  arc("s-unable", counters.unable_to_perform);
  arc("s-none", counters.not_applicable);
  svg += SvgText(60, 64, 26, "text-anchor=\"middle\" font-weight=\"700\"", Number(total));
  svg += SvgText(60, 79, 11, "text-anchor=\"middle\" class=\"soft\"", "controls");
  return svg + "</svg>";
}

std::string SeverityBars(const std::array<std::int64_t, 4>& failures) {
  static constexpr std::array<std::string_view, 4> kClasses = {"f-critical", "f-high", "f-medium",
                                                               "f-low"};
  const std::int64_t most = std::max<std::int64_t>(1, *std::ranges::max_element(failures));
  std::string svg = Open("0 0 300 128", "Failing goals by severity");
  for (std::size_t i = 0; i < failures.size(); ++i) {
    const auto y = static_cast<std::int64_t>(8 + 31 * i);
    const std::string place = "x=\"66\" y=\"" + Number(y) + "\" height=\"16\" rx=\"3\" width=\"";
    svg += SvgText(0, y + 13, 13, "", kSeverities.at(i));
    svg += "<rect class=\"f-track\" " + place + "200\"/>";
    if (failures.at(i) > 0) {
      const double share = static_cast<double>(failures.at(i)) / static_cast<double>(most);
      svg.append("<rect class=\"").append(kClasses.at(i)).append("\" ").append(place);
      svg += Decimal(std::max(4.0, 200 * share)) + "\"/>";
    }
    svg += SvgText(276, y + 13, 13, "font-weight=\"700\"", Number(failures.at(i)));
  }
  return svg + "</svg>";
}

std::string TrendLine(const std::vector<posture::PosturePoint>& trend) {
  if (trend.size() < 2) return "";
  const Plot plot;
  const auto first = ToMicros(trend.front().at);
  const auto span =
      static_cast<double>(std::max<std::int64_t>(1, ToMicros(trend.back().at) - first));
  const auto x_of = [&](Timestamp at) {
    return Decimal(plot.left + plot.width * static_cast<double>(ToMicros(at) - first) / span);
  };
  const auto y_of = [&](std::int64_t points) {
    return Decimal(plot.top + plot.height * (1 - static_cast<double>(points) / 1000));
  };
  // A step: a score holds until the next change.
  std::string path;
  for (const auto& point : trend) {
    if (!path.empty()) path += " H" + x_of(point.at);
    path += (path.empty() ? "M" + x_of(point.at) + " " : " V") + y_of(point.score.points);
  }
  std::string svg = Open("0 0 960 150", "Score over the period");
  for (const std::int64_t level : {0, 250, 500, 750, 1000}) {
    svg += "<path class=\"grid\" d=\"M40 " + y_of(level) + " H940\"/>";
    const auto y = static_cast<std::int64_t>(
        plot.top + plot.height * (1000.0 - static_cast<double>(level)) / 1000);
    svg += SvgText(34, y + 4, 11, "text-anchor=\"end\" class=\"soft\"", Number(level));
  }
  svg += "<path class=\"under\" d=\"" + path + " V120.00 H40.00 Z\"/>";
  svg += "<path class=\"line\" d=\"" + path + "\"/>";
  svg += "<circle class=\"dot\" r=\"4\" cx=\"" + x_of(trend.back().at) + "\" cy=\"" +
         y_of(trend.back().score.points) + "\"/>";
  svg += SvgText(40, 142, 12, "class=\"soft\"", FormatDay(trend.front().at));
  svg += SvgText(940, 142, 12, "text-anchor=\"end\" class=\"soft\"", FormatDay(trend.back().at));
  return svg + "</svg>";
}

}  // namespace breakwater::report
