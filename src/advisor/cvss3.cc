#include "advisor/cvss3.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/strings.h"

namespace breakwater::advisor {
namespace {

struct Metric {
  std::string_view name;
  std::string_view values;  // one letter each
};

constexpr auto kBase = std::to_array<Metric>({{"AV", "NALP"},
                                              {"AC", "LH"},
                                              {"PR", "NLH"},
                                              {"UI", "NR"},
                                              {"S", "UC"},
                                              {"C", "HLN"},
                                              {"I", "HLN"},
                                              {"A", "HLN"}});
constexpr auto kOther = std::to_array<Metric>({{"E", "XUPFH"},
                                               {"RL", "XOTWU"},
                                               {"RC", "XURC"},
                                               {"CR", "XLMH"},
                                               {"IR", "XLMH"},
                                               {"AR", "XLMH"},
                                               {"MAV", "XNALP"},
                                               {"MAC", "XLH"},
                                               {"MPR", "XNLH"},
                                               {"MUI", "XNR"},
                                               {"MS", "XUC"},
                                               {"MC", "XHLN"},
                                               {"MI", "XHLN"},
                                               {"MA", "XHLN"}});

// The letters of the base metrics, in the order of kBase; 0 when not given.
using BaseValues = std::array<char, kBase.size()>;

Error BadVector(std::string message) {
  return Invalid("CVSS vector: " + std::move(message)).Reason("invalid_cvss");
}

template <std::size_t N>
std::optional<std::size_t> IndexOf(const std::array<Metric, N>& metrics, std::string_view name) {
  const auto found = std::ranges::find(metrics, name, &Metric::name);
  if (found == metrics.end()) return std::nullopt;
  return static_cast<std::size_t>(found - metrics.begin());
}

bool IsValueOf(const Metric& metric, std::string_view value) {
  return value.size() == 1 && metric.values.find(value.front()) != std::string_view::npos;
}

Result<BaseValues> ParseMetrics(std::string_view text) {
  BaseValues base{};
  std::array<bool, kOther.size()> seen{};
  for (std::string_view part : Split(text, '/')) {
    const auto pair = SplitN(part, ':', 2);
    if (pair.size() != 2) return BadVector("a metric without a value");
    if (const auto i = IndexOf(kBase, pair[0])) {
      if (!IsValueOf(kBase[*i], pair[1])) return BadVector("an unknown value");
      if (base[*i] != 0) return BadVector("a metric is given twice");
      base[*i] = pair[1].front();
    } else if (const auto j = IndexOf(kOther, pair[0])) {
      if (!IsValueOf(kOther[*j], pair[1])) return BadVector("an unknown value");
      if (std::exchange(seen[*j], true)) return BadVector("a metric is given twice");
    } else {
      return BadVector("an unknown metric");
    }
  }
  if (std::ranges::find(base, 0) != base.end()) return BadVector("a base metric is missing");
  return base;
}

double AttackVector(char v) {
  return v == 'N' ? 0.85 : v == 'A' ? 0.62 : v == 'L' ? 0.55 : 0.2;
}
double Impact(char v) {
  return v == 'H' ? 0.56 : v == 'L' ? 0.22 : 0.0;
}
double PrivilegesRequired(char v, bool changed) {
  if (v == 'N') return 0.85;
  if (v == 'L') return changed ? 0.68 : 0.62;
  return changed ? 0.5 : 0.27;
}

// v3.1 Appendix A: on integers, so that binary fractions do not decide.
double RoundUp31(double score) {
  const auto scaled = static_cast<long long>(std::llround(score * 100'000));
  if (scaled % 10'000 == 0) return static_cast<double>(scaled) / 100'000;
  return (std::floor(static_cast<double>(scaled) / 10'000) + 1) / 10;
}
double RoundUp30(double score) {
  return std::ceil(score * 10) / 10;
}

}  // namespace

Result<double> Cvss3BaseScore(std::string_view vector) {
  constexpr std::string_view kPrefix30 = "CVSS:3.0/";
  constexpr std::string_view kPrefix31 = "CVSS:3.1/";
  if (!vector.starts_with(kPrefix30) && !vector.starts_with(kPrefix31)) {
    return BadVector("not of version 3");
  }
  BW_TRY(const BaseValues m, ParseMetrics(vector.substr(kPrefix31.size())));
  const bool changed = m[4] == 'C';
  const double iss = 1 - (1 - Impact(m[5])) * (1 - Impact(m[6])) * (1 - Impact(m[7]));
  const double impact =
      changed ? 7.52 * (iss - 0.029) - 3.25 * std::pow(iss - 0.02, 15) : 6.42 * iss;
  if (impact <= 0) return 0.0;
  const double exploitability = 8.22 * AttackVector(m[0]) * (m[1] == 'L' ? 0.77 : 0.44) *
                                PrivilegesRequired(m[2], changed) * (m[3] == 'N' ? 0.85 : 0.62);
  const double sum = std::min((changed ? 1.08 : 1.0) * (impact + exploitability), 10.0);
  return vector.starts_with(kPrefix31) ? RoundUp31(sum) : RoundUp30(sum);
}

}  // namespace breakwater::advisor
