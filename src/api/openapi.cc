#include "api/dispatcher.h"

namespace breakwater::api {
namespace {

using json::Text;

// "{name...}" is ours; OpenAPI knows only "{name}".
std::string PathTemplate(std::string_view pattern, std::vector<std::string>* names) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '{') {
      out += pattern[i];
      continue;
    }
    const std::size_t end = pattern.find('}', i);
    std::string name(pattern.substr(i + 1, end - i - 1));
    if (name.ends_with("...")) name.resize(name.size() - 3);
    names->push_back(name);
    out += "{" + name + "}";
    i = end;
  }
  return out;
}

std::string LowerMethod(std::string_view method) {
  std::string lower(method);
  for (char& c : lower) c = static_cast<char>(c | 0x20);
  return lower;
}

json::Object Operation(const Endpoint& endpoint, const std::vector<std::string>& names) {
  json::Array parameters;
  for (const std::string& name : names) {
    parameters.push_back({{"name", Text(name)},
                          {"in", "path"},
                          {"required", true},
                          {"schema", {{"type", "string"}}}});
  }
  json::Object operation{{"operationId", Text(endpoint.operation)},
                         {"tags", {Text(endpoint.face.name())}},
                         {"parameters", std::move(parameters)},
                         {"responses", {{"default", {{"description", "see the reference"}}}}}};
  switch (endpoint.access.kind()) {
    case Access::Kind::kAnyone:
      operation["security"] = json::Array{};
      operation["x-access"] = Text(endpoint.access.why());
      break;
    case Access::Kind::kSignedIn: operation["x-access"] = Text(endpoint.access.why()); break;
    case Access::Kind::kAction: operation["x-action"] = Text(endpoint.access.action()); break;
  }
  return operation;
}

}  // namespace

json::Value OpenApi(const std::vector<Endpoint>& endpoints, std::string_view version) {
  json::Object paths;
  for (const Endpoint& endpoint : endpoints) {
    std::vector<std::string> names;
    const std::string path = PathTemplate(endpoint.path, &names);
    json::Value& item = paths[path];
    if (!item.is_object()) item = json::Object{};
    item.as_object()[LowerMethod(endpoint.method)] = Operation(endpoint, names);
  }
  return {
      {"openapi", "3.1.0"},
      {"info", {{"title", "Breakwater"}, {"version", Text(version)}}},
      {"components",
       {{"securitySchemes",
         {{"iam", {{"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"}}},
          {"basic", {{"type", "http"}, {"scheme", "basic"}}}}}}},
      {"security", {json::Object{{"iam", json::Array{}}}, json::Object{{"basic", json::Array{}}}}},
      {"paths", std::move(paths)}};
}

}  // namespace breakwater::api
