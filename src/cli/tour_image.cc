// Steps 1 to 3: advisory data, a real image, and what is known against it.
#include <algorithm>

#include <sys/utsname.h>

#include "cli/import.h"
#include "cli/tour_steps.h"
#include "oci/media_types.h"

namespace breakwater::cli {
namespace {

constexpr std::chrono::seconds kAssessmentLimit{120};
constexpr std::size_t kWorst = 5;
constexpr std::string_view kSeverities[] = {"critical",   "high", "medium", "low",
                                            "negligible", "none", "unknown"};

std::string Megabytes(std::size_t bytes) {
  const std::size_t tenths = bytes * 10 / (1U << 20);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MiB";
}

std::string ThisArchitecture() {
  utsname machine{};
  return ::uname(&machine) == 0 ? ArchitectureOf(machine.machine) : "amd64";
}

Status ImportFrom(TourContext& tour, const std::string& path) {
  BW_TRY(FeedFile feed, OpenFeedFile(path));
  tour.report.Say("importing " + feed.description + ", " + Megabytes(feed.size));
  BW_TRY(const json::Value answer, SendFeed(tour.client, feed));
  tour.report.Good("in use: " + DescribeFeed(At(answer, {"feed"})));
  return Ok();
}

// A client of one side with a token of the registry's own service, as docker gets one.
Result<Client> DataPlane(const TourContext& tour) {
  const ClientArguments& side = tour.private_only ? tour.private_side : tour.public_side;
  Client client(side);
  BW_TRY(const json::Value answer,
         client.Must("GET", "/oauth/token?service=" + PercentEncode(side.host) + "&scope=" +
                                PercentEncode("repository:" + tour.Repository() + ":pull,push")));
  ClientArguments with_token = side;
  with_token.token = Secret(TextAt(answer, {"token"}));
  return Client(with_token);
}

Status PushBlob(Client& client, const std::string& repository, const oci::Digest& digest,
                const std::string& bytes) {
  const std::string blobs = "/v2/" + repository + "/blobs/";
  BW_TRY(const Answer known, client.Call("HEAD", blobs + digest.text()));
  if (known.ok()) return Ok();
  BW_TRY(const Answer started, client.Call("POST", blobs + "uploads/"));
  if (started.status != 202) return ErrorOf(started).Context("POST blobs/uploads");
  std::string location(started.headers.Get("Location").value_or(""));
  if (const std::size_t scheme = location.find("://"); scheme != std::string::npos) {
    location.erase(0, std::min(location.find('/', scheme + 3), location.size()));
  }
  location += (location.find('?') == std::string::npos ? "?digest=" : "&digest=");
  BW_TRY(const Answer put, client.Send("PUT", location + PercentEncode(digest.text()),
                                       "application/octet-stream", bytes));
  if (put.status != 201) return ErrorOf(put).Context("PUT of a blob");
  return Ok();
}

Status PushManifest(Client& client, const std::string& repository, const std::string& tag,
                    const BuiltImage& image) {
  BW_TRY(const Answer put, client.Send("PUT", "/v2/" + repository + "/manifests/" + tag,
                                       oci::kOciManifest, image.manifest));
  if (put.status != 201) return ErrorOf(put).Context("PUT of the manifest");
  if (put.headers.Get("Docker-Content-Digest") == image.digest.text()) return Ok();
  return DataCorrupt("the registry names another digest than the manifest's own");
}

Status PullBack(Client& client, const std::string& repository, const std::string& tag,
                const BuiltImage& image) {
  const auto compare = [&](const std::string& path, const oci::Digest& expected) -> Status {
    BW_TRY(const Answer got, client.Call("GET", "/v2/" + repository + path));
    if (!got.ok()) return ErrorOf(got).Context("GET " + path);
    if (oci::Digest::Of(AsBytes(got.body)) == expected) return Ok();
    return DataCorrupt("what came back under " + path + " is not what was pushed");
  };
  BW_TRY_STATUS(compare("/manifests/" + tag, image.digest));
  BW_TRY_STATUS(compare("/blobs/" + image.config_digest.text(), image.config_digest));
  return compare("/blobs/" + image.layer_digest.text(), image.layer_digest);
}

// One line of the list of the worst.
struct Vulnerability {
  std::size_t rank = 0;  // place in kSeverities
  double score = 0;
  std::vector<std::string> row;  // CVE, severity, package, installed, fixed
};

double ScoreOf(const json::Value& vulnerability) {
  const json::Value& score = At(vulnerability, {"score"});
  return score.is_double() ? score.get_double() : static_cast<double>(NumberAt(score, {}));
}

const json::Value& FirstPackage(const json::Value& vulnerability) {
  static const json::Value nothing;
  const auto* notices = At(vulnerability, {"security_notices"}).if_array();
  if (notices == nullptr || notices->empty()) return nothing;
  const auto* packages = At(notices->front(), {"vulnerable_packages"}).if_array();
  return packages == nullptr || packages->empty() ? nothing : packages->front();
}

Vulnerability VulnerabilityOf(const json::Value& entry) {
  const std::string severity = TextAt(entry, {"severity"});
  const json::Value& package = FirstPackage(entry);
  const std::string fixed = TextAt(package, {"fix_version"});
  return {.rank = static_cast<std::size_t>(std::ranges::find(kSeverities, severity) -
                                           std::begin(kSeverities)),
          .score = ScoreOf(entry),
          .row = {TextAt(entry, {"cve_id"}), severity, TextAt(package, {"package_name"}),
                  TextAt(package, {"installed_version"}), fixed.empty() ? "no fix yet" : fixed}};
}

void ShowWorst(TourContext& tour, const json::Value& report) {
  std::vector<Vulnerability> all;
  if (const auto* list = At(report, {"vulnerabilities"}).if_array()) {
    for (const json::Value& entry : *list) all.push_back(VulnerabilityOf(entry));
  }
  std::ranges::stable_sort(all, [](const Vulnerability& a, const Vulnerability& b) {
    return a.rank != b.rank ? a.rank < b.rank : a.score > b.score;
  });
  if (all.empty()) return;
  Table table{.head = {"CVE", "SEVERITY", "PACKAGE", "INSTALLED", "FIXED IN"}, .rows = {}};
  for (std::size_t i = 0; i < std::min(kWorst, all.size()); ++i) table.rows.push_back(all[i].row);
  tour.report.Say("the worst " + std::to_string(table.rows.size()) + ":");
  tour.report.Show(table);
}

std::string CountsBySeverity(const json::Value& report) {
  std::string text;
  for (const std::string_view severity : kSeverities) {
    const std::int64_t count = NumberAt(report, {"severities", severity});
    if (count == 0) continue;
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(severity);
  }
  return text.empty() ? "nothing" : text;
}

}  // namespace

Status PrepareAdvisories(TourContext& tour, const std::string& path) {
  if (!path.empty()) return ImportFrom(tour, path);
  BW_TRY(const json::Value current, tour.client.Must("GET", "/breakwater/v1/advisories"));
  const json::Value& feed = At(current, {"feed"});
  if (feed.is_object() && TextAt(feed, {"source"}) != "sample") {
    tour.report.Good("using what was imported: " + DescribeFeed(feed));
    return Ok();
  }
  BW_TRY(const json::Value answer,
         tour.client.Must("POST", "/breakwater/v1/advisories?sample=true"));
  tour.report.Good("using the small sample in the program: " + DescribeFeed(At(answer, {"feed"})));
  tour.report.Warn("real advisories: breakwater advisories import PATH, or tour --advisories PATH");
  return Ok();
}

Result<BuiltImage> PushImage(TourContext& tour, const std::string& tag) {
  const Timestamp now = SystemClock().Now();
  BW_TRY(BuiltImage image,
         BuildImage(tour.userland, {.architecture = ThisArchitecture(),
                                    .created = now,
                                    .labels = {{"build", tour.run + "/" + tag}}}));
  BW_TRY(Client client, DataPlane(tour));
  const std::string repository = tour.Repository();
  BW_TRY_STATUS(PushBlob(client, repository, image.layer_digest, image.layer));
  BW_TRY_STATUS(PushBlob(client, repository, image.config_digest, image.config));
  BW_TRY_STATUS(PushManifest(client, repository, tag, image));
  BW_TRY_STATUS(PullBack(client, repository, tag, image));
  tour.report.Good("pushed " + tour.ImageName(tag) + " through " + client.arguments().host +
                   ", pulled it back: the same bytes");
  tour.report.Detail(image.digest.text());
  return image;
}

Status PushFirstImage(TourContext& tour) {
  BW_TRY(tour.userland, ReadDebianUserland("/"));
  BW_TRY(const json::Value auth, tour.client.Must("GET", "/api/v1/auth"));
  tour.private_only = At(auth, {"private_only"}) == json::Value(true);
  BW_TRY_STATUS(tour.client.Must("PUT", "/api/v1/namespaces/" + tour.run));
  tour.undo.Add("removed the namespace " + tour.run + " and the images in it", [&tour]() -> Status {
    BW_TRY_STATUS(tour.client.Must("DELETE", "/api/v1/namespaces/" + tour.run));
    return Ok();
  });
  tour.report.Good("created the namespace " + tour.run + " in " + tour.registry.name);
  std::size_t bytes = 0;
  for (const ImageFile& file : tour.userland) bytes += file.body.size();
  tour.report.Say("one layer with the dpkg database and os-release of this machine, " +
                  std::to_string(tour.userland.size()) + " entries, " + Megabytes(bytes));
  BW_TRY_STATUS(PushImage(tour, "1"));
  return Ok();
}

Result<json::Value> AwaitAssessment(TourContext& tour, const std::string& tag) {
  const std::string name = tour.ImageName(tag) + "?includeUnfixed=true";
  BW_TRY_STATUS(WaitUntil(
      tour, "the assessment of " + tour.ImageName(tag), kAssessmentLimit, [&]() -> Result<bool> {
        BW_TRY(const Answer answer,
               tour.client.Call("GET", "/va/api/v4/report/image/status/" + name));
        // BXNVA0009E: it is there, but was not read yet.
        if (answer.status == 404 && TextAt(answer.document, {"code"}) == "BXNVA0009E") return false;
        if (!answer.ok()) return ErrorOf(answer);
        return true;
      }));
  return tour.client.Must("GET", "/va/api/v4/report/image/" + name);
}

Status ShowAssessment(TourContext& tour) {
  BW_TRY(const json::Value report, AwaitAssessment(tour, "1"));
  const std::string status = TextAt(report, {"status"});
  if (status != "OK" && status != "WARN" && status != "FAIL") {
    return Unavailable("the image was not assessed (" + status +
                       "): " + TextAt(report, {"status_reason"}));
  }
  BW_TRY(const json::Value actionable,
         tour.client.Must("GET", "/va/api/v4/report/image/status/" + tour.ImageName("1")));
  tour.report.Good("status " + status + " for " +
                   TextAt(report, {"os_distribution", "distribution_id"}) + " " +
                   TextAt(report, {"os_distribution", "version_id"}) + ", advisory data " +
                   TextAt(report, {"advisory_data", "source"}));
  tour.report.Say("known vulnerabilities: " + CountsBySeverity(report));
  tour.report.Say("of these with a published fix: " +
                  std::to_string(NumberAt(actionable, {"vulnerability_count"})));
  ShowWorst(tour, report);
  return Ok();
}

}  // namespace breakwater::cli
