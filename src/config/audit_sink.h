// Destinations of the audit trail as configuration has them: tables of a file, or texts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/file.h"
#include "config/settings.h"

namespace breakwater::config {

// A table of the file.
Result<AuditSink> SinkFromTable(const std::vector<Entry>& table);
// "kind=file&name=disk&directory=%2Fvar%2Flog%2Faudit": its keys, percent-encoded.
Result<AuditSink> ParseSink(std::string_view text);
// Whether no two have one name.
Status CheckSinks(const std::vector<AuditSink>& sinks);
// As an inline table, without secrets.
std::string RenderSink(const AuditSink& sink);
// The keys of each kind, for the reference.
std::string DescribeSinks();

}  // namespace breakwater::config
