#include "admin/doctor.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "admin/copy_state.h"
#include "crypto/random.h"
#include "db/migrations.h"
#include "db/postgres/probe.h"
#include "db/schema.h"
#include "iam/signing_keys.h"
#include "net/http_client.h"
#include "net/socket.h"

namespace breakwater::admin {
namespace {

constexpr std::uint64_t kMiB = 1U << 20;
constexpr std::uint64_t kLittleSpace = 2048 * kMiB;
constexpr std::uint64_t kNoSpace = 100 * kMiB;
constexpr std::chrono::hours kExpirySoon{24 * 21};

Finding Good(std::string check, std::string text) {
  return {Health::kOk, std::move(check), std::move(text), {}};
}

struct stat StatOf(const std::filesystem::path& path, bool& there) {
  struct stat status{};
  there = ::stat(path.c_str(), &status) == 0;
  return status;
}

std::string Octal(unsigned mode) {
  std::string digits;
  for (int shift = 9; shift >= 0; shift -= 3) {
    digits += static_cast<char>('0' + (mode >> static_cast<unsigned>(shift) & 7U));
  }
  return digits;
}

Finding CheckOwner(const std::filesystem::path& path, const struct stat& status) {
  const std::string check = "data_directory_mode";
  if (status.st_uid != ::geteuid() && ::geteuid() != 0) {
    return {Health::kFailed, check, path.string() + " belongs to another user",
            "run this, and the server, as its owner, or give it to the server's user (chown -R)"};
  }
  if ((status.st_mode & 077U) != 0) {
    return {Health::kWarning, check,
            "the data directory's mode is " + Octal(status.st_mode & 07777U) +
                ": other users can look into it",
            "chmod 0700; the next start does it too"};
  }
  return Good(check, "the data directory is its owner's alone");
}

Finding CheckFreeSpace(const std::filesystem::path& path) {
  const std::string check = "free_space";
  struct statvfs space{};
  if (::statvfs(path.c_str(), &space) != 0) {
    return {Health::kFailed, check, "the file system's free space cannot be told", "look at df"};
  }
  const std::uint64_t free = std::uint64_t{space.f_bavail} * space.f_frsize;
  const std::string text = std::to_string(free / kMiB) + " MiB are free for the data directory";
  if (space.f_favail == 0 && space.f_files != 0) {
    return {Health::kFailed, check, "the file system has no inodes left", "remove small files"};
  }
  if (free < kNoSpace) {
    return {Health::kFailed, check, text, "make room, or move it to a larger file system"};
  }
  if (free < kLittleSpace) return {Health::kWarning, check, text, "make room soon"};
  return Good(check, text);
}

Finding CheckKeyFile(const std::filesystem::path& path, const struct stat& status) {
  const std::string check = "master_key_file";
  if ((status.st_mode & 077U) == 0) return Good(check, "master.key is its owner's alone");
  return {Health::kFailed, check,
          path.string() + " has mode " + Octal(status.st_mode & 07777U) +
              ": other users can read what all secrets are sealed with",
          "chmod 0600"};
}

Finding CheckServer(db::Database& database) {
  const std::string check = "database_server";
  const bool sqlite = database.dialect() == db::Dialect::kSqlite;
  const auto version = database.ReadValue([&](db::Transaction& tx) {
    return tx.QueryOne(
        sqlite ? "SELECT sqlite_version()" : "SELECT current_setting('server_version')", {},
        [](const db::Row& row) { return row.String(0); });
  });
  if (!version.ok()) {
    return FailedBy(check, version.error(), "look whether the database server runs");
  }
  return Good(check, (sqlite ? "SQLite " : "PostgreSQL ") + version->value_or("?") + " answers");
}

Finding CheckSchema(const Result<db::SchemaVersions>& versions) {
  const std::string check = "database_schema";
  if (!versions.ok()) {
    const bool newer = versions.error().reason() == "schema_newer";
    return FailedBy(check, versions.error(),
                    newer ? "use the newer program, or restore a backup of before it"
                          : "this is not a database of an unchanged program; restore a backup");
  }
  const std::string at = "the tables are those of step " + std::to_string(versions->database);
  if (versions->database == 0) {
    return Good(check, "the database is empty: the first start makes its tables");
  }
  if (versions->database == versions->program) return Good(check, at + ", as this program's");
  return {Health::kWarning, check,
          at + ", this program's of step " + std::to_string(versions->program),
          "back up first: the next start brings them to it, and older programs will not do then"};
}

Finding CheckCopy(db::Database& database) {
  const std::string check = "database_copy";
  if (const Status whole = RefuseUnfinishedCopy(database); !whole.ok()) {
    return FailedBy(
        check, whole.error(),
        "give the same `breakwater migrate-store` or `breakwater restore` command again");
  }
  return Good(check, "no copy of an installation is under way");
}

Finding CheckJobs(db::Database& database) {
  const std::string check = "background_jobs";
  const auto dead = database.ReadValue([](db::Transaction& tx) {
    return tx.QueryOne("SELECT count(*) FROM job WHERE state = 'dead'", {},
                       [](const db::Row& row) { return row.Int(0); });
  });
  if (!dead.ok()) return FailedBy(check, dead.error(), "see the other findings on the database");
  if (**dead == 0) return Good(check, "no background job was given up");
  return {Health::kWarning, check,
          std::to_string(**dead) + " background jobs were given up after many attempts",
          "the server's log says why: look for the reason, and for what was not done"};
}

Finding CheckClock(db::Database& database, const Clock& clock) {
  const std::string check = "database_clock";
  const Timestamp before = clock.Now();
  const auto theirs = db::ServerTime(database);
  if (!theirs.ok()) return FailedBy(check, theirs.error(), "look whether the database server runs");
  return CompareClocks(check, "the database server's", before, *theirs, clock.Now());
}

// What ends a transaction that is to leave nothing behind.
constexpr const char* kRolledBack = "doctor_rolled_back";

Finding CheckWrite(db::Database& database) {
  const std::string check = "database_write";
  const std::string table = db::Quoted("doctor_" + HexEncode(crypto::RandomBytes(8)));
  const Status outcome = database.Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(tx.Execute("CREATE TABLE " + table + " (id BIGINT NOT NULL PRIMARY KEY)"));
    BW_TRY_STATUS(tx.Execute("INSERT INTO " + table + " (id) VALUES ($1)", {7}));
    BW_TRY(const auto read, tx.QueryOne("SELECT id FROM " + table, {},
                                        [](const db::Row& row) { return row.Int(0); }));
    if (read != 7) return DataCorrupt("a row that was written cannot be read back");
    BW_TRY_STATUS(tx.Execute("DELETE FROM " + table));
    return Conflict("nothing of this is to stay").Reason(kRolledBack);
  });
  if (!outcome.ok() && outcome.error().reason() == kRolledBack) {
    return Good(check, "tables and rows can be made, read and removed");
  }
  if (outcome.ok()) return {Health::kFailed, check, "a transaction was not rolled back", ""};
  return FailedBy(check, outcome.error(),
                  "the program's role must own the database, or be allowed to create tables in "
                  "its schema");
}

Status RoundTrip(blob::BlobStore& store, const std::string& content, const oci::Digest& digest) {
  BW_TRY(auto staged, store.Stage());
  const std::string id = staged->id();
  const auto write = [&]() -> Status {
    BW_TRY_STATUS(staged->Append(AsBytes(content)).Context("writing"));
    const blob::CommitItem item{.staged = staged.get(), .digest = digest};
    return std::move(store.Commit(std::span(&item, 1)).front()).Context("making durable");
  };
  if (Status written = write(); !written.ok()) {
    staged.reset();
    static_cast<void>(store.Discard(id));
    return written;
  }
  BW_TRY(const auto opened, store.Open(digest).Context("reading"));
  BW_TRY(const auto source, opened->Read(0, opened->size()).Context("reading"));
  BW_TRY(const std::string read, io::ReadAll(*source, content.size() + 1).Context("reading"));
  if (read != content) return DataCorrupt("what was written is read back as something else");
  return Ok();
}

std::string Url(const ListenerToCheck& listener, bool tls) {
  // What listens everywhere listens here.
  std::string host = listener.host;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return (tls ? "https://" : "http://") + host + ":" + std::to_string(listener.port) + "/livez";
}

Finding CheckPort(const ListenerToCheck& listener,
                  const std::function<bool(const ListenerToCheck&)>& is_ours) {
  const std::string check = listener.name + "_listener";
  const std::string where = listener.host + " port " + std::to_string(listener.port);
  if (listener.port == 0) return Good(check, "a free port is chosen at start");
  const auto opened = net::ListeningSocket::Open(listener.host, listener.port);
  if (opened.ok()) return Good(check, where + " is free");
  if (is_ours(listener)) return Good(check, "a running server answers on " + where);
  return FailedBy(check, opened.error(),
                  "another program may have the port, the address may be no one of this machine's, "
                  "or ports below 1024 may need a capability");
}

Finding CheckTls(const ListenerToCheck& listener, const Clock& clock) {
  const std::string check = listener.name + "_tls";
  const auto pair = net::TlsServerContext::Load({listener.certificate_file, listener.key_file});
  if (!pair.ok()) {
    return FailedBy(check, pair.error(),
                    "look at " + listener.certificate_file + " and " + listener.key_file +
                        ": PEM, readable by this user, the chain leaf first, the leaf's own key");
  }
  const auto end = net::CertificateExpiry(listener.certificate_file);
  if (!end.ok()) return FailedBy(check, end.error(), "look at " + listener.certificate_file);
  const Timestamp now = clock.Now();
  if (*end <= now) {
    return {Health::kFailed, check, "the certificate ended on " + FormatRfc3339(*end),
            "renew it: clients refuse it"};
  }
  if (*end - now < kExpirySoon) {
    return {Health::kWarning, check, "the certificate ends on " + FormatRfc3339(*end),
            "renew it soon"};
  }
  return Good(check, "certificate and key belong together, until " + FormatRfc3339(*end));
}

}  // namespace

std::string_view ToString(Health health) {
  switch (health) {
    case Health::kOk: return "ok";
    case Health::kWarning: return "warning";
    case Health::kFailed: return "FAILED";
  }
  BW_UNREACHABLE();
}

Finding FailedBy(std::string check, const Error& error, std::string advice) {
  std::string text = error.message();
  if (!error.log().empty()) text += " (" + error.log() + ")";
  return {Health::kFailed, std::move(check), std::move(text), std::move(advice)};
}

bool AnyFailed(const Findings& findings) {
  return std::ranges::any_of(findings,
                             [](const Finding& f) { return f.health == Health::kFailed; });
}

Finding CompareClocks(const std::string& check, const std::string& whose, Timestamp before,
                      Timestamp theirs, Timestamp after) {
  using std::chrono::seconds;
  // As the asking took a while, only what lies outside it is a difference for certain.
  const auto skew = theirs < before  ? std::chrono::floor<seconds>(theirs - before)
                    : theirs > after ? std::chrono::ceil<seconds>(theirs - after)
                                     : seconds{0};
  const auto size = std::chrono::abs(skew);
  if (size <= kToleratedSkew) return Good(check, whose + " clock agrees with this machine's");
  return {size > kDangerousSkew ? Health::kFailed : Health::kWarning, check,
          whose + " clock is " + std::to_string(size.count()) + " s " +
              (skew.count() > 0 ? "ahead of" : "behind") + " this machine's",
          "synchronise the clocks (NTP): leases and the life of tokens rely on them"};
}

Findings CheckDataDirectory(const std::filesystem::path& path) {
  bool there = false;
  const struct stat status = StatOf(path, there);
  if (!there) {
    return {{Health::kWarning, "data_directory", path.string() + " is not there",
             "the first start makes it; if there was one, look whether it is mounted"}};
  }
  if (!S_ISDIR(status.st_mode)) {
    return {{Health::kFailed, "data_directory", path.string() + " is no directory",
             "set data to a directory"}};
  }
  Findings findings = {Good("data_directory", path.string() + " is there"),
                       CheckOwner(path, status), CheckFreeSpace(path)};
  const std::filesystem::path key = path / "master.key";
  const struct stat key_status = StatOf(key, there);
  if (there) findings.push_back(CheckKeyFile(key, key_status));
  return findings;
}

Findings CheckDatabase(db::Database& database, const Clock& clock, bool may_write) {
  Findings findings = {CheckServer(database)};
  if (AnyFailed(findings)) return findings;
  const auto versions = db::CompareSchema(database);
  findings.push_back(CheckSchema(versions));
  // What older or newer programs have in their tables is not ours to read.
  if (versions.ok() && versions->database == versions->program) {
    findings.push_back(CheckCopy(database));
    findings.push_back(CheckJobs(database));
  }
  // An embedded database has this machine's clock.
  if (database.dialect() != db::Dialect::kSqlite) findings.push_back(CheckClock(database, clock));
  if (may_write) findings.push_back(CheckWrite(database));
  return findings;
}

Finding CheckMasterKey(db::Database& database, const Secret& master_key) {
  const std::string check = "master_key";
  const auto versions = db::CompareSchema(database);
  if (versions.ok() && versions->database == 0) {
    return Good(check, "nothing is sealed with the master key so far");
  }
  const Status opens = iam::SigningKeys::Check(database, master_key);
  if (opens.ok()) return Good(check, "the database's secrets open with the master key");
  return FailedBy(check, opens.error(),
                  "bring back the master key that the installation was made with (master_key, or "
                  "DATA/master.key): without it nobody can log in, and it cannot be made anew");
}

Findings CheckBlobStore(blob::BlobStore& store) {
  const std::string check = "blob_store";
  const std::string content = "breakwater doctor " + HexEncode(crypto::RandomBytes(16));
  const oci::Digest digest = oci::Digest::Of(AsBytes(content));
  const Status done = RoundTrip(store, content, digest);
  const Status removed = store.Remove(digest);
  if (!done.ok()) {
    return {FailedBy(check, done.error(), "look at the store's free space and permissions")};
  }
  if (!removed.ok()) return {FailedBy(check, removed.error(), "removing must be allowed too")};
  const auto gone = store.Open(digest);
  if (gone.ok() || gone.error().code() != ErrorCode::kNotFound) {
    return {{Health::kFailed, check, "what was removed is still there",
             "is a cache or a versioned file system between?"}};
  }
  return {Good(check, "a blob can be written, read back and removed")};
}

Findings CheckListener(const ListenerToCheck& listener, const Clock& clock,
                       const std::function<bool(const ListenerToCheck&)>& is_ours) {
  Findings findings = {CheckPort(listener, is_ours)};
  if (!listener.certificate_file.empty()) findings.push_back(CheckTls(listener, clock));
  return findings;
}

bool AnswersLikeUs(const ListenerToCheck& listener) {
  const bool tls = !listener.certificate_file.empty();
  net::ClientOptions options;
  options.policy.allow_plain_http = true;
  options.policy.allow_non_public = true;
  options.connect_timeout = std::chrono::seconds(3);
  const net::HttpClient client(options);
  const auto answer =
      client.Send({.method = "GET", .url = Url(listener, tls), .timeout = std::chrono::seconds(5)});
  if (answer.ok()) return answer->status == 200;
  // Its certificate is for its clients, who need not be this machine.
  return tls && answer.error().reason() == "tls_failed";
}

Finding CheckRegistries(const std::vector<RegistryToCheck>& registries) {
  const std::string check = "registries";
  if (registries.empty()) {
    return Good(check, "one registry, named by its listener's address, in region local");
  }
  std::map<std::string, std::size_t> owners;
  for (std::size_t i = 0; i < registries.size(); ++i) {
    for (const std::string& host : registries[i].hosts) {
      const auto [known, fresh] = owners.emplace(host, i);
      if (fresh || known->second == i) continue;
      return {Health::kFailed, check, "the host name " + host + " belongs to two registries",
              "a request must tell which it means: give each its own"};
    }
  }
  return Good(check,
              std::to_string(registries.size()) + " registries with host names of their own");
}

}  // namespace breakwater::admin
