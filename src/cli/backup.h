// `breakwater backup create` and `verify`, and `breakwater restore`.
#pragma once

#include <string>

#include "admin/backup.h"
#include "cli/login.h"
#include "cli/serve.h"

namespace breakwater::cli {

struct BackupArguments {
  std::string path;      // a directory, or a file whose name ends in ".tar"
  std::string snapshot;  // of a directory; empty: the latest
  bool report = false;   // verify: tells the server that it is whole
};
struct RestoreArguments {
  BackupArguments backup;
  std::string master_key_file;  // empty: the destination has it already
  std::string rules_file;       // a configuration document; empty: none
  bool accept_violations = false;
};

// What `restore --help` says beyond the options.
inline constexpr std::string_view kRestoreHelp =
    "Makes an installation out of a backup, in the stores that the configuration names, whichever "
    "kind they are. They must be empty, or hold what an interrupted restore of the same backup has "
    "left. The master key of the installation that was backed up is needed: in the configuration, "
    "in the data directory, or in a file named by --master-key-file. At the end everything is read "
    "back and compared. Where the restored settings violate a restored rule that disallows, it "
    "ends with exit status 2 and no server starts over it, until the same command is given with "
    "--accept-violations, which is recorded.";

// What `backup verify --help` says beyond the options.
inline constexpr std::string_view kVerifyBackupHelp =
    "Reads every byte of the rows and of the blobs that they name, with neither server nor key. Of "
    "a directory the latest snapshot is looked at, or the one that --snapshot names; no other. "
    "Exit status: 0 whole, 1 damaged: each file that is damaged or missing is named, 3 not all of "
    "it could be looked at, or the server could not be told.";

// Of a running server, which is told when it is done, so that posture knows. 0 only if the backup
// is whole.
int CreateBackup(const RawClientArguments& client, const BackupArguments& arguments);
// Every byte. 0: whole; 1: damaged, each damaged file named; 3: could not be read, or the server
// could not be told.
int VerifyBackup(const RawClientArguments& client, const BackupArguments& arguments);
// Into the stores of the server that the configuration describes.
int Restore(const ServerArguments& server, const RestoreArguments& arguments);

}  // namespace breakwater::cli
