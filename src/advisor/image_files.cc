#include "advisor/image_files.h"

#include <algorithm>
#include <deque>

#include "base/strings.h"

namespace breakwater::advisor {
namespace {

constexpr std::string_view kWantedFiles[] = {
    "etc/os-release",
    "usr/lib/os-release",
    "etc/debian_version",
    "var/lib/dpkg/status",
    // Not read, but the status file may be a hard link to it after an interrupted dpkg.
    "var/lib/dpkg/status-old",
};
constexpr std::string_view kWantedDirectories[] = {"var/lib/dpkg/status.d"};
constexpr int kMaxLinks = 40;  // as Linux: ELOOP

bool IsBelow(std::string_view path, std::string_view directory) {
  return directory.empty() ? !path.empty()
                           : path.size() > directory.size() + 1 && path.starts_with(directory) &&
                                 path[directory.size()] == '/';
}

Error Unreadable() {
  return Unsupported("a symbolic or hard link of the image leads to a file that is not examined")
      .Reason("layer_link_unreadable");
}

}  // namespace

bool IsWanted(std::string_view path) {
  if (std::ranges::find(kWantedFiles, path) != std::end(kWantedFiles)) return true;
  return std::ranges::any_of(kWantedDirectories, [&](std::string_view directory) {
    return IsBelow(path, directory) &&
           path.find('/', directory.size() + 1) == std::string_view::npos;
  });
}

bool IsTracked(std::string_view path) {
  const auto is_above = [&](std::string_view wanted) { return IsBelow(wanted, path); };
  return IsWanted(path) || std::ranges::any_of(kWantedFiles, is_above) ||
         std::ranges::any_of(kWantedDirectories, is_above) ||
         std::ranges::find(kWantedDirectories, path) != std::end(kWantedDirectories);
}

void ImageFiles::Apply(LayerContents layer) {
  for (const std::string& directory : layer.opaque_directories) RemoveBelow(directory);
  for (const std::string& path : layer.whiteouts) Remove(path);
  for (LayerEntry& entry : layer.entries) {
    if (entry.kind == LayerEntry::Kind::kDirectory) {
      nodes_.erase(entry.path);  // a directory merges with a directory and replaces all else
      continue;
    }
    const std::string path = std::move(entry.path);
    Node node = MakeNode(std::move(entry));
    Remove(path);
    nodes_.insert_or_assign(path, std::move(node));
  }
}

ImageFiles::Node ImageFiles::MakeNode(LayerEntry entry) const {
  using Kind = LayerEntry::Kind;
  if (entry.kind == Kind::kFile) {
    return {Kind::kFile, {}, std::make_shared<const std::string>(std::move(entry.content))};
  }
  if (entry.kind == Kind::kHardLink) {
    const auto target = nodes_.find(entry.target);
    return target == nodes_.end() ? Node{Kind::kFile, {}, nullptr} : target->second;
  }
  return {entry.kind, std::move(entry.target), nullptr};
}

void ImageFiles::Remove(std::string_view path) {
  RemoveBelow(path);
  if (const auto found = nodes_.find(path); found != nodes_.end()) nodes_.erase(found);
}

void ImageFiles::RemoveBelow(std::string_view directory) {
  auto at = nodes_.lower_bound(directory);
  while (at != nodes_.end() && std::string_view(at->first).starts_with(directory)) {
    at = IsBelow(at->first, directory) ? nodes_.erase(at) : std::next(at);
  }
}

Result<std::string> ImageFiles::Resolve(std::string_view path) const {
  std::deque<std::string> rest;
  const auto prepend = [&rest](std::string_view text) {
    const auto parts = Split(text, '/');
    rest.insert(rest.begin(), parts.begin(), parts.end());
  };
  prepend(path);
  std::string at;
  int links = 0;
  while (!rest.empty()) {
    const std::string part = std::move(rest.front());
    rest.pop_front();
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      // ".." of the root is the root, as chroot(2) has it.
      at.resize(at.find('/') == std::string::npos ? 0 : at.rfind('/'));
      continue;
    }
    const std::string parent = at;
    if (!at.empty()) at += '/';
    at += part;
    const auto node = nodes_.find(at);
    if (node == nodes_.end() || node->second.kind != LayerEntry::Kind::kSymlink) continue;
    if (++links > kMaxLinks) return Unreadable();
    at = node->second.target.starts_with('/') ? "" : parent;
    prepend(node->second.target);
  }
  if (links > 0 && !IsTracked(at)) return Unreadable();
  return at;
}

Result<std::optional<std::string_view>> ImageFiles::Read(std::string_view path) const {
  BW_TRY(const std::string real, Resolve(path));
  const auto node = nodes_.find(real);
  if (node == nodes_.end()) return std::optional<std::string_view>();
  if (node->second.kind != LayerEntry::Kind::kFile) return std::optional<std::string_view>();
  if (node->second.content == nullptr) return Unreadable();
  return std::optional<std::string_view>(*node->second.content);
}

Result<std::vector<std::string>> ImageFiles::List(std::string_view directory) const {
  BW_TRY(const std::string real, Resolve(directory));
  std::vector<std::string> paths;
  for (auto at = nodes_.lower_bound(real);
       at != nodes_.end() && std::string_view(at->first).starts_with(real); ++at) {
    if (IsBelow(at->first, real)) paths.push_back(at->first);
  }
  return paths;
}

}  // namespace breakwater::advisor
