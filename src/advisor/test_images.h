// Images for tests of this folder and of its API: small, real, pushed through the registry.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "io/decompress.h"
#include "io/tar.h"
#include "oci/digest.h"
#include "oci/media_types.h"
#include "registry/testing.h"

namespace breakwater::advisor::testing {

// Path and content of files.
using Files = std::vector<std::pair<std::string, std::string>>;

inline std::string Tar(const Files& files) {
  io::StringSink sink(256U << 20);
  io::TarWriter writer(sink);
  for (const auto& [path, content] : files) {
    io::TarEntry entry;
    entry.path = path;
    BW_CHECK(writer.Add(std::move(entry), content).ok());
  }
  BW_CHECK(writer.Finish().ok());
  return sink.Take();
}

inline std::string Gzip(std::string_view plain) {
  io::StringSink sink(256U << 20);
  io::GzipSink gzip(sink);
  BW_CHECK(gzip.Write(AsBytes(plain)).ok() && gzip.Finish().ok());
  return sink.Take();
}

// A layer as it is pushed, and the digest of its uncompressed tar.
struct Layer {
  std::string blob;
  std::string diff_id;
};
inline Layer MakeLayer(const Files& files) {
  const std::string tar = Tar(files);
  return {Gzip(tar), oci::Digest::Of(AsBytes(tar)).text()};
}

inline std::string ConfigOf(const std::vector<Layer>& layers) {
  std::string ids;
  for (const Layer& layer : layers) ids += (ids.empty() ? "\"" : ",\"") + layer.diff_id + "\"";
  return R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[)" + ids +
         "]}}";
}

// Pushes blobs and manifest; the manifest's digest.
inline oci::Digest PushImage(registry::testing::World& world, const std::string& repository,
                             const std::string& tag, const std::vector<Layer>& layers,
                             const std::string& config) {
  const auto path = world.Repository(repository);
  BW_CHECK(world.PushBlob(path, config).ok());
  std::vector<std::string> blobs;
  for (const Layer& layer : layers) {
    BW_CHECK(world.PushBlob(path, layer.blob).ok());
    blobs.push_back(layer.blob);
  }
  auto reference = oci::Reference::Parse(tag);
  BW_CHECK(reference.ok());
  auto pushed =
      world.services->manifests.Put(world.Caller(), path,
                                    {.content = registry::testing::ImageManifest(config, blobs),
                                     .content_type = std::string(oci::kOciManifest),
                                     .reference = *reference,
                                     .tags = {}});
  BW_CHECK(pushed.ok());
  return pushed->digest;
}
inline oci::Digest PushImage(registry::testing::World& world, const std::string& repository,
                             const std::string& tag, const std::vector<Layer>& layers) {
  return PushImage(world, repository, tag, layers, ConfigOf(layers));
}

}  // namespace breakwater::advisor::testing
