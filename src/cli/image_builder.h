// Builds a one-layer OCI image in memory (image-spec, "Image Layer Filesystem Changeset", "Image
// Configuration", "Image Manifest").
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/tar.h"
#include "oci/digest.h"

namespace breakwater::cli {

struct ImageFile {
  io::TarEntry entry;
  std::string body;
};

// What says which Debian this is and what is installed in it: the dpkg database (status and
// status.d), os-release, debian_version, with their directories. `root` is "/" for this machine.
// kNotFound if there is no dpkg database, or no os-release.
Result<std::vector<ImageFile>> ReadDebianUserland(const std::filesystem::path& root);

struct ImageSpec {
  std::string architecture;  // "amd64"
  Timestamp created;
  std::map<std::string, std::string> labels;
};

struct BuiltImage {
  std::string layer;  // tar, gzip
  std::string config;
  std::string manifest;
  oci::Digest diff_id;  // of the tar alone
  oci::Digest layer_digest;
  oci::Digest config_digest;
  oci::Digest digest;  // of the manifest
};

// The same input gives the same bytes.
Result<BuiltImage> BuildImage(const std::vector<ImageFile>& files, const ImageSpec& spec);

// The image-spec's word (Go's GOARCH) for what uname calls the machine.
std::string ArchitectureOf(std::string_view machine);

}  // namespace breakwater::cli
