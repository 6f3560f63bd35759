#include "report/report.h"

#include <algorithm>

#include "report/formats.h"

namespace breakwater::report {
namespace {

constexpr std::string_view kJsonType = "application/json";

struct Row {
  Format format;
  std::string_view name;
  std::string_view media_type;
  std::string_view extension;
};

constexpr std::array kRows = {
    Row{Format::kJson, "json", kJsonType, ".json"},
    Row{Format::kCsv, "csv", "text/csv; charset=utf-8", ".csv"},
    Row{Format::kSarif, "sarif", "application/sarif+json", ".sarif"},
    Row{Format::kHtml, "html", "text/html; charset=utf-8", ".html"},
    Row{Format::kPdf, "pdf", "application/pdf", ".pdf"},
    Row{Format::kOscalCatalog, "oscal-catalog", kJsonType, ".oscal-catalog.json"},
    Row{Format::kOscalProfile, "oscal-profile", kJsonType, ".oscal-profile.json"},
    Row{Format::kOscalComponentDefinition, "oscal-component-definition", kJsonType,
        ".oscal-component-definition.json"},
    Row{Format::kOscalAssessmentPlan, "oscal-assessment-plan", kJsonType,
        ".oscal-assessment-plan.json"},
    Row{Format::kOscalAssessmentResults, "oscal-assessment-results", kJsonType,
        ".oscal-assessment-results.json"},
    Row{Format::kOscalPoam, "oscal-poam", kJsonType, ".oscal-poam.json"},
};
static_assert(kRows.size() == kFormats.size());

const Row& RowOf(Format format) {
  return *std::find_if(kRows.begin(), kRows.end(),
                       [format](const Row& row) { return row.format == format; });
}

// A page that nobody could open helps nobody: many goals list fewer resources each.
std::size_t ListedOf(const posture::Assessment& assessment, const Options& options) {
  static constexpr std::size_t kRowsOfAll = 20'000;
  const std::size_t goals = std::max<std::size_t>(1, assessment.goals.size());
  return std::min(options.resources_on_pages, std::max<std::size_t>(4, kRowsOfAll / goals));
}

Result<std::string> BytesOf(Format format, const posture::Assessment& assessment,
                            const Options& options) {
  const std::size_t listed = ListedOf(assessment, options);
  switch (format) {
    case Format::kJson: return RenderJson(assessment);
    case Format::kCsv: return RenderCsv(assessment);
    case Format::kSarif: return RenderSarif(assessment);
    case Format::kHtml: return RenderHtml(assessment, listed);
    case Format::kPdf: return RenderPdf(assessment, listed);
    case Format::kOscalCatalog: return RenderOscalCatalog(assessment, options);
    case Format::kOscalProfile: return RenderOscalProfile(assessment, options);
    case Format::kOscalComponentDefinition:
      return RenderOscalComponentDefinition(assessment, options);
    case Format::kOscalAssessmentPlan: return RenderOscalAssessmentPlan(assessment, options);
    case Format::kOscalAssessmentResults: return RenderOscalAssessmentResults(assessment, options);
    case Format::kOscalPoam: return RenderOscalPoam(assessment, options);
  }
  return Internal("a format that is none");
}

}  // namespace

std::string FileNameOf(Format format, const posture::Assessment& assessment) {
  std::string name = "posture-";
  for (const char c : assessment.profile_id) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    name += plain ? c : '-';
  }
  name += '-';
  for (const char c : FormatRfc3339(std::chrono::floor<std::chrono::seconds>(assessment.at))) {
    if (c != ':') name += c;
  }
  return name.append(RowOf(format).extension);
}

std::string_view ToString(Format format) {
  return RowOf(format).name;
}

Result<Format> ParseFormat(std::string_view text) {
  std::string known;
  for (const Row& row : kRows) {
    if (row.name == text) return row.format;
    known.append(known.empty() ? "" : ", ").append(row.name);
  }
  return Invalid("the format of a report is one of " + known).Reason("invalid_format");
}

Result<Report> Render(Format format, const posture::Assessment& assessment,
                      const Options& options) {
  const Row& row = RowOf(format);
  if (options.oscal_version != "1.1.3" && options.oscal_version != "1.2.2") {
    return Invalid("the OSCAL version is 1.1.3 or 1.2.2").Reason("invalid_oscal_version");
  }
  BW_TRY(auto bytes, BytesOf(format, assessment, options));
  return Report{.media_type = std::string(row.media_type),
                .file_name = FileNameOf(format, assessment),
                .bytes = std::move(bytes)};
}

}  // namespace breakwater::report
