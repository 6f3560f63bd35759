#include <algorithm>
#include <array>
#include <cstring>

#include "io/tar.h"

namespace breakwater::io {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::uint64_t kMostOctal11 = 077777777777;  // eleven octal digits
constexpr std::size_t kNameSize = 100;
constexpr std::size_t kPrefixSize = 155;

// POSIX.1-2001 pax, "ustar Header Block".
struct Header {
  char name[kNameSize];
  char mode[8];
  char uid[8];
  char gid[8];
  char size[12];
  char mtime[12];
  char checksum[8];
  char type;
  char link_name[kNameSize];
  char magic[6];
  char version[2];
  char user[32];
  char group[32];
  char device_major[8];
  char device_minor[8];
  char prefix[kPrefixSize];
  char padding[12];
};
static_assert(sizeof(Header) == kBlock);

template <std::size_t N>
void PutText(char (&field)[N], std::string_view text) {
  std::memcpy(field, text.data(), std::min(text.size(), N));
}

// Octal with leading zeros and a NUL. The value fits, or is replaced by a pax record.
template <std::size_t N>
void PutOctal(char (&field)[N], std::uint64_t value) {
  for (std::size_t i = N - 1; i-- > 0; value >>= 3) field[i] = static_cast<char>('0' + (value & 7));
  field[N - 1] = '\0';
}

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0 && c < 127; });
}

char TypeFlag(TarType type) {
  switch (type) {
    case TarType::kFile: return '0';
    case TarType::kHardlink: return '1';
    case TarType::kSymlink: return '2';
    case TarType::kDirectory: return '5';
    case TarType::kOther: break;
  }
  BW_UNREACHABLE();
}

// "<length> <key>=<value>\n", where the length counts its own digits.
std::string PaxRecord(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest;
  while (length != rest + std::to_string(length).size()) {
    length = rest + std::to_string(length).size();
  }
  return std::to_string(length) + " " + std::string(key) + "=" + std::string(value) + "\n";
}

// Where to cut a path into ustar's prefix and name; npos if it does not fit.
std::size_t SplitPoint(std::string_view path) {
  if (path.size() <= kNameSize) return 0;
  const std::size_t least = path.size() - kNameSize - 1;
  const std::size_t slash = path.find('/', least);
  if (slash == std::string_view::npos || slash > kPrefixSize || slash == 0 ||
      slash + 1 == path.size()) {
    return std::string_view::npos;
  }
  return slash;
}

void PutPath(Header& header, std::string_view path) {
  const std::size_t slash = SplitPoint(path);
  if (slash != 0 && slash != std::string_view::npos) {
    PutText(header.prefix, path.substr(0, slash));
    path.remove_prefix(slash + 1);
  }
  PutText(header.name, path);
}

std::string PaxRecords(const TarEntry& entry, std::string_view path) {
  std::string out;
  if (!IsAscii(path) || SplitPoint(path) == std::string_view::npos) out += PaxRecord("path", path);
  if (!IsAscii(entry.link_target) || entry.link_target.size() > kNameSize) {
    out += PaxRecord("linkpath", entry.link_target);
  }
  if (entry.size > kMostOctal11) out += PaxRecord("size", std::to_string(entry.size));
  if (entry.mtime < 0 || static_cast<std::uint64_t>(entry.mtime) > kMostOctal11) {
    out += PaxRecord("mtime", std::to_string(entry.mtime));
  }
  return out;
}

Header MakeHeader(const TarEntry& entry, std::string_view path, char type) {
  Header header{};
  PutPath(header, path);
  PutOctal(header.mode, entry.mode & 07777U);
  PutOctal(header.uid, 0);
  PutOctal(header.gid, 0);
  PutOctal(header.size, std::min(entry.size, kMostOctal11));
  const std::int64_t mtime = std::max<std::int64_t>(entry.mtime, 0);
  PutOctal(header.mtime, std::min(static_cast<std::uint64_t>(mtime), kMostOctal11));
  header.type = type;
  PutText(header.link_name, entry.link_target);
  PutText(header.magic, std::string_view("ustar\0", 6));
  PutText(header.version, "00");
  PutOctal(header.device_major, 0);
  PutOctal(header.device_minor, 0);

  // The sum is taken with its own field full of spaces, and stored as six digits, NUL, space.
  std::memset(header.checksum, ' ', sizeof header.checksum);
  std::array<unsigned char, kBlock> raw{};
  std::memcpy(raw.data(), &header, kBlock);
  std::uint64_t sum = 0;
  for (const unsigned char octet : raw) sum += octet;
  char digits[7];
  PutOctal(digits, sum);
  std::memcpy(header.checksum, digits, sizeof digits);
  return header;
}

ByteView BytesOf(const Header& header) {
  return std::as_bytes(std::span(&header, 1));
}

Status CheckEntry(const TarEntry& entry) {
  const auto refused = [](std::string message) {
    return Invalid(std::move(message)).Reason("malformed_tar");
  };
  BW_TRY(const std::string path, NormaliseTarPath(entry.path));
  if (path != entry.path || (path.empty() && entry.type != TarType::kDirectory)) {
    return refused("a tar entry's path must be relative and normalised");
  }
  const bool link = entry.type == TarType::kSymlink || entry.type == TarType::kHardlink;
  if (entry.type == TarType::kOther || link == entry.link_target.empty()) {
    return refused("a tar entry needs a type, and a target only for links");
  }
  if (entry.type != TarType::kFile && entry.size != 0) {
    return refused("only files have a body in a tar archive");
  }
  return Ok();
}

}  // namespace

Status TarWriter::Add(const TarEntry& entry, Source& body) {
  BW_TRY_STATUS(CheckEntry(entry));
  BW_TRY_STATUS(WriteHeader(entry));
  BW_TRY(const std::uint64_t copied, Copy(body, target_, entry.size));
  if (copied != entry.size) {
    return Invalid("a tar entry's body is shorter than announced").Reason("malformed_tar");
  }
  return WritePadding(entry.size);
}

Status TarWriter::Add(TarEntry entry, std::string_view body) {
  entry.size = body.size();
  StringSource source(body);
  return Add(entry, source);
}

Status TarWriter::Finish() {
  const std::array<std::byte, 2 * kBlock> end{};
  return target_.Write(end);
}

Status TarWriter::WriteHeader(const TarEntry& entry) {
  const std::string path = entry.type != TarType::kDirectory ? entry.path
                           : entry.path.empty()              ? "./"
                                                             : entry.path + "/";
  if (const std::string records = PaxRecords(entry, path); !records.empty()) {
    const TarEntry pax{.path = "", .link_target = "", .size = records.size()};
    BW_TRY_STATUS(target_.Write(BytesOf(MakeHeader(pax, "././@PaxHeader", 'x'))));
    BW_TRY_STATUS(target_.Write(AsBytes(records)));
    BW_TRY_STATUS(WritePadding(records.size()));
  }
  return target_.Write(BytesOf(MakeHeader(entry, path, TypeFlag(entry.type))));
}

Status TarWriter::WritePadding(std::uint64_t size) {
  static constexpr std::array<std::byte, kBlock> kZeros{};
  const std::size_t tail = static_cast<std::size_t>(size % kBlock);
  if (tail == 0) return Ok();
  return target_.Write(ByteView(kZeros).first(kBlock - tail));
}

}  // namespace breakwater::io
