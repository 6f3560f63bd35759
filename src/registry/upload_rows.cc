#include "registry/upload_rows.h"

#include <utility>

namespace breakwater::registry {
namespace {

std::string AlgorithmName(std::optional<crypto::HashAlgorithm> algorithm) {
  if (!algorithm) return {};
  return *algorithm == crypto::HashAlgorithm::kSha512 ? "sha512" : "sha256";
}

std::optional<crypto::HashAlgorithm> AlgorithmNamed(std::string_view name) {
  if (name.empty()) return std::nullopt;
  return name == "sha512" ? crypto::HashAlgorithm::kSha512 : crypto::HashAlgorithm::kSha256;
}

std::unique_ptr<UploadSession> SessionOf(const db::Row& row) {
  auto session = std::make_unique<UploadSession>();
  session->id = row.String(0);
  session->path = {.registry = RegistryName(row.String(1)),
                   .region = row.String(2),
                   .account = AccountId(row.String(3)),
                   .name_space = row.String(4),
                   .resource_group = row.String(5),
                   .name = row.String(6)};
  session->staged_id = row.String(7);
  session->announced = AlgorithmNamed(row.Text(8));
  session->actor.kind = static_cast<control::IdentityKind>(row.Int(9));
  session->actor.account = AccountId(row.String(10));
  session->actor.iam_id = IamId(row.String(11));
  session->actor.name = row.String(12);
  session->actor.credential = "upload";
  session->started = row.Time(13);
  session->expires = row.Time(14);
  session->recorded_expires = session->expires;
  session->size = static_cast<std::uint64_t>(row.Int(15));
  session->buffer = AsText(row.Blob(16));
  session->writer = row.String(17);
  session->writer_until = row.Time(18);
  return session;
}

}  // namespace

Status InsertUpload(db::Transaction& tx, const UploadSession& session) {
  const RepositoryPath& path = session.path;
  const control::Actor& actor = session.actor;
  std::optional<std::string> staged;
  if (!session.staged_id.empty()) staged = session.staged_id;
  // What is staged is not kept twice.
  const ByteView buffered = staged ? ByteView() : AsBytes(session.buffer);
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO upload (id, registry, region, account, name_space, resource_group, repository, "
      "staged, buffered, received, algorithm, actor_kind, actor_account, actor_iam_id, actor_name, "
      "started, expires) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
      {session.id, path.registry, path.region, path.account, path.name_space, path.resource_group,
       path.name, staged, buffered, session.size, AlgorithmName(session.announced),
       static_cast<std::int64_t>(actor.kind), actor.account, actor.iam_id, actor.name,
       session.started, session.expires}));
  return Ok();
}

Result<std::vector<std::unique_ptr<UploadSession>>> ReadUploads(
    db::Transaction& tx, std::string_view condition, std::initializer_list<db::Param> params) {
  return tx.QueryAll(
      "SELECT id, registry, region, account, name_space, resource_group, repository, staged, "
      "algorithm, actor_kind, actor_account, actor_iam_id, actor_name, started, expires, received, "
      "buffered, writer, writer_until FROM upload WHERE " +
          std::string(condition),
      params, SessionOf);
}

Status DeleteUpload(db::Transaction& tx, const std::string& id) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM upload WHERE id = $1", {id}));
  return Ok();
}

}  // namespace breakwater::registry
