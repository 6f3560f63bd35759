// `breakwater config export`, `plan` and `apply`: a running server's configuration as a document.
#pragma once

#include <string>

#include "cli/login.h"
#include "json/json.h"

namespace breakwater::cli {

struct ConfigurationArguments {
  std::string file;         // "-": standard input
  bool yes = false;         // apply without asking
  bool keep_going = false;  // step by step, past those that are refused
  bool exit_code = false;   // plan: 2 if something would change
};

// The document on standard output.
int ExportConfiguration(const RawClientArguments& client);
// What the document would change, on standard output.
int PlanConfiguration(const RawClientArguments& client, const ConfigurationArguments& arguments);
// Shows the same, asks, does it, and says what became of each step: 0 only if all are done.
int ApplyConfiguration(const RawClientArguments& client, const ConfigurationArguments& arguments);

// A plan as the endpoint answers it, in lines for people.
std::string DescribePlan(const json::Value& plan);
// What became of a plan: a line for each step that is not done, and a last one with numbers.
std::string DescribeOutcome(const json::Value& outcome);

}  // namespace breakwater::cli
