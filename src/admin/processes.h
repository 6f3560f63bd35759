// The processes that serve this installation, by their own word: what they listen on, where they
// send to, how they were started. A row for each, which counts for as long as it is renewed, so
// that each process of a fleet sees all of them. Facts of container-registry/listener and
// container-registry/process.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "control/facts.h"
#include "db/database.h"
#include "jobs/jobs.h"

namespace breakwater::admin {

struct ToldListener {
  std::string plane;  // public or private: which endpoint it serves
  std::string host;   // numeric, without brackets
  std::uint16_t port = 0;
  bool tls = false;
  std::string lowest_tls;  // "1.2"
  // When its certificate ends; absent where there is none, or it cannot be told.
  std::optional<Timestamp> certificate_ends;
  friend bool operator==(const ToldListener&, const ToldListener&) = default;
};

struct ToldSink {
  std::string name;
  std::string kind;  // file, syslog, webhook or kafka
  friend bool operator==(const ToldSink&, const ToldSink&) = default;
};

// What a process says of itself. No secrets.
struct ToldProcess {
  std::string node;  // the machine's name
  std::vector<ToldListener> listeners;
  std::vector<ToldSink> audit_sinks;
  bool master_key_configured = false;  // else it lies in the data directory
  // What it connects to without TLS: "s3", "database", "sign_in ldap", "audit_sink siem".
  std::vector<std::string> plain_destinations;
  std::chrono::days trash_life{0};  // how long deleted images can be brought back
  friend bool operator==(const ToldProcess&, const ToldProcess&) = default;
};

// Thread-safe.
class Processes final : public control::FactSource {
 public:
  struct Options {
    std::string id;  // of this start of this process
    // Nobody else serves these stores: whatever other rows there are is over.
    bool alone = false;
    std::chrono::seconds lease{90};
  };
  // `owner`: whose resources they are, the account that runs the installation; empty until it is
  // known. What is given must outlive it.
  Processes(db::Database& database, jobs::Jobs& jobs, const Clock& clock, const AccountId& owner)
      : database_(database), jobs_(jobs), clock_(clock), owner_(owner) {}

  // Says it, or that it is still so: several times within each lease. Rows that nobody renews go.
  Status Tell(const Options& options, const ToldProcess& process);
  // This process ends.
  Status Leave(const std::string& id);

  // Of the processes there are, oldest first.
  static Result<std::vector<ToldProcess>> Present(db::Transaction& tx, Timestamp now);

  // control::FactSource
  std::vector<condition::ResourceType> Types() const override;
  Result<std::vector<control::Resource>> List(db::Transaction& tx,
                                              const condition::ResourceType& type,
                                              const AccountId& account) override;
  Result<condition::Facts> Read(db::Transaction& tx, const control::Resource& resource) override;

 private:
  db::Database& database_;
  jobs::Jobs& jobs_;
  const Clock& clock_;
  const AccountId& owner_;
};

// Who can reach an address that is listened on: "loopback", "private" (networks that are not
// routed: RFC 1918, RFC 4193, RFC 6598, link-local), "any" (every address of the machine) or
// "public".
std::string AddressScope(std::string_view host);

}  // namespace breakwater::admin
