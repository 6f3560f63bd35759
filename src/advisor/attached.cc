#include "advisor/attached.h"

#include <algorithm>
#include <vector>

#include "base/strings.h"
#include "oci/manifest.h"
#include "registry/signatures.h"

namespace breakwater::advisor {
namespace {

// Of one image, of each kind. What is beyond them is not looked at.
constexpr std::int64_t kMaxReferrers = 200;
constexpr std::int64_t kMaxLists = 20;
constexpr std::size_t kMaxAttestations = 20;

// A manifest that lacks layers is no signature, and no list of contents.
constexpr std::string_view kWhole =
    "NOT EXISTS (SELECT 1 FROM absent_layer a WHERE a.repository = m.repository AND a.manifest = "
    "m.digest) ";

constexpr json::Limits kManifestJson{.max_bytes = oci::kMaxManifestBytes, .max_depth = 64};

bool StartsWithAny(std::string_view text, std::initializer_list<std::string_view> prefixes) {
  return std::ranges::any_of(prefixes,
                             [&](std::string_view prefix) { return text.starts_with(prefix); });
}

// What a signed statement is about, by its predicate type (in-toto attestation framework).
void NotePredicate(Attached& attached, std::string_view predicate) {
  if (StartsWithAny(predicate, {"https://spdx.dev/", "https://cyclonedx.org/"})) {
    attached.sbom = true;
  }
  if (predicate.starts_with("https://slsa.dev/provenance/")) attached.provenance = true;
  // As cosign 3 signs: a statement that says nothing else.
  if (predicate.starts_with("https://sigstore.dev/cosign/sign/")) attached.signature = true;
}

// The predicate type by each of the annotations that tools write it into.
void NotePredicates(Attached& attached, const json::Value& annotations) {
  for (const char* key :
       {"in-toto.io/predicate-type", "predicateType", "dev.sigstore.bundle.predicateType"}) {
    NotePredicate(attached, json::FindText(annotations, key));
  }
}

const json::Value& Member(const json::Value& object, std::string_view name) {
  static const json::Value kNothing;
  const json::Value* found = json::Find(object, name);
  return found == nullptr ? kNothing : *found;
}

Result<json::Value> ParseContent(ByteView content) {
  auto parsed = json::Parse(AsText(content), kManifestJson);
  if (!parsed.ok()) return DataCorrupt("a manifest cannot be read").Log(parsed.error().message());
  return *std::move(parsed);
}

// By the annotations of its layers: attestations of cosign and of BuildKit.
void NoteLayers(Attached& attached, const json::Value& manifest) {
  const json::Value& layers = Member(manifest, "layers");
  if (!layers.is_array()) return;
  for (const json::Value& layer : layers.get_array()) {
    NotePredicates(attached, Member(layer, "annotations"));
  }
}

Status ReadLayers(db::Transaction& tx, const std::string& repository, const std::string& digest,
                  Attached& attached) {
  return tx.Query("SELECT content FROM manifest m WHERE repository = $1 AND digest = $2 AND " +
                      std::string(kWhole),
                  {repository, digest}, [&](const db::Row& row) -> Status {
                    BW_TRY(const json::Value manifest, ParseContent(row.Blob(0)));
                    NoteLayers(attached, manifest);
                    return Ok();
                  });
}

Status ReadReferrers(db::Transaction& tx, const std::string& repository, const oci::Digest& image,
                     Attached& attached) {
  std::vector<std::string> unclear;
  BW_TRY_STATUS(
      tx.Query("SELECT artifact_type, referrer, digest FROM manifest m WHERE repository = $1 AND "
               "subject = $2 AND " +
                   std::string(kWhole) + "ORDER BY digest LIMIT $3",
               {repository, image.text(), kMaxReferrers}, [&](const db::Row& row) -> Status {
                 json::Value entry;
                 if (!row.IsNull(1)) {
                   BW_TRY(entry, ParseContent(AsBytes(row.Text(1))));
                 }
                 Attached one;
                 Note(one, row.Text(0), Member(entry, "annotations"));
                 attached.signature = attached.signature || one.signature;
                 attached.sbom = attached.sbom || one.sbom;
                 attached.provenance = attached.provenance || one.provenance;
                 if (one == Attached{} && unclear.size() < kMaxAttestations) {
                   unclear.push_back(row.String(2));
                 }
                 return Ok();
               }));
  for (const std::string& digest : unclear) {
    BW_TRY_STATUS(ReadLayers(tx, repository, digest, attached));
  }
  return Ok();
}

// "sha256-….sig", "….sbom" and "….att".
Status ReadTags(db::Transaction& tx, const std::string& repository, const oci::Digest& image,
                Attached& attached) {
  std::string stem = image.text();
  std::ranges::replace(stem, ':', '-');
  return tx.Query(
      "SELECT t.name, m.content FROM tag t JOIN manifest m ON m.repository = "
      "t.repository AND m.digest = t.digest WHERE t.repository = $1 AND t.name IN "
      "($2, $3, $4) AND " +
          std::string(kWhole),
      {repository, stem + ".sig", stem + ".sbom", stem + ".att"},
      [&](const db::Row& row) -> Status {
        if (row.Text(0).ends_with(".sig")) attached.signature = true;
        if (row.Text(0).ends_with(".sbom")) attached.sbom = true;
        if (!row.Text(0).ends_with(".att")) return Ok();
        BW_TRY(const json::Value manifest, ParseContent(row.Blob(1)));
        NoteLayers(attached, manifest);
        return Ok();
      });
}

// The digests of attestation manifests that an index lists for the image.
void AttestationsIn(const json::Value& index, const oci::Digest& image,
                    std::vector<std::string>& digests) {
  const json::Value& manifests = Member(index, "manifests");
  if (!manifests.is_array()) return;
  for (const json::Value& entry : manifests.get_array()) {
    const json::Value& annotations = Member(entry, "annotations");
    if (json::FindText(annotations, "vnd.docker.reference.type") == "attestation-manifest" &&
        json::FindText(annotations, "vnd.docker.reference.digest") == image.text() &&
        digests.size() < kMaxAttestations) {
      digests.emplace_back(json::FindText(entry, "digest"));
    }
  }
}

Status ReadLists(db::Transaction& tx, const std::string& repository, const oci::Digest& image,
                 Attached& attached) {
  std::vector<std::string> attestations;
  BW_TRY_STATUS(
      tx.Query("SELECT m.content FROM manifest_reference e JOIN manifest m ON m.repository = "
               "e.repository AND m.digest = e.manifest WHERE e.repository = $1 AND e.target = $2 "
               "AND e.kind = 2 ORDER BY e.manifest LIMIT $3",
               {repository, image.text(), kMaxLists}, [&](const db::Row& row) -> Status {
                 BW_TRY(const json::Value index, ParseContent(row.Blob(0)));
                 AttestationsIn(index, image, attestations);
                 return Ok();
               }));
  for (const std::string& digest : attestations) {
    BW_TRY_STATUS(ReadLayers(tx, repository, digest, attached));
  }
  return Ok();
}

}  // namespace

void Note(Attached& attached, std::string_view artifact_type, const json::Value& annotations) {
  const std::string type = LowerAscii(artifact_type);
  const bool bundle = type.starts_with("application/vnd.dev.sigstore.bundle");
  if (type == registry::kSignatureType ||
      StartsWithAny(type, {"application/vnd.dev.cosign.artifact.sig.",
                           "application/vnd.cncf.notary.signature"}) ||
      (bundle &&
       json::FindText(annotations, "dev.sigstore.bundle.content") == "message-signature")) {
    attached.signature = true;
  }
  if (StartsWithAny(type, {"application/spdx", "text/spdx", "application/vnd.cyclonedx",
                           "application/vnd.syft", "application/vnd.dev.cosign.artifact.sbom."})) {
    attached.sbom = true;
  }
  if (annotations.is_object()) NotePredicates(attached, annotations);
}

Result<Attached> ReadAttached(db::Transaction& tx, const std::string& repository,
                              const oci::Digest& image) {
  Attached attached;
  BW_TRY_STATUS(ReadReferrers(tx, repository, image, attached));
  BW_TRY_STATUS(ReadTags(tx, repository, image, attached));
  BW_TRY_STATUS(ReadLists(tx, repository, image, attached));
  return attached;
}

}  // namespace breakwater::advisor
