#include "blob/s3/s3_compose.h"

#include <utility>

#include "observe/log.h"

namespace breakwater::blob {
namespace {

// "Maximum part size", Amazon S3 multipart upload limits.
constexpr std::uint64_t kMaxCopy = std::uint64_t{5} << 30U;

// The first failure of several calls at once, if any.
Status FirstFailure(std::vector<Result<std::string>>& outcomes) {
  for (auto& outcome : outcomes) {
    if (!outcome.ok()) return std::move(outcome).error();
  }
  return Ok();
}

Status FillUpload(S3Parts& shared, const std::string& key, const std::string& id,
                  const std::vector<std::string>& sources, ByteView tail) {
  const std::size_t count = sources.size() + (tail.empty() ? 0 : 1);
  std::vector<Result<std::string>> etags(count, std::string());
  shared.pool.ForEach(count, [&](std::size_t i) {
    etags[i] = i < sources.size() ? shared.client.CopyPart(key, id, i + 1, sources[i])
                                  : shared.client.PutPart(key, id, i + 1, tail);
  });
  BW_TRY_STATUS(FirstFailure(etags));
  std::vector<std::string> values;
  values.reserve(count);
  for (auto& etag : etags) values.push_back(*std::move(etag));
  return shared.client.CompleteUpload(key, id, values);
}

// One multipart upload, whose completion is all or nothing.
Status ComposeOnce(S3Parts& shared, const std::string& key, const std::vector<std::string>& sources,
                   ByteView tail, std::uint64_t size) {
  BW_TRY(const std::string id, shared.client.CreateUpload(key));
  Status filled = FillUpload(shared, key, id, sources, tail);
  // Completed it is gone: an answer that was lost is followed by "no such upload".
  const bool may_be_done = filled.ok() || (filled.error().code() == ErrorCode::kNotFound &&
                                           filled.error().reason() != "upload_unknown");
  if (may_be_done) {
    BW_TRY(const auto there, shared.client.Head(key));
    if (there == size) return Ok();
    filled = DataCorrupt("the blob store did not keep the blob as it was sent")
                 .Log(key + " has " + std::to_string(there.value_or(0)) + " bytes instead of " +
                      std::to_string(size));
  }
  const Status aborted = shared.client.AbortUpload(key, id);
  if (!aborted.ok()) {
    observe::Log(observe::Level::kWarning, "a multipart upload is left to the sweep",
                 {{"cause", aborted.error().log()}});
  }
  return filled;
}

std::uint64_t SizeOf(const std::vector<StoredPart>& parts) {
  std::uint64_t size = 0;
  for (const StoredPart& part : parts) size += part.size;
  return size;
}

std::vector<std::string> KeysOf(const std::string& upload, const std::vector<StoredPart>& parts) {
  std::vector<std::string> keys;
  keys.reserve(parts.size());
  for (const StoredPart& part : parts) keys.push_back(StagingKey(upload, part.object));
  return keys;
}

}  // namespace

std::vector<ComposeGroup> PlanGroups(const std::vector<StoredPart>& parts, bool has_tail,
                                     std::size_t max_parts) {
  std::vector<ComposeGroup> groups;
  if (parts.size() + (has_tail ? 1 : 0) <= max_parts) return groups;
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool full =
        groups.empty() || groups.back().count == max_parts || parts[i].size > kMaxCopy - size;
    if (full) {
      groups.push_back({.first = i, .count = 0});
      size = 0;
    }
    ++groups.back().count;
    size += parts[i].size;
  }
  return groups;
}

Status Compose(S3Parts& shared, const std::string& key, const std::string& upload,
               std::vector<StoredPart> parts, ByteView tail) {
  const auto groups = PlanGroups(parts, !tail.empty(), shared.options.max_parts);
  if (!groups.empty()) {
    std::vector<StoredPart> merged;
    for (const ComposeGroup& group : groups) {
      const auto begin = parts.begin() + static_cast<std::ptrdiff_t>(group.first);
      const std::vector<StoredPart> members(begin,
                                            begin + static_cast<std::ptrdiff_t>(group.count));
      const StoredPart object{.object = NewObjectName(group.first + 1), .size = SizeOf(members)};
      BW_TRY_STATUS(ComposeOnce(shared, StagingKey(upload, object.object), KeysOf(upload, members),
                                {}, object.size));
      merged.push_back(object);
    }
    parts = std::move(merged);
  }
  return ComposeOnce(shared, key, KeysOf(upload, parts), tail, SizeOf(parts) + tail.size());
}

}  // namespace breakwater::blob
