#include "app/doctor.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>

#include "app/object_store.h"
#include "app/stores.h"
#include "blob/fs/fs_blob_store.h"
#include "blob/s3/s3_blob_store.h"
#include "db/postgres/probe.h"
#include "db/sqlite/sqlite_database.h"

namespace breakwater::app {
namespace {

using admin::FailedBy;
using admin::Finding;
using admin::Findings;
using admin::Health;

class Examination {
 public:
  Examination(const config::Settings& settings, const Clock& clock)
      : settings_(settings),
        clock_(clock),
        postgres_(!settings.database.url.empty()),
        s3_(!settings.s3.endpoint.empty()) {}

  Findings Run() {
    if (!postgres_ || !s3_ || settings_.master_key.empty()) LookAtDirectory();
    LookAtDatabase();
    LookAtMasterKey();
    LookAtBlobs();
    LookAtListener("public", settings_.public_listener);
    LookAtListener("private", settings_.private_listener);
    LookAtRegistries();
    return std::move(findings_);
  }

 private:
  void Add(Finding finding) { findings_.push_back(std::move(finding)); }
  void Add(Findings more) { std::ranges::move(more, std::back_inserter(findings_)); }

  void LookAtDirectory() {
    Add(admin::CheckDataDirectory(settings_.data));
    std::error_code failed;
    directory_there_ = std::filesystem::is_directory(settings_.data, failed);
    if (!directory_there_) return;
    auto lock = io::DirectoryLock::Acquire(settings_.data);
    if (lock.ok()) {
      lock_ = *std::move(lock);
    } else if (lock.error().reason() == "data_directory_in_use") {
      served_ = true;
      Add({Health::kOk, "data_directory_lock", lock.error().message() + ": it is only read here",
           ""});
    } else {
      Add(FailedBy("data_directory_lock", lock.error(), "may this user write there?"));
    }
  }

  void LookAtDatabase() {
    auto opened = postgres_ ? OpenPostgres() : OpenSqlite();
    if (!opened) return;
    database_ = *std::move(opened);
    Add(admin::CheckDatabase(*database_, clock_, /*may_write=*/postgres_ || lock_.has_value()));
  }

  std::optional<std::unique_ptr<db::Database>> OpenPostgres() {
    const db::PostgresOptions options = PostgresOptionsFrom(settings_.database);
    auto opened = db::OpenPostgres(options);
    if (!opened.ok()) {
      Add(FailedBy("database_server", opened.error(),
                   "look at database.url: host, port, name, user, password, sslmode; and whether "
                   "the server lets this machine in (pg_hba.conf)"));
      return std::nullopt;
    }
    LookAtTheWay(options);
    return *std::move(opened);
  }

  void LookAtTheWay(const db::PostgresOptions& options) {
    const auto probe = db::ProbePostgres(options);
    if (!probe.ok()) return Add(FailedBy("database_way", probe.error(), "try again"));
    if (probe->pooled) {
      Add({Health::kOk, "database_pooler",
           "a pooler such as PgBouncer stands before the server: any mode will do; before its "
           "version "
           "1.21 statements are not prepared in transaction mode",
           ""});
    }
    if (probe->encrypted || probe->local) {
      return Add({Health::kOk, "database_way",
                  probe->encrypted ? "connections are encrypted" : "the server is on this machine",
                  ""});
    }
    Add({Health::kWarning, "database_way",
         "connections to another machine are not encrypted: passwords' proofs and all rows can be "
         "read on the way",
         "add sslmode=verify-full and sslrootcert to database.url"});
  }

  std::optional<std::unique_ptr<db::Database>> OpenSqlite() {
    const std::filesystem::path path = std::filesystem::path(settings_.data) / "breakwater.db";
    if (std::error_code failed; !std::filesystem::exists(path, failed)) {
      Add({Health::kOk, "database_server", "there is no database yet: the first start makes it",
           ""});
      return std::nullopt;
    }
    auto opened = lock_ ? db::OpenSqlite({.path = path}) : db::OpenSqliteReadOnly(path);
    if (opened.ok()) return *std::move(opened);
    Add(FailedBy("database_server", opened.error(), "may this user read and write it?"));
    return std::nullopt;
  }

  void LookAtMasterKey() {
    const auto key = settings_.master_key.empty()
                         ? ReadMasterKey(settings_.data)
                         : Configured(ConfiguredMasterKey(settings_.master_key));
    if (!key.ok()) {
      return Add(FailedBy("master_key", key.error(), "it is 64 hexadecimal digits"));
    }
    if (*key) {
      if (database_ != nullptr) Add(admin::CheckMasterKey(*database_, **key));
      return;
    }
    if (postgres_ || s3_) {
      return Add(
          {Health::kWarning, "master_key",
           "no master key is configured: this process would make one of its own, which other "
           "processes over the same stores do not have",
           "set master_key, the same for all"});
    }
    if (database_ == nullptr) {
      return Add({Health::kOk, "master_key", "the first start makes it", ""});
    }
    Add({Health::kFailed, "master_key", "the data directory has a database, but no master.key",
         "bring master.key back from a backup: the database's secrets are sealed with it"});
  }

  static Result<std::optional<Secret>> Configured(Result<Secret> key) {
    BW_TRY(Secret value, std::move(key));
    return std::optional<Secret>(std::move(value));
  }

  void LookAtBlobs() {
    if (s3_) return LookAtObjectStore();
    if (!directory_there_) return;
    if (served_) {
      return Add(
          {Health::kOk, "blob_store", "the running server has it: nothing is written to it", ""});
    }
    const auto store = blob::OpenFsBlobStore({.root = settings_.data});
    if (!store.ok()) {
      return Add(
          FailedBy("blob_store", store.error(), "may this user write to the data directory?"));
    }
    Add(admin::CheckBlobStore(**store));
  }

  void LookAtObjectStore() {
    const auto options = S3OptionsFrom(settings_.s3);
    if (!options.ok()) {
      return Add(FailedBy("blob_store", options.error(),
                          "look at s3.access_key, s3.secret_key and s3.credentials_file"));
    }
    for (const blob::S3Finding& step : blob::CheckS3(*options, clock_)) {
      Add({step.ok ? Health::kOk : Health::kFailed, "blob_store", "the object store " + step.text,
           step.ok ? "" : "look at the options s3.*, and at the rights of the access key"});
    }
  }

  void LookAtListener(const std::string& name, const config::Listener& listener) {
    Add(admin::CheckListener({.name = name,
                              .host = listener.address.host,
                              .port = listener.address.port,
                              .certificate_file = listener.tls_certificate,
                              .key_file = listener.tls_key},
                             clock_, admin::AnswersLikeUs));
  }

  void LookAtRegistries() {
    std::vector<admin::RegistryToCheck> registries;
    for (const config::Registry& registry : settings_.registries) {
      admin::RegistryToCheck one{.hosts = registry.public_hosts};
      one.hosts.insert(one.hosts.end(), registry.private_hosts.begin(),
                       registry.private_hosts.end());
      registries.push_back(std::move(one));
    }
    Add(admin::CheckRegistries(registries));
  }

  const config::Settings& settings_;
  const Clock& clock_;
  const bool postgres_;
  const bool s3_;
  Findings findings_;
  bool directory_there_ = false;
  bool served_ = false;  // by another process
  std::optional<io::DirectoryLock> lock_;
  std::unique_ptr<db::Database> database_;  // closed before the lock is free
};

}  // namespace

admin::Findings ExamineInstallation(const config::Settings& settings, const Clock& clock) {
  return Examination(settings, clock).Run();
}

}  // namespace breakwater::app
