// Where the files of a directory store are, and which names are its own. Internal to blob/fs.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "oci/digest.h"

namespace breakwater::blob {

class Layout {
 public:
  explicit Layout(std::filesystem::path root);

  const std::filesystem::path& staging() const { return staging_; }
  const std::filesystem::path& blobs() const { return blobs_; }

  // Nothing for what is no id of ours, whatever characters it has.
  std::optional<std::filesystem::path> StagedFile(std::string_view id) const;
  // The id of a file of the staging directory, or nothing if it is none of ours.
  static std::optional<std::string> StagedId(std::string_view file_name);

  std::filesystem::path Shard(const oci::Digest& digest) const;
  std::filesystem::path BlobFile(const oci::Digest& digest) const;

 private:
  std::filesystem::path staging_;
  std::filesystem::path blobs_;
};

}  // namespace breakwater::blob
