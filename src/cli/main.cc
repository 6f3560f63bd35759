#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/serve.h"
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

  CLI11_PARSE(program, argc, argv);
  return status;
}

}  // namespace
}  // namespace breakwater::cli

int main(int argc, char** argv) { return breakwater::cli::Main(argc, argv); }
