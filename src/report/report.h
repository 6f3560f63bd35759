// Reports of an account's posture, for people and for programs. Pure: one assessment gives the same
// bytes at any time, on any machine; no clock, no network, no database.
//
// Texts out of the assessment are untrusted. They are escaped for the format they go to, and
// control characters never reach a page. CSV, JSON, SARIF and OSCAL name every resource of the
// assessment; pages name so many per goal and say how many they left out.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/result.h"
#include "posture/assessment.h"

namespace breakwater::report {

enum class Format {
  kJson,   // everything, with the facts used and all digests
  kCsv,    // a row for each goal and resource, RFC 4180
  kSarif,  // SARIF 2.1.0
  kHtml,   // one page that loads nothing
  kPdf,    // A4
  kOscalCatalog,
  kOscalProfile,
  kOscalComponentDefinition,
  kOscalAssessmentPlan,
  kOscalAssessmentResults,
  kOscalPoam,
};

inline constexpr std::array kFormats = {
    Format::kJson,
    Format::kCsv,
    Format::kSarif,
    Format::kHtml,
    Format::kPdf,
    Format::kOscalCatalog,
    Format::kOscalProfile,
    Format::kOscalComponentDefinition,
    Format::kOscalAssessmentPlan,
    Format::kOscalAssessmentResults,
    Format::kOscalPoam,
};

// "json", "csv", "sarif", "html", "pdf", "oscal-catalog", "oscal-profile",
// "oscal-component-definition", "oscal-assessment-plan", "oscal-assessment-results", "oscal-poam".
std::string_view ToString(Format format);
// kInvalid names the formats there are.
Result<Format> ParseFormat(std::string_view text);

struct Options {
  std::string oscal_version = "1.1.3";   // or "1.2.2"
  std::size_t resources_on_pages = 200;  // per goal, in HTML and PDF
};

struct Report {
  std::string media_type;  // "text/html; charset=utf-8"
  std::string file_name;   // ASCII, without folders: "posture-48-2026-03-31T120000Z.html"
  std::string bytes;
};

// kInvalid: an option that is not offered. kInternal: a document that points at what is not in it.
// Thread-safe.
Result<Report> Render(Format format, const posture::Assessment& assessment,
                      const Options& options = {});

}  // namespace breakwater::report
