#include "blob/s3/upload_table.h"

#include <algorithm>
#include <optional>

namespace breakwater::blob {
namespace {

constexpr std::int64_t kBatch = 500;

Result<std::string> ReadRevision(db::Transaction& tx, std::string_view id) {
  BW_TRY(auto found, tx.QueryOne("SELECT revision FROM blob_upload WHERE id = $1", {id},
                                 [](const db::Row& row) { return row.String(0); }));
  return found.value_or("");
}

// Whoever changes the revision first has the turn; another finds that it has changed.
Status TakeTurn(db::Transaction& tx, const UploadStep& step) {
  const Error changed = Conflict("the upload was continued elsewhere").Reason("upload_changed");
  if (step.before.empty()) {
    BW_TRY(const std::int64_t added,
           tx.Execute("INSERT INTO blob_upload (id, revision, modified) VALUES ($1, $2, $3) "
                      "ON CONFLICT (id) DO NOTHING",
                      {step.id, step.after, step.now}));
    return added == 1 ? Ok() : Status(changed);
  }
  BW_TRY(const std::int64_t moved,
         tx.Execute("UPDATE blob_upload SET revision = $3, modified = $4 WHERE id = $1 AND "
                    "revision = $2",
                    {step.id, step.before, step.after, step.now}));
  if (moved == 1) return Ok();
  BW_TRY(const std::string revision, ReadRevision(tx, step.id));
  return revision.empty() ? NoSuchStagedUpload() : changed;
}

Status AddPart(db::Transaction& tx, const UploadStep& step) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO blob_upload_part (upload, number, object, size) VALUES ($1, $2, $3, $4)",
      {step.id, step.part_number, step.part->object, step.part->size}));
  BW_TRY_STATUS(tx.Execute("DELETE FROM blob_upload_tail WHERE upload = $1", {step.id}));
  return Ok();
}

Status AddToTail(db::Transaction& tx, const UploadStep& step) {
  for (std::size_t at = 0; at < step.tail.size();) {
    const std::size_t size = std::min(UploadTable::kMaxPiece, step.tail.size() - at);
    BW_TRY_STATUS(tx.Execute(
        "INSERT INTO blob_upload_tail (upload, start, size, content) VALUES ($1, $2, $3, $4)",
        {step.id, step.tail_start + at, size, step.tail.subspan(at, size)}));
    at += size;
  }
  return Ok();
}

std::uint64_t Size(const db::Row& row, int column) {
  return static_cast<std::uint64_t>(row.Int(column));
}

}  // namespace

Error NoSuchStagedUpload() {
  return NotFound("there is no such upload").Reason("upload_unknown");
}

Result<UploadRow> UploadTable::Load(std::string_view id) {
  return database_.ReadValue([&](db::Transaction& tx) -> Result<UploadRow> {
    UploadRow out;
    BW_TRY(out.revision, ReadRevision(tx, id));
    if (out.revision.empty()) return NoSuchStagedUpload();
    BW_TRY(
        out.parts,
        tx.QueryAll("SELECT object, size FROM blob_upload_part WHERE upload = $1 ORDER BY number",
                    {id}, [](const db::Row& row) {
                      return StoredPart{.object = row.String(0), .size = Size(row, 1)};
                    }));
    BW_TRY_STATUS(tx.Query("SELECT size FROM blob_upload_tail WHERE upload = $1", {id},
                           [&](const db::Row& row) {
                             out.tail += Size(row, 0);
                             return Ok();
                           }));
    return out;
  });
}

Result<std::string> UploadTable::Revision(std::string_view id) {
  return database_.ReadValue([&](db::Transaction& tx) { return ReadRevision(tx, id); });
}

Status UploadTable::Apply(const UploadStep& step) {
  return database_.Write(
      [&](db::Transaction& tx) -> Status {
        BW_TRY_STATUS(TakeTurn(tx, step));
        if (step.part != nullptr) BW_TRY_STATUS(AddPart(tx, step));
        return AddToTail(tx, step);
      },
      db::Isolation::kStatement);
}

Result<Bytes> UploadTable::ReadPiece(std::string_view id, std::uint64_t start) {
  BW_TRY(auto piece, database_.ReadValue([&](db::Transaction& tx) {
    return tx.QueryOne("SELECT content FROM blob_upload_tail WHERE upload = $1 AND start = $2",
                       {id, start}, [](const db::Row& row) {
                         const ByteView content = row.Blob(0);
                         return Bytes(content.begin(), content.end());
                       });
  }));
  if (!piece || piece->empty()) {
    return DataCorrupt("what is kept of the upload has a gap").Log(std::string(id));
  }
  return *std::move(piece);
}

Status UploadTable::Delete(std::string_view id) {
  return database_.Write(
      [&](db::Transaction& tx) -> Status {
        // First what a writer must have to add anything.
        BW_TRY_STATUS(tx.Execute("DELETE FROM blob_upload WHERE id = $1", {id}));
        BW_TRY_STATUS(tx.Execute("DELETE FROM blob_upload_tail WHERE upload = $1", {id}));
        BW_TRY_STATUS(tx.Execute("DELETE FROM blob_upload_part WHERE upload = $1", {id}));
        return Ok();
      },
      db::Isolation::kStatement);
}

Status UploadTable::List(const std::function<Status(const UploadSummary&)>& visit) {
  std::string after;
  while (true) {
    BW_TRY(const auto batch, database_.ReadValue([&](db::Transaction& tx) {
      return tx.QueryAll(
          "SELECT u.id, u.modified, "
          "(SELECT CAST(COALESCE(SUM(p.size), 0) AS BIGINT) FROM blob_upload_part p WHERE p.upload "
          "= u.id), "
          "(SELECT CAST(COALESCE(SUM(t.size), 0) AS BIGINT) FROM blob_upload_tail t WHERE t.upload "
          "= u.id) "
          "FROM blob_upload u WHERE u.id > $1 ORDER BY u.id LIMIT $2",
          {after, kBatch}, [](const db::Row& row) {
            return UploadSummary{
                .id = row.String(0), .size = Size(row, 2) + Size(row, 3), .modified = row.Time(1)};
          });
    }));
    if (batch.empty()) return Ok();
    for (const UploadSummary& upload : batch) BW_TRY_STATUS(visit(upload));
    after = batch.back().id;
  }
}

Result<bool> UploadTable::Exists(std::string_view id) {
  BW_TRY(const std::string revision, Revision(id));
  return !revision.empty();
}

}  // namespace breakwater::blob
