// `breakwater migrate-store`: copies an installation into the stores of another configuration.
#pragma once

#include <string>

#include "admin/store_migration.h"

namespace breakwater::cli {

struct MigrateStoreArguments {
  std::string from;  // configuration files
  std::string to;
  bool verify_content = false;
};

// What `--help` says beyond the options.
std::string MigrateStoreHelp();

// One line of progress, without its end.
std::string ProgressLine(const admin::CopyProgress& progress);
// What was done, in lines for the operator.
std::string Summary(const admin::MigrationReport& report);

// Progress on standard error, the summary on standard output. The exit status: 0 only if both
// sides were found equal.
int MigrateStore(const MigrateStoreArguments& arguments);

}  // namespace breakwater::cli
