#include "db/postgres/testing.h"

#include <cstdlib>
#include <map>
#include <utility>
#include <vector>

#include <libpq-fe.h>

#include "base/ids.h"
#include "base/strings.h"
#include "crypto/hash.h"
#include "db/migrations.h"

namespace breakwater::db::testing {
namespace {

// Of an advisory lock: who holds it makes the template.
constexpr const char* kTemplateLock = "7382613";

std::string Variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value == nullptr ? "" : value;
}

[[noreturn]] void Die(const std::string& why) {
  Fatal(__FILE__, __LINE__, why.c_str());
}

std::string With(const std::string& address, const std::map<std::string, std::string>& changes) {
  PQconninfoOption* parsed = PQconninfoParse(address.c_str(), nullptr);
  if (parsed == nullptr) Die("malformed address of a database");
  std::string made;
  for (const PQconninfoOption* one = parsed; one->keyword != nullptr; ++one) {
    const auto change = changes.find(one->keyword);
    if (change == changes.end() && one->val == nullptr) continue;
    made += std::string(made.empty() ? "" : " ") + one->keyword + "='";
    for (const char c : change == changes.end() ? std::string(one->val) : change->second) {
      if (c == '\'' || c == '\\') made.push_back('\\');
      made.push_back(c);
    }
    made += "'";
  }
  PQconninfoFree(parsed);
  return made;
}

// A plain session, for what no transaction can do.
class Session {
 public:
  explicit Session(const std::string& address) : handle_(PQconnectdb(address.c_str())) {
    if (PQstatus(handle_) != CONNECTION_OK) Die(PQerrorMessage(handle_));
    PQsetNoticeProcessor(handle_, [](void*, const char*) {}, nullptr);
  }
  ~Session() { PQfinish(handle_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // The number of rows.
  int Run(const std::string& sql) {
    PGresult* answer = PQexec(handle_, sql.c_str());
    const auto status = PQresultStatus(answer);
    const int rows = PQntuples(answer);
    PQclear(answer);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
      Die(std::string(PQerrorMessage(handle_)) + " in: " + sql);
    }
    return rows;
  }

 private:
  PGconn* handle_;
};

std::unique_ptr<Database> Open(PostgresOptions options, const std::string& address) {
  options.address = Secret(address);
  auto opened = OpenPostgres(options);
  if (!opened.ok()) Die(opened.error().message() + " " + opened.error().log());
  return *std::move(opened);
}

// Ends our sessions in a database: the server may not have seen yet that they are over, and a
// pooler keeps its own. Autovacuum gives way by itself, and may not be ended by us.
void Leave(Session& session, const std::string& database) {
  session.Run("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '" +
              database + "' AND usename = current_user");
}

// Named by what it holds. Made once for all processes; nobody must be connected to it when it is
// copied.
std::string MakeTemplate(Session& session, const std::string& server) {
  const std::string name = "bw_template_" + MigrationsDigest(Dialect::kPostgres).substr(0, 16);
  const auto exists = [&] {
    return session.Run("SELECT 1 FROM pg_database WHERE datname = '" + name + "'") == 1;
  };
  if (exists()) return name;
  session.Run(std::string("SELECT pg_advisory_lock(") + kTemplateLock + ")");
  if (!exists()) {
    const std::string draft = name + "_draft";
    Leave(session, draft);
    session.Run("DROP DATABASE IF EXISTS " + draft);
    session.Run("CREATE DATABASE " + draft + " TEMPLATE template0");
    {
      const auto database = Open({}, WithDatabase(server, draft));
      if (const Status migrated = Migrate(*database); !migrated.ok()) {
        Die(migrated.error().message() + " " + migrated.error().log());
      }
    }
    Leave(session, draft);
    session.Run("ALTER DATABASE " + draft + " RENAME TO " + name);
  }
  session.Run(std::string("SELECT pg_advisory_unlock(") + kTemplateLock + ")");
  return name;
}

std::string UniqueName() {
  std::string name = "bw_test_" + NewUuid();
  std::erase(name, '-');
  return name;
}

}  // namespace

std::string PostgresServer() {
  return Variable("BREAKWATER_TEST_POSTGRES");
}

std::string PostgresBouncer() {
  return PostgresServer().empty() ? "" : Variable("BREAKWATER_TEST_POSTGRES_BOUNCER");
}

std::string WithDatabase(const std::string& address, const std::string& database) {
  return With(address, {{"dbname", database}});
}

std::string WithServer(const std::string& address, const std::string& host, int port) {
  return With(address, {{"host", host}, {"port", std::to_string(port)}});
}

PostgresHome::PostgresHome(const std::string& server, Content content, PostgresOptions options)
    : server_(server),
      name_(UniqueName()),
      address_(WithDatabase(server, name_)),
      options_(std::move(options)) {
  Session session(server_);
  const std::string from =
      content == Content::kMigrated ? MakeTemplate(session, server_) : "template0";
  session.Run("CREATE DATABASE " + name_ + " TEMPLATE " + from);
}

PostgresHome::~PostgresHome() {
  Session session(server_);
  Leave(session, name_);
  session.Run("DROP DATABASE " + name_);
}

std::unique_ptr<Database> PostgresHome::OpenAnother() {
  return Open(options_, address_);
}

std::unique_ptr<TestDatabase> OpenPostgresTestDatabase(const std::string& server,
                                                       const std::string& way) {
  auto home = std::make_unique<PostgresHome>(server, PostgresHome::Content::kMigrated);
  auto database = way.empty() ? home->OpenAnother() : Open({}, WithDatabase(way, home->name()));
  return std::make_unique<TestDatabase>(std::move(home), std::move(database));
}

}  // namespace breakwater::db::testing
