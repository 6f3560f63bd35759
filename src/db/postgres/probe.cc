#include "db/postgres/probe.h"

#include <memory>

#include <libpq-fe.h>

#include "base/ip.h"
#include "db/postgres/errors.h"
#include "db/postgres/row.h"

namespace breakwater::db {
namespace {

struct Finish {
  void operator()(PGconn* handle) const { PQfinish(handle); }
};

std::string Text(const char* text) {
  return text == nullptr ? "" : text;
}

bool IsLocal(PGconn* handle) {
  if (Text(PQhost(handle)).starts_with('/')) return true;
  const auto address = IpAddress::Parse(Text(PQhostaddr(handle)));
  return address.ok() && (IpNetwork::Parse("127.0.0.0/8")->Contains(*address) ||
                          IpNetwork::Parse("::1")->Contains(*address));
}

}  // namespace

Result<PostgresProbe> ProbePostgres(const PostgresOptions& options) {
  const std::string& address = options.address.Reveal();  // to connect
  const std::string timeout = std::to_string(options.connect_timeout.count());
  // dbname may hold a whole address ("Parameter Key Words"); what comes later overrides it.
  const char* const names[] = {"gssencmode", "dbname", "connect_timeout", nullptr};
  const char* const values[] = {"disable", address.c_str(), timeout.c_str(), nullptr};
  const std::unique_ptr<PGconn, Finish> handle(PQconnectdbParams(names, values, 1));
  if (handle == nullptr || PQstatus(handle.get()) != CONNECTION_OK) {
    return postgres::Unanswered(Text(handle == nullptr ? "" : PQerrorMessage(handle.get())));
  }
  const postgres::Answer answer(PQexec(handle.get(), "SELECT pg_backend_pid()"));
  if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK || PQntuples(answer.get()) != 1) {
    return postgres::Unanswered(Text(PQerrorMessage(handle.get())));
  }
  PostgresProbe probe;
  probe.server_version = Text(PQparameterStatus(handle.get(), "server_version"));
  probe.encrypted = PQsslInUse(handle.get()) != 0;
  probe.local = IsLocal(handle.get());
  // A pooler gives its clients numbers of its own, to cancel by.
  probe.pooled = Text(PQgetvalue(answer.get(), 0, 0)) != std::to_string(PQbackendPID(handle.get()));
  return probe;
}

Result<Timestamp> ServerTime(Database& database) {
  BW_CHECK(database.dialect() == Dialect::kPostgres);
  BW_TRY(const auto time, database.ReadValue([](Transaction& tx) {
    return tx.QueryOne("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)", {},
                       [](const Row& row) { return row.Time(0); });
  }));
  return *time;
}

}  // namespace breakwater::db
