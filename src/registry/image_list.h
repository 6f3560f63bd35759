// Images of an account page by page, for lists of any length: what one page costs depends on its
// own images, not on those before it or after it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "blob/blob_store.h"
#include "db/database.h"
#include "oci/digest.h"
#include "registry/image_config.h"

namespace breakwater::registry {

// Which images. The caller has decided which namespaces may be seen.
struct ImageScope {
  RegistryName registry;
  std::vector<std::string> namespaces;
  // "ns/app": of those namespaces, only these; empty: all.
  std::vector<std::string> repositories;
  bool tagged = true;
  bool untagged = true;
  bool indexes = true;
  // Leaves out whatever a tag leads to: children of an index that has one, and what refers to an
  // image that has one. Only with tagged = false.
  bool unneeded_only = false;
};

// Where a list is: everything up to this image has been given. Empty: nothing yet.
struct ImagePosition {
  std::string repository;
  std::string digest;
};

struct ListedImage {
  std::string repository;
  oci::Digest digest;
  std::string media_type;
  std::optional<oci::Digest> config;
  std::uint64_t size = 0;  // config and layers
  Timestamp first_pushed;
  Timestamp pushed;               // last
  std::vector<std::string> tags;  // in bytewise order
  ImageConfig build;
};

struct ImagePage {
  std::vector<ListedImage> images;  // by repository and digest, bytewise
  ImagePosition position;           // of the last row that was looked at
  bool more = false;                // there may be more after it
};

// Rows that one page looks at.
inline constexpr std::size_t kImagesPerPage = 256;

// Where a list by digest is: everything up to this digest has been given. It need not be one of
// an image. Empty: nothing yet.
struct DigestPosition {
  std::string digest;
  // How many of the 2^32 parts of equal size, which digests are spread over evenly, the next page
  // looks through. What is found says how many hold enough for a page.
  std::uint64_t width = 1U << 16;
};

struct DigestPage {
  std::vector<ListedImage> images;  // by repository and digest, bytewise; all of each digest
  DigestPosition position;
  bool more = false;  // there may be more after it
};

// Images that one page by digest holds, if not one digest alone has more.
inline constexpr std::size_t kImagesPerDigestPage = 1024;

// A part of the repositories of a registry: names from `from`, before `to`.
struct NameRange {
  std::string from;
  std::string to;
};
// What the namespaces, or of them the repositories, are as parts; in order, without overlap.
std::vector<NameRange> RangesOf(const std::vector<std::string>& namespaces,
                                const std::vector<std::string>& repositories);

// Thread-safe.
class ImageList {
 public:
  ImageList(db::Database& database, blob::BlobStore& store) : database_(database), store_(store) {}

  // Looks at no more than `limit` rows (at most kImagesPerPage): a page may be short, and there
  // may be more all the same.
  Result<ImagePage> Page(const ImageScope& scope, const ImagePosition& after,
                         std::size_t limit = kImagesPerPage) const;

  // The same images, but those of one digest together, in whichever repositories they are. A page
  // costs one look into each repository of the scope, so it holds more; or it looks at the next
  // digests of all repositories, where that costs less.
  Result<DigestPage> PageByDigest(const ImageScope& scope, const DigestPosition& after,
                                  std::size_t limit = kImagesPerDigestPage) const;

 private:
  Status ReadConfigs(std::vector<ListedImage>& images,
                     const std::vector<std::size_t>& unread) const;

  db::Database& database_;
  blob::BlobStore& store_;
};

}  // namespace breakwater::registry
