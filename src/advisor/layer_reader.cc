#include "advisor/layer_reader.h"

#include <vector>

#include "crypto/hash.h"
#include "io/decompress.h"
#include "io/tar.h"

namespace breakwater::advisor {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
constexpr std::string_view kReserved = ".wh..wh.";  // what AUFS keeps for itself: ".wh..wh.plnk"

// Hashes what passes through it.
class HashingSource final : public io::Source {
 public:
  HashingSource(io::Source& inner, crypto::HashAlgorithm algorithm)
      : inner_(inner), hasher_(algorithm) {}

  Result<std::size_t> Read(std::span<std::byte> out) override {
    auto n = inner_.Read(out);
    if (n.ok()) hasher_.Update(ByteView(out.first(*n)));
    return n;
  }

  // The digest of everything up to the end of the inner source.
  Result<oci::Digest> Finish() {
    std::vector<std::byte> rest(io::kPieceSize);
    for (;;) {
      BW_TRY(const std::size_t n, Read(rest));
      if (n == 0) return oci::Digest::FromHash(hasher_.algorithm(), hasher_.Finish());
    }
  }

 private:
  io::Source& inner_;
  crypto::Hasher hasher_;
};

Error LayerTooLarge() {
  return TooLarge("the layer is larger than the advisor examines").Reason("layer_too_large");
}

// Sorts the entries of one tar into LayerContents.
class Collector {
 public:
  explicit Collector(const LayerLimits& limits) : limits_(limits) {}

  Status Add(io::TarReader& reader, io::TarEntry& entry) {
    const auto slash = entry.path.rfind('/');
    const std::string_view name = std::string_view(entry.path).substr(slash + 1);
    const std::string parent = entry.path.substr(0, slash == std::string::npos ? 0 : slash);
    if (name == kOpaque) return Note(contents_.opaque_directories, parent, IsTracked(parent));
    if (name.starts_with(kReserved)) return Ok();
    if (name.starts_with(kWhiteout)) {
      const std::string_view hidden = name.substr(kWhiteout.size());
      const std::string path =
          parent.empty() ? std::string(hidden) : parent + "/" + std::string(hidden);
      return Note(contents_.whiteouts, path, !hidden.empty() && IsTracked(path));
    }
    if (!IsTracked(entry.path)) return Ok();
    return AddEntry(reader, entry);
  }

  LayerContents Take() { return std::move(contents_); }

 private:
  Status Count() {
    if (++tracked_ > limits_.max_tracked) return LayerTooLarge();
    return Ok();
  }

  Status Note(std::vector<std::string>& list, std::string path, bool tracked) {
    if (!tracked) return Ok();
    BW_TRY_STATUS(Count());
    list.push_back(std::move(path));
    return Ok();
  }

  Status AddEntry(io::TarReader& reader, io::TarEntry& entry) {
    BW_TRY_STATUS(Count());
    LayerEntry kept{.kind = KindOf(entry.type),
                    .path = std::move(entry.path),
                    .target = std::move(entry.link_target),
                    .content = {}};
    if (kept.kind == LayerEntry::Kind::kFile && IsWanted(kept.path)) {
      if (entry.size > limits_.max_file) return LayerTooLarge();
      BW_TRY(kept.content, io::ReadAll(reader.Body(), limits_.max_file));
      captured_ += kept.content.size();
      if (captured_ > limits_.max_captured) return LayerTooLarge();
    }
    contents_.entries.push_back(std::move(kept));
    return Ok();
  }

  static LayerEntry::Kind KindOf(io::TarType type) {
    switch (type) {
      case io::TarType::kFile: return LayerEntry::Kind::kFile;
      case io::TarType::kDirectory: return LayerEntry::Kind::kDirectory;
      case io::TarType::kSymlink: return LayerEntry::Kind::kSymlink;
      case io::TarType::kHardlink: return LayerEntry::Kind::kHardLink;
      case io::TarType::kOther: return LayerEntry::Kind::kOther;
    }
    BW_UNREACHABLE();
  }

  const LayerLimits limits_;
  LayerContents contents_;
  std::size_t captured_ = 0;
  std::size_t tracked_ = 0;
};

}  // namespace

Result<LayerContents> ReadLayer(io::Source& layer, const oci::Digest& diff_id,
                                const LayerLimits& limits) {
  BW_TRY(const auto plain,
         io::DecompressAuto(layer, {.max_output = limits.max_uncompressed, .max_ratio = 1100}));
  HashingSource hashed(*plain, diff_id.algorithm());
  io::TarReader reader(hashed, {.max_entries = limits.max_entries,
                                .max_name = 4096,
                                .max_total_size = limits.max_uncompressed});
  Collector collector(limits);
  for (;;) {
    BW_TRY(std::optional<io::TarEntry> entry, reader.Next());
    if (!entry) break;
    BW_TRY_STATUS(collector.Add(reader, *entry));
  }
  BW_TRY(const oci::Digest actual, hashed.Finish());
  if (actual != diff_id) {
    return Invalid("a layer's content differs from the image configuration's diff_id")
        .Reason("diff_id_mismatch");
  }
  return collector.Take();
}

}  // namespace breakwater::advisor
