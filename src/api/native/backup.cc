#include "api/native/backup.h"

#include <memory>

#include "json/reader.h"
#include "oci/ranges.h"

namespace breakwater::api::native {
namespace {

constexpr std::string_view kAction = admin::Checks::kBackupAction;

Status CheckOwner(const BackupDeps& deps, const Context& context) {
  if (context.account == deps.owner) return Ok();
  return Denied("backups are the business of the installation's own account")
      .Reason("not_authorized");
}

Status Record(const BackupDeps& deps, const Context& context) {
  return deps.changes.Submit(
      context.caller,
      {.action = std::string(kAction),
       .resource = control::AccountResource(context.account, "backup"),
       .apply = [](db::Transaction&) -> Result<control::Effect> { return control::Effect{}; }});
}

Result<net::Response> Snapshot(const BackupDeps& deps, const Context& context) {
  BW_TRY_STATUS(CheckOwner(deps, context));
  BW_TRY(auto source, deps.source.Snapshot());
  // Before its first byte is read, and only if there will be one.
  BW_TRY_STATUS(Record(deps, context));
  net::Response response;
  response.headers.Set("Content-Type", "application/x-tar");
  response.body = net::StreamBody{.source = std::move(source), .length = std::nullopt};
  return response;
}

// The blob with what reads it.
class BlobBody final : public io::Source {
 public:
  BlobBody(std::unique_ptr<blob::Blob> blob, std::unique_ptr<io::Source> source)
      : blob_(std::move(blob)), source_(std::move(source)) {}
  Result<std::size_t> Read(std::span<std::byte> out) override { return source_->Read(out); }

 private:
  std::unique_ptr<blob::Blob> blob_;
  std::unique_ptr<io::Source> source_;
};

// What of the blob is sent: all of it also where several ranges are asked for, which nobody needs.
Result<oci::ByteRange> RangeOf(const net::Request& request, std::uint64_t size) {
  const auto header = request.headers.Get("Range");
  if (!header) return oci::ByteRange{0, size};
  BW_TRY(const auto ranges, oci::ParseRanges(*header, size));
  return ranges.size() == 1 ? ranges.front() : oci::ByteRange{0, size};
}

net::Response BlobHead() {
  net::Response response;
  response.headers.Set("Content-Type", "application/octet-stream");
  response.headers.Set("Accept-Ranges", "bytes");
  return response;
}

Result<net::Response> GetBlob(const BackupDeps& deps, const Context& context) {
  BW_TRY_STATUS(CheckOwner(deps, context));
  BW_TRY(const oci::Digest digest, oci::Digest::Parse(context.Path("digest")));
  BW_TRY(auto blob, deps.source.Open(digest));
  const std::uint64_t size = blob->size();
  BW_TRY(const oci::ByteRange range, RangeOf(context.request, size));
  net::Response response = BlobHead();
  if (range.length != size) {
    response.status = 206;
    response.headers.Set("Content-Range", "bytes " + std::to_string(range.offset) + "-" +
                                              std::to_string(range.offset + range.length - 1) +
                                              "/" + std::to_string(size));
  }
  if (const int descriptor = blob->file_descriptor(); descriptor >= 0) {
    response.body = net::FileSlice{.descriptor = descriptor,
                                   .offset = range.offset,
                                   .length = range.length,
                                   .owner = std::shared_ptr<blob::Blob>(std::move(blob))};
    return response;
  }
  BW_TRY(auto source, blob->Read(range.offset, range.length));
  response.body =
      net::StreamBody{.source = std::make_unique<BlobBody>(std::move(blob), std::move(source)),
                      .length = range.length};
  return response;
}

// The sign of life of whoever reads at home what need not be fetched.
Result<net::Response> HeadBlob(const BackupDeps& deps, const Context& context) {
  BW_TRY_STATUS(CheckOwner(deps, context));
  BW_TRY(const oci::Digest digest, oci::Digest::Parse(context.Path("digest")));
  BW_TRY(const std::uint64_t size, deps.source.Keep(digest));
  net::Response response = BlobHead();
  response.announced_length = size;
  return response;
}

Result<net::Response> Report(const BackupDeps& deps, Context& context) {
  BW_TRY_STATUS(CheckOwner(deps, context));
  BW_TRY(const json::Value body, ReadJson(context));
  const json::Reader in(body);
  admin::BackupReport report{.manifest_sha256 = in.Field("manifest_sha256").String(),
                             .as_of = {},
                             .rows = in.Int("rows", 0),
                             .blobs = in.Int("blobs", 0),
                             .blob_bytes = in.Int("blob_bytes", 0),
                             .read_back = in.Bool("read_back", false)};
  const json::Reader as_of = in.Field("as_of");
  const auto moment = ParseRfc3339(as_of.String());
  if (!moment.ok()) as_of.Fail("must be a time of RFC 3339");
  BW_TRY_STATUS(in.Finish());
  report.as_of = *moment;
  BW_TRY_STATUS(deps.checks.BackupDone(context.caller, report));
  net::Response response;
  response.status = 204;
  return response;
}

}  // namespace

std::vector<Endpoint> BackupEndpoints(BackupDeps deps, const SccFace& face) {
  return {
      {"GET", "/breakwater/v1/backup/snapshot", "GetBackupSnapshot", Access::To(kAction), face,
       [deps](Context& context) { return Snapshot(deps, context); },
       Recorded::Not("a change of its own says that a backup is taken")},
      {"GET", "/breakwater/v1/backup/blobs/{digest}", "GetBackupBlob", Access::To(kAction), face,
       [deps](Context& context) { return GetBlob(deps, context); },
       Recorded::Not("part of a backup that was recorded")},
      {"HEAD", "/breakwater/v1/backup/blobs/{digest}", "HeadBackupBlob", Access::To(kAction), face,
       [deps](Context& context) { return HeadBlob(deps, context); },
       Recorded::Not("part of a backup that was recorded")},
      {"POST", "/breakwater/v1/backup/reports", "ReportBackup", Access::To(kAction), face,
       [deps](Context& context) { return Report(deps, context); }},
  };
}

}  // namespace breakwater::api::native
