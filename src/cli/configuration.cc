#include "cli/configuration.h"

#include <cstdio>
#include <iostream>
#include <iterator>

#include <unistd.h>

#include "admin/configuration.h"
#include "cli/report.h"
#include "cli/serve.h"
#include "io/file.h"

namespace breakwater::cli {
namespace {

constexpr std::string_view kPath = "/breakwater/v1/configuration";

Result<json::Value> ReadDocument(const std::string& file) {
  std::string text;
  if (file == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    BW_TRY(text, io::ReadFile(file, admin::kMaxConfigurationBytes).Context(file));
  }
  return json::Parse(text, {.max_bytes = admin::kMaxConfigurationBytes, .max_depth = 64})
      .Context(file);
}

Result<json::Value> Ask(const RawClientArguments& raw, std::string_view method,
                        const std::string& what, const std::optional<json::Value>& body) {
  BW_TRY(const ClientArguments arguments, Login(raw));
  return Client(arguments).Must(method, std::string(kPath) + what, body);
}

const json::Array& Steps(const json::Value& document) {
  static const json::Array none;
  const json::Value* steps = json::Find(document, "steps");
  return steps != nullptr && steps->is_array() ? steps->get_array() : none;
}

std::string NameOf(const json::Value& step) {
  return Printable(json::FindText(step, "section")) + " " + Printable(json::FindText(step, "key"));
}

std::string Shown(const json::Value* value) {
  return value == nullptr || value->is_null() ? "-" : Printable(json::Serialize(*value));
}

std::string DescribeChanges(const json::Value& step) {
  std::string text;
  const json::Value* changes = json::Find(step, "changes");
  if (changes == nullptr || !changes->is_array()) return text;
  for (const json::Value& change : changes->get_array()) {
    text += "    " + Printable(json::FindText(change, "field")) + ": " +
            Shown(json::Find(change, "before")) + " -> " + Shown(json::Find(change, "after")) +
            "\n";
  }
  return text;
}

bool Confirmed() {
  if (::isatty(STDIN_FILENO) == 0) {
    std::fputs("breakwater: nothing was changed: say --yes to apply it without being asked\n",
               stderr);
    return false;
  }
  std::fputs("Apply? [y/N] ", stdout);
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

bool IsTrue(const json::Value& document, std::string_view name) {
  const json::Value* value = json::Find(document, name);
  return value != nullptr && *value == json::Value(true);
}

}  // namespace

std::string DescribePlan(const json::Value& plan) {
  std::string text;
  for (const json::Value& step : Steps(plan)) {
    const std::string_view action = json::FindText(step, "action");
    text += action == "create" ? "+ " : action == "remove" ? "- " : "~ ";
    text += NameOf(step) + "\n";
    text += DescribeChanges(step);
    if (const json::Value* error = json::Find(step, "error")) {
      text += "    would be refused: " + Printable(json::FindText(*error, "message")) + "\n";
    }
  }
  const std::size_t count = Steps(plan).size();
  if (count == 0) return "Nothing to change.\n";
  text += std::to_string(count) + (count == 1 ? " step" : " steps");
  if (const json::Value* feasible = json::Find(plan, "feasible")) {
    if (*feasible == json::Value(false)) text += ", which would be refused as one change";
  }
  if (const std::string_view why = json::FindText(plan, "not_tried"); !why.empty()) {
    text += ", not tried: " + Printable(why);
  }
  return text + "\n";
}

std::string DescribeOutcome(const json::Value& outcome) {
  std::string text;
  std::size_t done = 0;
  for (const json::Value& step : Steps(outcome)) {
    const std::string_view word = json::FindText(step, "outcome");
    if (word == "done") {
      ++done;
      continue;
    }
    text += std::string(word == "refused"  ? "refused   "
                        : word == "undone" ? "undone    "
                                           : "not tried ") +
            NameOf(step);
    if (const json::Value* error = json::Find(step, "error")) {
      text += ": " + Printable(json::FindText(*error, "message"));
    }
    text += "\n";
  }
  return text + std::to_string(done) + " of " + std::to_string(Steps(outcome).size()) +
         " steps done\n";
}

int ExportConfiguration(const RawClientArguments& client) {
  const auto document = Ask(client, "GET", "", std::nullopt);
  if (!document.ok()) return Fail(document.error());
  std::printf("%s\n", json::Pretty(*document).c_str());
  return 0;
}

int PlanConfiguration(const RawClientArguments& client, const ConfigurationArguments& arguments) {
  const auto plan = [&]() -> Result<json::Value> {
    BW_TRY(const json::Value document, ReadDocument(arguments.file));
    return Ask(client, "POST", "/plan", document);
  }();
  if (!plan.ok()) return Fail(plan.error());
  std::fputs(DescribePlan(*plan).c_str(), stdout);
  if (!arguments.exit_code || Steps(*plan).empty()) return 0;
  const json::Value* feasible = json::Find(*plan, "feasible");
  return feasible != nullptr && *feasible == json::Value(false) ? 3 : 2;
}

int ApplyConfiguration(const RawClientArguments& client, const ConfigurationArguments& arguments) {
  const auto document = ReadDocument(arguments.file);
  if (!document.ok()) return Fail(document.error());
  const auto plan = Ask(client, "POST", "/plan", *document);
  if (!plan.ok()) return Fail(plan.error());
  std::fputs(DescribePlan(*plan).c_str(), stdout);
  if (Steps(*plan).empty()) return 0;
  if (!arguments.yes && !Confirmed()) return 1;
  const auto outcome = Ask(client, "POST", "/apply",
                           json::Object{{"document", *document},
                                        {"digest", json::Text(json::FindText(*plan, "digest"))},
                                        {"keep_going", arguments.keep_going}});
  if (!outcome.ok()) return Fail(outcome.error());
  std::fputs(DescribeOutcome(*outcome).c_str(), stdout);
  return IsTrue(*outcome, "complete") ? 0 : 1;
}

}  // namespace breakwater::cli
