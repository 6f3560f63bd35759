#include "registry/blob_links.h"

#include "registry/absent_layers.h"
#include "registry/blobs.h"

namespace breakwater::registry {

Result<Admission::Terms> BlobLinks::TermsOf(const RepositoryPath& path) const {
  if (admission == nullptr) return Admission::Terms{};
  return admission->HardTermsOf(path);
}

Status BlobLinks::Link(db::Transaction& tx, const RepositoryPath& path,
                       const std::string& repository_id, const oci::Digest& digest, Timestamp now,
                       const Admission::Terms& terms) const {
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO repository_blob (repository, digest, linked, leased_until) "
                 "VALUES ($1, $2, $3, $4) ON CONFLICT (repository, digest) DO UPDATE SET "
                 "leased_until = excluded.leased_until",
                 {repository_id, digest.text(), now, now + kBlobLease}));
  BW_TRY(const bool awaited, IsAwaited(tx, repository_id, digest));
  if (!awaited) return Ok();
  BW_TRY(const LimitedUse use, ReadUse(tx, terms));
  BW_TRY(const auto completed, FillAbsentLayers(tx, repository_id, digest.text()));
  BW_TRY_STATUS(CheckHardLimits(tx, terms, use));
  if (jobs == nullptr) return Ok();
  BW_TRY(const auto events, Completions(tx, path, repository_id, completed));
  for (const jobs::Event& event : events) BW_TRY_STATUS(jobs->Emit(tx, event));
  return Ok();
}

}  // namespace breakwater::registry
