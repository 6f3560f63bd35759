// Charts as inline SVG. Colours are classes of content/report/report.css, so that they follow the
// page into the dark and onto paper.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "posture/assessment.h"

namespace breakwater::report {

std::string ScoreDial(const posture::Score& score);
std::string StatusDonut(const posture::Counters& counters);
std::string SeverityBars(const std::array<std::int64_t, 4>& failures);
// A line over time; empty if there are fewer than two points.
std::string TrendLine(const std::vector<posture::PosturePoint>& trend);

}  // namespace breakwater::report
