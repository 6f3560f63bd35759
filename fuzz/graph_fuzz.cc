// Queries of the graph of findings: parsed or refused; what parses is projected on a document.
#include "insights/graph.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace breakwater;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto fields = insights::ParseGraphQuery(text);
  if (!fields.ok()) return 0;
  const json::Value document{{"id", "a"}, {"note_name", {{"kind", {{{"id", 1}}, 2}}}}};
  insights::Project(document, *fields);
  return 0;
}
