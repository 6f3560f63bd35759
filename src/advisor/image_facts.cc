#include "advisor/image_facts.h"

#include "advisor/attached.h"
#include "oci/manifest.h"
#include "oci/media_types.h"
#include "registry/image_config.h"
#include "registry/retention_rules.h"

namespace breakwater::advisor {
namespace {

using condition::Fact;

constexpr std::string_view kService = "container-registry";
constexpr std::string_view kKind = "image";
constexpr std::string_view kAdvisor = "vulnerability advisor";
constexpr std::string_view kRegistry = "registry content";
constexpr std::size_t kMaxLabelBytes = 16U << 10;  // of one fact

// An image's row: of the registry, and what the advisor made of it.
constexpr std::string_view kColumns =
    "SELECT m.pushed, i.kind, i.os_id, l.status, l.assessed, l.issues, l.counts, "
    // A tag leads to it, or to a list that names it.
    "CASE WHEN EXISTS (SELECT 1 FROM tag t WHERE t.repository = m.repository AND t.digest = "
    "m.digest) OR EXISTS (SELECT 1 FROM manifest_reference e WHERE e.repository = m.repository AND "
    "e.target = m.digest AND e.kind = 2 AND EXISTS (SELECT 1 FROM tag t WHERE t.repository = "
    "e.repository AND t.digest = e.manifest)) THEN 1 ELSE 0 END, "
    "m.content_size, r.id, c.created, c.labels, c.platform, m.media_type, "
    "CASE WHEN i.kind = 'image' THEN NULL ELSE m.content END, "
    // Of an image that was pushed before all of this was kept, what can be read of it here.
    "CASE WHEN c.platform IS NULL THEN (SELECT b.content FROM blob_content b WHERE b.digest = "
    "m.config_digest) END, m.subject FROM repository r JOIN manifest m ON m.repository = r.id "
    "JOIN namespace n ON n.registry = r.registry AND n.name = r.name_space "
    "LEFT JOIN image_config c ON c.digest = m.config_digest "
    // What is known of the same image elsewhere is not told of it where it lacks layers.
    "LEFT JOIN advisor_image i ON i.digest = m.digest AND NOT EXISTS (SELECT 1 FROM absent_layer a "
    "WHERE a.repository = m.repository AND a.manifest = m.digest AND i.kind = 'image') "
    "LEFT JOIN advisor_location l ON l.registry = r.registry AND l.repository = r.name "
    "AND l.digest = m.digest ";
// Those that the advisor has read as images are. The others tell it by their bytes, which are
// selected for them: it may have read the same bytes where they were told to be of another type.
constexpr std::string_view kMayBeImage = "m.media_type IN ($3, $4) ";

bool ReadsAsImage(const db::Row& row, int media_type, int content) {
  if (row.IsNull(content)) return true;
  const auto manifest = oci::ParseManifest(AsText(row.Blob(content)), row.Text(media_type));
  return manifest.ok() && manifest->IsContainerImage();
}

struct Known {
  Timestamp pushed;
  bool read = false;  // by the advisor
  std::string os_id;  // empty: no distribution was found
  std::string status;
  Timestamp assessed;
  std::int64_t issues = 0;
  json::Value counts;
  bool tagged = false;
  std::int64_t size = 0;
  std::string repository;  // row id
  std::string subject;     // empty: none
  std::optional<Timestamp> built;
  std::optional<registry::ImageConfig> config;  // absent: it was not read

  bool scanned() const { return status == "OK" || status == "WARN" || status == "FAIL"; }
};

std::optional<registry::ImageConfig> ConfigOf(const db::Row& row) {
  if (!row.IsNull(12)) {
    return registry::ImageConfigOf(row.OptionalTime(10), row.Text(11), row.Text(12));
  }
  if (row.IsNull(15)) return std::nullopt;
  return registry::ParseImageConfig(AsText(row.Blob(15)));
}

Result<Known> KnownOf(const db::Row& row) {
  Known known{.pushed = row.Time(0),
              .read = row.String(1) == "image",
              .os_id = row.String(2),
              .status = row.IsNull(3) ? "UNSCANNED" : row.String(3),
              .assessed = row.Time(4),
              .issues = row.Int(5),
              .counts = {},
              .tagged = row.Bool(7),
              .size = row.Int(8),
              .repository = row.String(9),
              .subject = row.String(16),
              .built = row.OptionalTime(10),
              .config = ConfigOf(row)};
  if (known.config) known.built = known.config->created;
  if (!row.IsNull(6)) {
    BW_TRY(known.counts, json::Parse(row.Text(6)));
  }
  return known;
}

std::int64_t CountOf(const Known& known, std::string_view severity) {
  const json::Value* count = json::Find(known.counts, severity);
  return count != nullptr && count->is_int64() ? count->as_int64() : 0;
}

// When it was last scanned to the end, and since when it waits for that.
void SetScan(condition::Facts& facts, const Known& known, Timestamp now) {
  const std::string source(kAdvisor);
  facts.Set("scan_status", Fact::Present(known.status, source, now));
  const auto unsupported =
      Fact::Unavailable("the image is of a kind that cannot be scanned", source, now);
  if (known.status == "UNSUPPORTED") {
    facts.Set("last_scan", unsupported);
    facts.Set("waits_since", unsupported);
    return;
  }
  facts.Set("last_scan", known.scanned() ? Fact::Present(known.assessed, source, now)
                                         : Fact::Absent(source, now));
  facts.Set("waits_since",
            known.scanned() ? Fact::Absent(source, now) : Fact::Present(known.pushed, source, now));
}

void SetVulnerabilities(condition::Facts& facts, const Known& known, Timestamp now) {
  const std::string source(kAdvisor);
  const auto set = [&](const char* property, std::int64_t count) {
    facts.Set(property, known.scanned()
                            ? Fact::Present(condition::Number(count), source, now)
                            : Fact::Unavailable("the image is " + known.status, source, now));
  };
  set("critical_vulnerabilities", CountOf(known, "critical"));
  set("high_vulnerabilities", CountOf(known, "high"));
  set("fixable_vulnerabilities", known.issues);
}

// kDataCorrupt of what is attached says nothing of the rest.
void SetAttached(condition::Facts& facts, const Result<Attached>& attached, Timestamp now) {
  const std::string source(kRegistry);
  const auto set = [&](const char* property, bool Attached::* what) {
    facts.Set(property, attached.ok() ? Fact::Present((*attached).*what, source, now)
                                      : Fact::Unavailable(attached.error().message(), source, now));
  };
  set("signature_attached", &Attached::signature);
  set("sbom_attached", &Attached::sbom);
  set("provenance_attached", &Attached::provenance);
}

// A configuration need not say when it was made, and build tools say 1970 or 1980 so that it stays
// the same.
Fact BuiltAt(const Known& known, Timestamp now) {
  const std::string source(kRegistry);
  if (known.built && ToUnixSeconds(*known.built) >= registry::kFirstRealBuild)
    return Fact::Present(*known.built, source, now);
  return Fact::Unavailable("the image does not say when it was built", source, now);
}

// Facts go into the records of the changes that are judged by them.
Fact Bounded(condition::StringList texts, std::string_view what, Timestamp now) {
  std::size_t bytes = 0;
  for (const std::string& text : texts) bytes += text.size();
  const std::string source(kRegistry);
  if (bytes <= kMaxLabelBytes) return Fact::Present(std::move(texts), source, now);
  return Fact::Unavailable("the image's " + std::string(what) + " are too large to judge", source,
                           now);
}

void SetLabels(condition::Facts& facts, const json::Object& all, Timestamp now) {
  condition::StringList labels;
  condition::StringList names;
  bool ambiguous = false;
  for (const auto& label : all) {
    names.emplace_back(label.key());
    labels.push_back(names.back() + "=" + std::string(json::View(label.value().get_string())));
    ambiguous = ambiguous || names.back().find('=') != std::string::npos;
  }
  facts.Set("label_names", Bounded(std::move(names), "names of labels", now));
  // "a=b=c" may be the label "a" or one of the name "a=b".
  facts.Set("labels", ambiguous
                          ? Fact::Unavailable("a label of the image has a name with '=' in it",
                                              std::string(kRegistry), now)
                          : Bounded(std::move(labels), "labels", now));
}

// What its configuration says.
void SetConfiguration(condition::Facts& facts, const Known& known, Timestamp now) {
  const std::string source(kRegistry);
  if (!known.config || !known.config->readable) {
    const auto unknown =
        Fact::Unavailable(known.config ? "the image's configuration cannot be read as one"
                                       : "the image's configuration was not read yet",
                          source, now);
    for (const char* property : {"labels", "label_names", "platform"}) {
      facts.Set(property, unknown);
    }
    return;
  }
  const std::string& platform = known.config->platform;
  facts.Set("platform",
            platform.empty() ? Fact::Absent(source, now) : Fact::Present(platform, source, now));
  SetLabels(facts, known.config->labels, now);
}

// Absent too if the resource names none.
Result<std::optional<Known>> FindImage(db::Transaction& tx, const control::Resource& resource) {
  const std::size_t at = resource.name.find('@');
  if (at == std::string::npos) return std::optional<Known>();
  std::optional<Known> found;
  BW_TRY_STATUS(tx.Query(
      std::string(kColumns) +
          "WHERE r.registry = $1 AND r.name = $2 AND m.digest = $5 AND n.account = $6 AND " +
          std::string(kMayBeImage),
      {resource.registry, resource.name.substr(0, at), oci::kOciManifest, oci::kDockerManifest,
       resource.name.substr(at + 1), resource.account},
      [&](const db::Row& row) -> Status {
        if (!ReadsAsImage(row, 13, 14)) return Ok();
        BW_TRY(found, KnownOf(row));
        return Ok();
      }));
  return found;
}

condition::Facts FactsOf(const Known& known, Timestamp now) {
  condition::Facts facts;
  SetScan(facts, known, now);
  SetVulnerabilities(facts, known, now);
  SetConfiguration(facts, known, now);
  const std::string source(kAdvisor);
  facts.Set("has_os", known.read ? Fact::Present(!known.os_id.empty(), source, now)
                                 : Fact::Unavailable("the image was not read yet", source, now));
  facts.Set("os", known.os_id.empty() ? Fact::Absent(source, now)
                                      : Fact::Present(known.os_id, source, now));
  facts.Set("os_packages_reported", Fact::Present(known.read && known.scanned(), source, now));
  const std::string registry(kRegistry);
  facts.Set("built_at", BuiltAt(known, now));
  facts.Set("pushed_at", Fact::Present(known.pushed, registry, now));
  facts.Set("tagged", Fact::Present(known.tagged, registry, now));
  facts.Set("subject", known.subject.empty() ? Fact::Absent(registry, now)
                                             : Fact::Present(known.subject, registry, now));
  facts.Set("size_bytes", Fact::Present(condition::Number(known.size), registry, now));
  return facts;
}

}  // namespace

control::Resource ImageResource(const Location& location) {
  control::Resource resource;
  resource.service = kService;
  resource.kind = kKind;
  resource.account = location.account;
  resource.registry = location.registry;
  resource.region = location.region;
  resource.name_space = location.repository.substr(0, location.repository.find('/'));
  resource.name = location.repository + "@" + location.digest.text();
  return resource;
}

std::vector<condition::ResourceType> ImageFacts::Types() const {
  return {{std::string(kService), std::string(kKind)}};
}

Result<std::vector<control::Resource>> ImageFacts::List(db::Transaction& tx,
                                                        const condition::ResourceType&,
                                                        const AccountId& account) {
  std::vector<control::Resource> images;
  for (const control::RegistryInfo& registry : registries_.all()) {
    BW_TRY_STATUS(
        tx.Query("SELECT r.name, m.digest, n.resource_group, m.media_type, "
                 "CASE WHEN i.kind = 'image' THEN NULL ELSE m.content END FROM namespace n "
                 "JOIN repository r ON r.registry = n.registry AND r.name_space = n.name "
                 "JOIN manifest m ON m.repository = r.id "
                 "LEFT JOIN advisor_image i ON i.digest = m.digest "
                 "WHERE n.account = $1 AND n.registry = $2 AND " +
                     std::string(kMayBeImage),
                 {account, registry.name, oci::kOciManifest, oci::kDockerManifest},
                 [&](const db::Row& row) -> Status {
                   if (!ReadsAsImage(row, 3, 4)) return Ok();
                   BW_TRY(auto digest, oci::Digest::Parse(row.Text(1)));
                   auto image = ImageResource(
                       {account, registry.name, registry.region, row.String(0), std::move(digest)});
                   image.resource_group = row.String(2);
                   images.push_back(std::move(image));
                   return Ok();
                 }));
  }
  return images;
}

Status ImageFacts::Complete(db::Transaction& tx, control::Resource& resource) {
  BW_TRY(auto group, tx.QueryOne("SELECT resource_group FROM namespace "
                                 "WHERE registry = $1 AND name = $2 AND account = $3",
                                 {resource.registry, resource.name_space, resource.account},
                                 [](const db::Row& row) { return row.String(0); }));
  if (group) resource.resource_group = *std::move(group);
  return Ok();
}

Result<bool> ImageFacts::IsImage(db::Transaction& tx, const control::Resource& resource) const {
  BW_TRY(const auto found, FindImage(tx, resource));
  return found.has_value();
}

Result<condition::Facts> ImageFacts::Read(db::Transaction& tx, const control::Resource& resource) {
  BW_TRY(const auto known, FindImage(tx, resource));
  if (!known) return NotFound("there is no such image");
  const Timestamp now = clock_.Now();
  condition::Facts facts = FactsOf(*known, now);
  BW_TRY(const auto digest, oci::Digest::Parse(resource.name.substr(resource.name.find('@') + 1)));
  const auto attached = ReadAttached(tx, known->repository, digest);
  if (!attached.ok() && attached.error().code() != ErrorCode::kDataCorrupt) {
    return attached.error();
  }
  SetAttached(facts, attached, now);
  return facts;
}

}  // namespace breakwater::advisor
