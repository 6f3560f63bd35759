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

}  // namespace breakwater::report
