// Notes and occurrences of the wire (ibm-scc 3.3-3.5) into drafts: fields that clients know are
// checked, so that everybody can decode them again; what no client knows is left out.
#pragma once

#include "base/result.h"
#include "insights/notes.h"
#include "insights/occurrences.h"
#include "json/json.h"

namespace breakwater::api::findings {

Result<insights::NoteDraft> DecodeNote(const json::Value& body);
Result<insights::OccurrenceDraft> DecodeOccurrence(const json::Value& body);

}  // namespace breakwater::api::findings
