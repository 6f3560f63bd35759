// What both forms of a backup have in common. Internal to admin/.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "admin/backup_files.h"
#include "io/tar.h"

namespace breakwater::admin {

// Of a backup, and of the stream that one is taken from: an installation may be of any size.
inline constexpr io::TarLimits kBackupLimits{
    .max_entries = 1ULL << 40U, .max_name = 4096, .max_total_size = 1ULL << 60U};

// The content of manifest.json.sha256: what sha256sum writes.
std::string SealOf(std::string_view manifest);
Status CheckSeal(std::string_view manifest, std::string_view seal);

Result<std::unique_ptr<BackupWriter>> NewDirectoryWriter(const std::filesystem::path& path,
                                                         Timestamp created);
Result<std::unique_ptr<BackupWriter>> NewTarBackup(const std::filesystem::path& path,
                                                   Timestamp created);
Result<std::unique_ptr<BackupReader>> OpenDirectory(const std::filesystem::path& path,
                                                    const std::string& snapshot);
Result<std::unique_ptr<BackupReader>> OpenTarBackup(const std::filesystem::path& path);

}  // namespace breakwater::admin
