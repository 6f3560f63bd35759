// One function for each format; what they share is said in report.h.
#pragma once

#include <string>

#include "base/result.h"
#include "report/report.h"

namespace breakwater::report {

std::string RenderJson(const posture::Assessment& assessment);
std::string RenderCsv(const posture::Assessment& assessment);
std::string RenderSarif(const posture::Assessment& assessment);
// At most `resources` of each goal are listed.
std::string RenderHtml(const posture::Assessment& assessment, std::size_t resources);
// kInternal: what the library could not do.
Result<std::string> RenderPdf(const posture::Assessment& assessment, std::size_t resources);

// Options are checked by Render. kInternal: what References::Check found.
Result<std::string> RenderOscalCatalog(const posture::Assessment& a, const Options& options);
Result<std::string> RenderOscalProfile(const posture::Assessment& a, const Options& options);
Result<std::string> RenderOscalComponentDefinition(const posture::Assessment& a,
                                                   const Options& options);
Result<std::string> RenderOscalAssessmentPlan(const posture::Assessment& a, const Options& options);
Result<std::string> RenderOscalAssessmentResults(const posture::Assessment& a,
                                                 const Options& options);
Result<std::string> RenderOscalPoam(const posture::Assessment& a, const Options& options);

// What a report of the format is called.
std::string FileNameOf(Format format, const posture::Assessment& assessment);

}  // namespace breakwater::report
