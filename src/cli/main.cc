#include <cstdio>

#include <CLI/CLI.hpp>

#include "cli/break_glass.h"
#include "cli/doctor.h"
#include "cli/fsck.h"
#include "cli/import.h"
#include "cli/login.h"
#include "cli/migrate_store.h"
#include "cli/serve.h"
#include "cli/tour.h"
#include "config/options.h"

namespace breakwater::cli {
namespace {

// Every option of the table is a flag of `serve` and `config`.
void AddServerFlags(CLI::App& command, ServerArguments& arguments) {
  command.add_option("--config", arguments.config_file, "Configuration file (TOML)");
  for (const config::Option& option : config::Options()) {
    command
        .add_option_function<std::vector<std::string>>(
            "--" + option.flag,
            [&arguments, name = option.flag](const std::vector<std::string>& values) {
              for (const std::string& value : values) arguments.flags.push_back({name, value});
            },
            option.description)
        ->envname("");
  }
}

void AddClientFlags(CLI::App& command, RawClientArguments& arguments) {
  command.add_option("--url", arguments.url, "The server's public listener")
      ->envname("BREAKWATER_URL");
  command.add_option("--api-key-file", arguments.key_file,
                     "File with the API key; without it BREAKWATER_API_KEY, else ./var/admin.key");
}

void AddTourFlags(CLI::App& command, TourArguments& arguments) {
  command.add_option("--private-url", arguments.private_url, "The server's private listener")
      ->envname("BREAKWATER_PRIVATE_URL");
  command
      .add_option("--advisories", arguments.advisories,
                  "Advisories to import first, as for `advisories import`; without it what was "
                  "imported before, else a small sample")
      ->envname("BREAKWATER_ADVISORIES");
}

void AddMigrateStoreFlags(CLI::App& command, MigrateStoreArguments& arguments) {
  command.add_option("--from", arguments.from, "Configuration file of the source")->required();
  command.add_option("--to", arguments.to, "Configuration file of the destination")->required();
  command.add_flag("--verify-content", arguments.verify_content,
                   "Read and hash every blob of the destination again");
  command.footer(MigrateStoreHelp());
}

void AddFsckFlags(CLI::App& command, FsckArguments& arguments) {
  command.add_flag("--repair", arguments.repair,
                   "Repair what can be repaired, and let a push bring back what cannot");
  command.add_flag("--quick", arguments.quick, "Look at the sizes of blobs, not at their bytes");
  command.add_flag("--json", arguments.as_json, "Print each finding as a line of JSON");
  command.footer(std::string(kFsckHelp));
}

int Main(int argc, char** argv) {
  CLI::App program{"Breakwater: a container registry that keeps itself and its content compliant"};
  program.set_version_flag("--version", std::string("breakwater ") + BW_VERSION);
  program.require_subcommand(1);
  int status = 0;

  ServerArguments server;
  CLI::App* serve = program.add_subcommand("serve", "Serve until interrupted");
  AddServerFlags(*serve, server);
  serve->callback([&] { status = Serve(server); });

  CLI::App* config = program.add_subcommand("config", "Print the configuration in force");
  AddServerFlags(*config, server);
  config->callback([&] { status = PrintConfig(server); });

  bool as_json = false;
  CLI::App* doctor = program.add_subcommand(
      "doctor", "Look whether the installation has all it needs; also beside a running server");
  AddServerFlags(*doctor, server);
  doctor->add_flag("--json", as_json, "Print the findings as JSON");
  doctor->callback([&] { status = Doctor(server, as_json); });

  FsckArguments check;
  CLI::App* fsck = program.add_subcommand(
      "fsck", "Verify every blob, row and reference of an installation that is not served");
  AddServerFlags(*fsck, server);
  AddFsckFlags(*fsck, check);
  fsck->callback([&] { status = Fsck(server, check); });

  MigrateStoreArguments migration;
  CLI::App* migrate_store = program.add_subcommand(
      "migrate-store", "Copy an installation into other stores, and verify the copy");
  AddMigrateStoreFlags(*migrate_store, migration);
  migrate_store->callback([&] { status = MigrateStore(migration); });

  CLI::App* break_glass = program.add_subcommand(
      "break-glass", "Make a password for the break-glass identity, and its configuration");
  break_glass->callback([&] { status = MakeBreakGlass(); });

  RawClientArguments client;
  CLI::App* advisories = program.add_subcommand("advisories", "Vulnerability advisories");
  advisories->require_subcommand(1);
  std::string path;
  CLI::App* import = advisories->add_subcommand("import", "Send a feed of OSV records to a server");
  import->add_option("path", path, "A directory, .json, .tar, .tar.gz or .tar.zst")->required();
  AddClientFlags(*import, client);
  import->callback([&] { status = ImportAdvisories(client, path); });

  TourArguments tour_arguments;
  CLI::App* tour = program.add_subcommand("tour", "Show on a running server what Breakwater does");
  AddClientFlags(*tour, client);
  AddTourFlags(*tour, tour_arguments);
  tour->callback([&] { status = Tour(client, tour_arguments); });

  CLI11_PARSE(program, argc, argv);
  return status;
}  // namespace

}  // namespace
}  // namespace breakwater::cli

int main(int argc, char** argv) {
  return breakwater::cli::Main(argc, argv);
}
