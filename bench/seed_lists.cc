// Fills an installation's database with what its lists are to be measured on:
//
//   bw_seed_lists DATABASE [SHARE]
//
// DATABASE is the file of the embedded database, or an address of PostgreSQL, of an installation
// that is not running and has one namespace. SHARE (1) is the part of everything that is made: by
// default 10,000 repositories in 100 namespaces, 1,000,000 images with a tag and a verdict each
// (100,000 of them in the first repository), 10,000 signatures of one image, 100,000 findings,
// 100,000 images in the trash, and 200,000 records of the audit trail. An issue of every image with
// a verdict that it fails is exempt. Rows are what pushes leave,
// down to the digests of what they hold, but come table by table, in the order of their keys.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <vector>

#include "audit/log.h"
#include "db/migrations.h"
#include "db/postgres/postgres_database.h"
#include "db/sqlite/sqlite_database.h"
#include "json/json.h"
#include "measuring.h"
#include "oci/digest.h"

namespace breakwater {
namespace {

using bench::Must;
using db::Param;

constexpr int kNamespaces = 100;
constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view kOciConfig = "application/vnd.oci.image.config.v1+json";
constexpr std::string_view kOciLayer = "application/vnd.oci.image.layer.v1.tar";
constexpr std::string_view kSignature = "application/vnd.example.signature.v1+json";
constexpr std::string_view kLayer = "a layer that all images of a repository share";
constexpr std::string_view kCounts =
    R"({"critical":1,"high":2,"medium":3,"low":0,"negligible":0,"unknown":0})";
constexpr std::string_view kIssues =
    R"([["CVE-2024-0001","DSA-5001-1"],["CVE-2024-0002","DSA-5001-1"],["CVE-2024-0003"]])";
constexpr std::string_view kNoCounts =
    R"({"critical":0,"high":0,"medium":0,"low":0,"negligible":0,"unknown":0})";
const Timestamp kBegin = *ParseRfc3339("2026-01-01T00:00:00Z");

std::string Numbered(std::string_view prefix, std::size_t number, int digits) {
  std::string text = std::to_string(number);
  return std::string(prefix) + std::string(static_cast<std::size_t>(digits) - text.size(), '0') +
         text;
}

std::string Text(const oci::Digest& digest) {
  return digest.text();
}
std::string DigestOf(std::string_view content) {
  return Text(oci::Digest::Of(AsBytes(content)));
}

// Rows of one table on their way into it: in transactions of their own, since what SQLite keeps to
// undo a statement grows with its transaction. Refers to what it is given until that is flushed.
class Rows {
 public:
  Rows(db::Database& database, std::string_view table, std::string_view columns)
      : database_(database),
        head_("INSERT INTO " + std::string(table) + " (" + std::string(columns) + ") VALUES "),
        width_(static_cast<std::size_t>(std::ranges::count(columns, ',')) + 1),
        many_(Statement(kAtOnce)),
        one_(Statement(1)) {}

  void Add(std::vector<Param> row) {
    params_.insert(params_.end(), row.begin(), row.end());
    if (params_.size() >= kOfTransaction * width_) Flush();
  }
  void Flush() {
    if (params_.empty()) return;
    Must(database_.Write([&](db::Transaction& tx) -> Status {
      std::span<const Param> rest = params_;
      while (!rest.empty()) {
        const bool many = rest.size() >= kAtOnce * width_;
        const std::size_t count = many ? kAtOnce * width_ : width_;
        BW_TRY_STATUS(tx.ExecuteWith(many ? many_ : one_, rest.first(count)));
        rest = rest.subspan(count);
      }
      return Ok();
    }));
    params_.clear();
  }

 private:
  static constexpr std::size_t kAtOnce = 50;
  static constexpr std::size_t kOfTransaction = 1000;

  std::string Statement(std::size_t rows) const {
    std::string sql = head_;
    for (std::size_t i = 0; i < rows * width_; ++i) {
      sql += i % width_ == 0 ? (i == 0 ? "($" : "), ($") : ", $";
      sql += std::to_string(i + 1);
    }
    return sql + ")";
  }

  db::Database& database_;
  const std::string head_;
  const std::size_t width_;
  const std::string many_;
  const std::string one_;
  std::vector<Param> params_;
};

struct Image {
  std::size_t number = 0;  // among all
  std::string tag = {};    // empty: it has none
  std::string config = {};
  std::string config_digest = {};
  std::string manifest = {};
  std::string digest = {};
  std::string subject = {};
  Timestamp built = {};
};

struct Repository {
  std::string id = {};
  std::string name_space = {};
  std::string name = {};
  std::size_t images = 0;
  std::size_t trashed = 0;
};

struct Installation {
  RegistryName registry;
  AccountId account;
  std::string region;
  std::string resource_group;
  std::string name_space;
};

Installation Find(db::Database& database) {
  return *Must(database.ReadValue([](db::Transaction& tx) {
    return tx.QueryOne("SELECT registry, account, resource_group, name FROM namespace", {},
                       [](const db::Row& row) {
                         return Installation{RegistryName(row.String(0)), AccountId(row.String(1)),
                                             "local", row.String(2), row.String(3)};
                       });
  }));
}

// Counts of everything.
struct Population {
  explicit Population(double share)
      : repositories(Part(10'000, share)),
        images(Part(1'000'000, share)),
        in_first(Part(100'000, share)),
        signatures(Part(10'000, share)),
        trashed(Part(100'000, share)),
        findings(Part(100'000, share)),
        records(Part(200'000, share)) {}

  static std::size_t Part(double all, double share) {
    return std::max<std::size_t>(static_cast<std::size_t>(all * share), kNamespaces);
  }

  std::size_t repositories, images, in_first, signatures, trashed, findings, records;
};

Image ImageOf(std::size_t number, std::string_view tag) {
  Image image{.number = number, .tag = std::string(tag)};
  image.built = kBegin + std::chrono::seconds(number);
  image.config = json::Serialize(json::Object{
      {"architecture", "amd64"},
      {"os", "linux"},
      {"created", json::Text(FormatRfc3339(image.built))},
      {"config", {{"Labels", json::Object{{"build", json::Text(std::to_string(number))}}}}},
      {"rootfs", {{"type", "layers"}, {"diff_ids", json::Array{json::Text(DigestOf(kLayer))}}}}});
  image.config_digest = DigestOf(image.config);
  image.manifest = json::Serialize(
      json::Object{{"schemaVersion", 2},
                   {"mediaType", json::Text(kOciManifest)},
                   {"config", json::Object{{"mediaType", json::Text(kOciConfig)},
                                           {"digest", json::Text(image.config_digest)},
                                           {"size", image.config.size()}}},
                   {"layers", json::Array{json::Object{{"mediaType", json::Text(kOciLayer)},
                                                       {"digest", json::Text(DigestOf(kLayer))},
                                                       {"size", kLayer.size()}}}}});
  image.digest = DigestOf(image.manifest);
  return image;
}

// What signs `image`: a manifest with a subject.
Image SignatureOf(const Image& image, std::size_t number) {
  Image signature = ImageOf(number, "");
  json::Value manifest = *json::Parse(signature.manifest);
  manifest.as_object()["artifactType"] = json::Text(kSignature);
  manifest.as_object()["subject"] = json::Object{{"mediaType", json::Text(kOciManifest)},
                                                 {"digest", json::Text(image.digest)},
                                                 {"size", image.manifest.size()}};
  signature.manifest = json::Serialize(manifest);
  signature.digest = DigestOf(signature.manifest);
  signature.subject = image.digest;
  return signature;
}

class Seed {
 public:
  Seed(db::Database& database, Population population)
      : database_(database), wanted_(population), here_(Find(database)) {
    MakeRepositories();
  }

  void Run() {
    AddNamespaces();
    std::size_t next = 0;
    for (const Repository& one : repositories_) next = AddContent(one, next);
    std::ranges::sort(blobs_, {}, &Config::digest);
    AddBlobs();
    Must(database_.Write([&](db::Transaction& tx) {
      AddSharedLayer(tx);
      AddBooks(tx);
      AddExemption(tx);
      return Ok();
    }));
    AddFindings();
    AddRecords();
  }

 private:
  struct Config {
    std::string digest;
    std::string content;
    std::string name_space;
    std::string build;
    Timestamp built;
    bool is_stored = true;  // what only the trash holds is in nobody's books
  };

  void MakeRepositories() {
    const std::size_t others = wanted_.repositories - 1;
    for (std::size_t i = 0; i < wanted_.repositories; ++i) {
      const std::string name_space = NamespaceAt(i * kNamespaces / wanted_.repositories);
      Repository one{.id = Numbered("r", i, 15),
                     .name_space = name_space,
                     .name = name_space + "/" + Numbered("app-", i, 5)};
      const std::size_t rest = wanted_.images - wanted_.in_first;
      one.images = i == 0 ? wanted_.in_first : rest * i / others - rest * (i - 1) / others;
      one.trashed = wanted_.trashed * (i + 1) / wanted_.repositories -
                    wanted_.trashed * i / wanted_.repositories;
      repositories_.push_back(std::move(one));
    }
  }

  std::string NamespaceAt(std::size_t number) const {
    return number == 0 ? here_.name_space : Numbered("team-", number, 3);
  }

  void AddNamespaces() {
    Rows rows(database_, "namespace",
              "registry, name, account, resource_group, created, resource_created, updated");
    std::deque<std::string> names;
    for (std::size_t i = 1; i < kNamespaces; ++i) {
      names.push_back(NamespaceAt(i));
      rows.Add({here_.registry, names.back(), here_.account, here_.resource_group, kBegin, kBegin,
                kBegin});
    }
    rows.Flush();
    Rows repositories(database_, "repository", "id, registry, name_space, name, created");
    for (const Repository& one : repositories_) {
      repositories.Add({one.id, here_.registry, one.name_space, one.name, kBegin});
    }
    repositories.Flush();
  }

  // The repository's images from number `next` on; the number after them.
  std::size_t AddContent(const Repository& repository, std::size_t next) {
    std::vector<Image> images;
    for (std::size_t i = 0; i < repository.images; ++i, ++next) {
      images.push_back(ImageOf(next, Numbered("v", i, 6)));
    }
    const bool is_first = repository.id == repositories_.front().id;
    for (std::size_t i = 0; is_first && i < wanted_.signatures; ++i, ++next) {
      images.push_back(SignatureOf(images.front(), next));
    }
    std::vector<Image> trashed;
    for (std::size_t i = 0; i < repository.trashed; ++i, ++next) {
      trashed.push_back(ImageOf(next, Numbered("old", i, 6)));
    }
    std::ranges::sort(images, {}, &Image::digest);
    std::ranges::sort(trashed, {}, &Image::digest);
    AddManifests(repository, images);
    AddTags(repository, images);
    AddReferences("manifest_reference", repository, images);
    AddVerdicts(repository, images);
    AddTrash(repository, trashed);
    AddReferences("trash_reference", repository, trashed);
    AddLinks(repository, images, trashed);
    return next;
  }

  void AddManifests(const Repository& repository, const std::vector<Image>& images) {
    Rows rows(database_, "manifest",
              "repository, digest, media_type, artifact_type, config_digest, content_size, "
              "subject, referrer, created, pushed, content, tagged");
    std::deque<std::string> entries;
    for (const Image& image : images) {
      const bool signs = !image.subject.empty();
      entries.push_back(json::Serialize(json::Object{{"mediaType", json::Text(kOciManifest)},
                                                     {"digest", json::Text(image.digest)},
                                                     {"size", image.manifest.size()},
                                                     {"artifactType", json::Text(kSignature)}}));
      rows.Add({repository.id, image.digest, kOciManifest, signs ? kSignature : kOciConfig,
                image.config_digest, image.config.size() + kLayer.size(),
                signs ? Param(image.subject) : Param(nullptr),
                signs ? Param(entries.back()) : Param(nullptr), image.built, image.built,
                AsBytes(image.manifest), !image.tag.empty()});
    }
    rows.Flush();
  }

  void AddTags(const Repository& repository, const std::vector<Image>& images) {
    std::vector<const Image*> tagged;
    for (const Image& image : images) {
      if (!image.tag.empty()) tagged.push_back(&image);
    }
    std::ranges::sort(tagged, {}, [](const Image* image) { return std::string_view(image->tag); });
    Rows rows(database_, "tag", "repository, name, digest, updated");
    for (const Image* image : tagged) {
      rows.Add({repository.id, image->tag, image->digest, image->built});
    }
    rows.Flush();
  }

  void AddReferences(std::string_view table, const Repository& repository,
                     const std::vector<Image>& images) {
    const std::string layer = DigestOf(kLayer);
    Rows rows(database_, table, "repository, manifest, kind, target, size");
    for (const Image& image : images) {
      rows.Add({repository.id, image.digest, 0, image.config_digest, image.config.size()});
      rows.Add({repository.id, image.digest, 1, layer, kLayer.size()});
    }
    rows.Flush();
  }

  // Every tenth image has vulnerabilities.
  void AddVerdicts(const Repository& repository, const std::vector<Image>& images) {
    Rows rows(database_, "advisor_location",
              "registry, repository, digest, account, region, generation, status, issues, counts, "
              "result, assessed, tags");
    Rows issues(database_, "advisor_image_issues", "digest, otherwise, issues");
    std::deque<std::string> tags;
    for (const Image& image : images) {
      if (image.tag.empty()) continue;
      const bool fails = image.number % 10 == 0;
      tags.push_back("[\"" + image.tag + "\"]");
      rows.Add({here_.registry, repository.name, image.digest, here_.account, here_.region, 1,
                fails ? "FAIL" : "OK", fails ? 3 : 0, fails ? kCounts : kNoCounts, image.digest,
                image.built, tags.back()});
      if (fails) issues.Add({image.digest, "OK", kIssues});
      if (fails && findings_.size() < wanted_.findings) {
        findings_.push_back({Text(oci::Digest::Of(AsBytes(repository.name + image.digest))),
                             repository.name + "@" + image.digest, image.number, image.built});
      }
    }
    rows.Flush();
    issues.Flush();
  }

  void AddTrash(const Repository& repository, const std::vector<Image>& images) {
    Rows rows(database_, "trash_image",
              "repository, digest, media_type, artifact_type, config_digest, content_size, "
              "created, pushed, root, deleted, expires, content");
    Rows tags(database_, "trash_tag", "repository, digest, name");
    const SystemClock clock;
    const Timestamp expires = clock.Now() + std::chrono::days{29};
    for (const Image& image : images) {
      rows.Add({repository.id, image.digest, kOciManifest, kOciConfig, image.config_digest,
                image.config.size() + kLayer.size(), image.built, image.built, image.digest,
                image.built, expires, AsBytes(image.manifest)});
      tags.Add({repository.id, image.digest, image.tag});
    }
    rows.Flush();
    tags.Flush();
  }

  void AddLinks(const Repository& repository, const std::vector<Image>& images,
                const std::vector<Image>& trashed) {
    const std::string layer = DigestOf(kLayer);
    std::vector<std::string_view> linked{layer};
    for (const auto* some : {&images, &trashed}) {
      for (const Image& image : *some) {
        linked.push_back(image.config_digest);
        blobs_.push_back({image.config_digest, image.config, repository.name_space,
                          std::to_string(image.number), image.built, some == &images});
      }
    }
    std::ranges::sort(linked);
    Rows rows(database_, "repository_blob", "repository, digest, linked, leased_until");
    for (const std::string_view digest : linked) {
      rows.Add({repository.id, digest, kBegin, kBegin});
    }
    rows.Flush();
  }

  void AddBlobs() {
    Rows blobs(database_, "blob", "digest, size, place, created");
    Rows contents(database_, "blob_content", "digest, content");
    Rows configs(database_, "image_config", "digest, created, labels, platform");
    Rows stored(database_, "stored_blob", "account, registry, digest, name_space, size");
    std::deque<std::string> labels;
    for (const Config& config : blobs_) {
      blobs.Add({config.digest, config.content.size(), 0, config.built});
      contents.Add({config.digest, AsBytes(config.content)});
      labels.push_back(json::Serialize(json::Object{{"build", json::Text(config.build)}}));
      configs.Add({config.digest, config.built, labels.back(), "linux/amd64"});
      if (!config.is_stored) continue;
      stored.Add({here_.account, here_.registry, config.digest, "", config.content.size()});
      stored.Add(
          {here_.account, here_.registry, config.digest, config.name_space, config.content.size()});
    }
    for (Rows* rows : {&blobs, &contents, &configs, &stored}) rows->Flush();
  }

  void AddSharedLayer(db::Transaction& tx) {
    const std::string layer = DigestOf(kLayer);
    Must(tx.Execute("INSERT INTO blob (digest, size, place, created) VALUES ($1, $2, 0, $3)",
                    {layer, kLayer.size(), kBegin}));
    Must(tx.Execute("INSERT INTO blob_content (digest, content) VALUES ($1, $2)",
                    {layer, AsBytes(kLayer)}));
    Must(
        tx.Execute("INSERT INTO stored_blob (account, registry, digest, name_space, size) "
                   "VALUES ($1, $2, $3, '', $4)",
                   {here_.account, here_.registry, layer, kLayer.size()}));
    Must(
        tx.Execute("INSERT INTO stored_blob (account, registry, digest, name_space, size) "
                   "SELECT account, registry, $1, name, $2 FROM namespace",
                   {layer, kLayer.size()}));
  }

  void AddExemption(db::Transaction& tx) {
    Must(
        tx.Execute("INSERT INTO advisor_exemption (account, registry, scope, name_space, "
                   "issue_type, issue_id, created) VALUES ($1, $2, '', '', 'cve', $3, $4)",
                   {here_.account, here_.registry, "CVE-2024-0003", kBegin}));
  }

  static void AddBooks(db::Transaction& tx) {
    Must(tx.Execute("DELETE FROM storage_used"));
    Must(
        tx.Execute("INSERT INTO storage_used (account, registry, name_space, bytes, warned) "
                   "SELECT account, registry, name_space, CAST(SUM(size) AS BIGINT), 0 "
                   "FROM stored_blob GROUP BY account, registry, name_space"));
  }

  void AddFindings() {
    std::ranges::sort(findings_, {}, &Found::id);
    Rows rows(database_, "insights_finding",
              "account, provider_id, id, note_id, registry, resource, state, severity, opened, "
              "updated, document");
    std::deque<std::string> documents;
    constexpr const char* kSeverities[] = {"critical", "high", "medium", "low"};
    for (const Found& found : findings_) {
      documents.push_back(
          json::Serialize(json::Object{{"id", json::Text(found.id)},
                                       {"kind", "FINDING"},
                                       {"context", {{"resource_name", json::Text(found.resource)}}},
                                       {"reference_data", {{"counts", *json::Parse(kCounts)}}}}));
      rows.Add({here_.account, "security-advisor", found.id, "va-image_with_vulnerabilities",
                here_.registry, found.resource, "open", kSeverities[found.number / 10 % 4],
                found.opened, found.opened, documents.back()});
    }
    rows.Flush();
  }

  void AddRecords() {
    const SystemClock clock;
    const audit::Log log(database_, clock);
    constexpr std::size_t kBatch = 5000;
    for (std::size_t next = 0; next < wanted_.records; next += kBatch) {
      std::vector<audit::Record> batch;
      for (std::size_t i = next; i < std::min(next + kBatch, wanted_.records); ++i) {
        const Repository& repository = repositories_[i % repositories_.size()];
        audit::Record record;
        record.time = kBegin + std::chrono::seconds(i);
        record.account = here_.account;
        record.registry = here_.registry;
        record.action = "container-registry.image.push";
        record.data_event = true;
        record.initiator.iam_id = IamId("iam-ServiceId-" + std::to_string(i % 100));
        record.target.kind = "image";
        record.target.name = repository.name + ":" + Numbered("v", i, 6);
        batch.push_back(std::move(record));
      }
      Must(database_.Write([&](db::Transaction& tx) { return log.AppendAll(tx, batch); }));
    }
    Must(log.Seal());
  }

  struct Found {
    std::string id;
    std::string resource;
    std::size_t number = 0;
    Timestamp opened;
  };

  db::Database& database_;
  const Population wanted_;
  const Installation here_;
  std::vector<Repository> repositories_;
  std::vector<Config> blobs_;
  std::vector<Found> findings_;
};

int Main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "bw_seed_lists DATABASE [SHARE]\n");
    return 2;
  }
  const std::string where = argv[1];
  const bool is_address = where.starts_with("postgres");
  const auto database = Must(is_address ? db::OpenPostgres({.address = Secret(where)})
                                        : db::OpenSqlite({.path = where, .durable = false}));
  const double took =
      bench::Waited([&] { Seed(*database, Population(argc > 2 ? std::atof(argv[2]) : 1)).Run(); });
  std::printf("seeded in %.0f s\n", took);
  return 0;
}

}  // namespace
}  // namespace breakwater

int main(int argc, char** argv) {
  return breakwater::Main(argc, argv);
}
