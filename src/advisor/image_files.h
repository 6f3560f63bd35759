// The few files of an image that say which system and which packages it holds, put together from
// its layers. Nothing is ever written to disk by the names in a layer.
//
// image-spec, "Image Layer Filesystem Changeset": whiteouts act on lower layers only, wherever they
// stand in their own.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace breakwater::advisor {

// Paths in an image are as io::NormaliseTarPath gives them: no leading '/'; "" is the root.

// A file whose content the advisor reads.
bool IsWanted(std::string_view path);
// A wanted path, or a directory above one: what happens there can change a wanted file.
bool IsTracked(std::string_view path);

struct LayerEntry {
  enum class Kind {
    kFile,      // with content
    kSymlink,   // target as written
    kHardLink,  // target is a path of the image
    kDirectory,
    kOther,  // a device, a FIFO: there, but nothing to read
  };
  Kind kind = Kind::kOther;
  std::string path;  // tracked
  std::string target;
  std::string content;
};

// What one layer does to the tracked paths.
struct LayerContents {
  std::vector<std::string> whiteouts;           // paths that lower layers lose
  std::vector<std::string> opaque_directories;  // directories whose lower content is hidden
  std::vector<LayerEntry> entries;              // in the layer's order
};

// The merged view. Not thread-safe while layers are applied.
class ImageFiles {
 public:
  // Puts a layer on top.
  void Apply(LayerContents layer);

  // The content of a file, or nothing if there is none; symbolic links are followed inside the
  // image. kUnsupported ("layer_link_unreadable") when the path leads to a file whose content was
  // not kept: it is there, but unknown. The view is valid until the next Apply.
  Result<std::optional<std::string_view>> Read(std::string_view path) const;

  // Paths of the files below a directory, sorted. Errors as for Read.
  Result<std::vector<std::string>> List(std::string_view directory) const;

 private:
  struct Node {
    LayerEntry::Kind kind;
    std::string target;
    std::shared_ptr<const std::string> content;  // shared by hard links; null for what is unknown
  };

  void Remove(std::string_view path);
  void RemoveBelow(std::string_view directory);
  Node MakeNode(LayerEntry entry) const;
  Result<std::string> Resolve(std::string_view path) const;

  std::map<std::string, Node, std::less<>> nodes_;  // never directories
};

}  // namespace breakwater::advisor
