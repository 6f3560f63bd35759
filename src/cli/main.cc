#include <cstdio>

#include <CLI/CLI.hpp>

#include "cli/audit.h"
#include "cli/backup.h"
#include "cli/break_glass.h"
#include "cli/configuration.h"
#include "cli/doctor.h"
#include "cli/fsck.h"
#include "cli/import.h"
#include "cli/login.h"
#include "cli/migrate_store.h"
#include "cli/serve.h"
#include "cli/tour.h"
#include "cli/verify.h"
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

// What `config` does with a running server's configuration.
void AddConfigurationCommands(CLI::App& config, RawClientArguments& client,
                              ConfigurationArguments& arguments, int& status) {
  config.require_subcommand(0, 1);
  CLI::App* out =
      config.add_subcommand("export", "Print a running server's configuration as one document");
  AddClientFlags(*out, client);
  out->callback([&] { status = ExportConfiguration(client); });

  const auto with_file = [&](CLI::App* command) {
    command->add_option("file", arguments.file, "The document; - for standard input")->required();
    AddClientFlags(*command, client);
    return command;
  };
  CLI::App* plan =
      with_file(config.add_subcommand("plan", "Show what a document would change on a server"));
  plan->add_flag("--exit-code", arguments.exit_code,
                 "Exit with 2 if something would change, 3 if that would be refused");
  plan->callback([&] { status = PlanConfiguration(client, arguments); });

  CLI::App* apply = with_file(
      config.add_subcommand("apply", "Make a server's configuration what a document says"));
  apply->add_flag("--yes", arguments.yes, "Do not ask");
  apply->add_flag("--keep-going", arguments.keep_going,
                  "Step by step, past those that are refused");
  apply->callback([&] { status = ApplyConfiguration(client, arguments); });
}

void AddBackupCommands(CLI::App& program, RawClientArguments& client, BackupArguments& arguments,
                       int& status) {
  CLI::App* backup = program.add_subcommand("backup", "Backups of whole installations");
  backup->require_subcommand(1);
  const auto with_path = [&](CLI::App* command) {
    command->add_option("path", arguments.path, "A directory, or a file NAME.tar")->required();
    return command;
  };
  CLI::App* create = with_path(backup->add_subcommand(
      "create", "Take one of a running server; a directory may hold several, which share blobs"));
  AddClientFlags(*create, client);
  create->callback([&] { status = CreateBackup(client, arguments); });

  CLI::App* verify =
      with_path(backup->add_subcommand("verify", "Hold every byte of one against its digest"));
  verify->add_option("--snapshot", arguments.snapshot,
                     "Which of a directory's; without it the latest");
  verify->add_flag("--report", arguments.report,
                   "Tell the server that it is whole, for posture to know");
  AddClientFlags(*verify, client);
  verify->footer(std::string(kVerifyBackupHelp));
  verify->callback([&] { status = VerifyBackup(client, arguments); });
}

void AddRestoreFlags(CLI::App& command, RestoreArguments& arguments) {
  command.add_option("backup", arguments.backup.path, "A directory, or a file NAME.tar")
      ->required();
  command.add_option("--snapshot", arguments.backup.snapshot,
                     "Which of a directory's; without it the latest");
  command.add_option("--master-key-file", arguments.master_key_file,
                     "File with the master key of the installation that was backed up");
  command.add_option("--rules", arguments.rules_file,
                     "Configuration document (config export) of the installation that is replaced: "
                     "its rules stay in force and judge what is restored, too");
  command.add_flag("--accept-violations", arguments.accept_violations,
                   "Finish it although restored settings violate restored rules");
  command.footer(std::string(kRestoreHelp));
}

struct OfflineArguments {
  bool as_json = false;  // doctor
  FsckArguments check;
  MigrateStoreArguments migration;
  RestoreArguments restoration;
};

// What works on an installation's stores itself.
void AddOfflineCommands(CLI::App& program, ServerArguments& server, OfflineArguments& arguments,
                        int& status) {
  CLI::App* doctor = program.add_subcommand(
      "doctor", "Look whether the installation has all it needs; also beside a running server");
  AddServerFlags(*doctor, server);
  doctor->add_flag("--json", arguments.as_json, "Print the findings as JSON");
  doctor->callback([&] { status = Doctor(server, arguments.as_json); });

  CLI::App* fsck = program.add_subcommand(
      "fsck", "Verify every blob, row and reference of an installation that is not served");
  AddServerFlags(*fsck, server);
  AddFsckFlags(*fsck, arguments.check);
  fsck->callback([&] { status = Fsck(server, arguments.check); });

  CLI::App* migrate_store = program.add_subcommand(
      "migrate-store", "Copy an installation into other stores, and verify the copy");
  AddMigrateStoreFlags(*migrate_store, arguments.migration);
  migrate_store->callback([&] { status = MigrateStore(arguments.migration); });

  CLI::App* restore = program.add_subcommand("restore", "Make an installation out of a backup");
  AddServerFlags(*restore, server);
  AddRestoreFlags(*restore, arguments.restoration);
  restore->callback([&] { status = Restore(server, arguments.restoration); });
}

struct AuditArguments {
  RawClientArguments client;
  VerifyAuditArguments verify;
  ExportAuditArguments to_export;
};

void AddVerifyCommand(CLI::App& program, VerifyEvidenceArguments& arguments, int& status) {
  CLI::App* verify =
      program.add_subcommand("verify", "Verify an evidence bundle or a report, without a server");
  verify->add_option("file", arguments.file, "The bundle, or a report's signature")->required();
  verify->add_option("--key", arguments.key, "The public key: PEM, or GET /breakwater/v1/audit/key")
      ->required();
  verify->add_option("--report", arguments.report, "The report that the file is the signature of");
  verify->add_option("--trail", arguments.trail,
                     "Exported files of the audit trail, plain or compressed");
  verify->add_option("--write-head", arguments.head,
                     "Where to write the audit trail's head as it was");
  verify->footer(std::string(kVerifyEvidenceHelp));
  verify->callback([&] { status = VerifyEvidence(arguments); });
}

void AddAuditCommands(CLI::App& program, AuditArguments& arguments, int& status) {
  CLI::App* audit = program.add_subcommand("audit", "The audit trail");
  audit->require_subcommand(1);
  CLI::App* verify = audit->add_subcommand("verify", "Verify exported files, without a server");
  VerifyAuditArguments& files = arguments.verify;
  verify->add_option("files", files.files, "Exports and segments, plain or compressed");
  verify->add_option("--key", files.key, "The public key: PEM, or GET /breakwater/v1/audit/key")
      ->required();
  verify->add_option("--head", files.heads, "Heads that were kept elsewhere");
  verify->add_flag("--json", files.as_json, "Print what was found as JSON");
  verify->footer(std::string(kVerifyAuditHelp));
  verify->callback([&] { status = VerifyAudit(files); });
  CLI::App* to_export = audit->add_subcommand(
      "export", "Write the sealed entries, the public key and the latest head of a server");
  to_export->add_option("--to", arguments.to_export.directory, "Directory; the current one");
  to_export->add_option("--from", arguments.to_export.from, "The first entry; 1")
      ->check(CLI::PositiveNumber);
  AddClientFlags(*to_export, arguments.client);
  to_export->callback([&] { status = ExportAudit(arguments.client, arguments.to_export); });
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
  config->callback([&] {
    if (config->get_subcommands().empty()) status = PrintConfig(server);
  });
  RawClientArguments client;
  ConfigurationArguments configuration;
  AddConfigurationCommands(*config, client, configuration, status);

  OfflineArguments offline;
  AddOfflineCommands(program, server, offline, status);

  BackupArguments backup;
  AddBackupCommands(program, client, backup, status);

  CLI::App* break_glass = program.add_subcommand(
      "break-glass", "Make a password for the break-glass identity, and its configuration");
  break_glass->callback([&] { status = MakeBreakGlass(); });

  VerifyEvidenceArguments evidence;
  AddVerifyCommand(program, evidence, status);
  AuditArguments audit;
  AddAuditCommands(program, audit, status);

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
}

}  // namespace
}  // namespace breakwater::cli

int main(int argc, char** argv) {
  return breakwater::cli::Main(argc, argv);
}
