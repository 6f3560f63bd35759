// The effective configuration as plain values, grouped by who consumes them. Only app/ reads it and
// hands each component the part it needs. What each value means, its limits and its default are in
// the table of options (options.h) and in docs/configuration.md, which is made from it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/secret.h"

namespace breakwater::config {

// An IP literal and a port; port 0 lets the system choose a free one.
struct ListenAddress {
  std::string host;  // without brackets, also for IPv6
  std::uint16_t port = 0;
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

struct Listener {
  ListenAddress address;
  // Paths of PEM files. Both are set (TLS), or neither (plain HTTP).
  std::string tls_certificate;
  std::string tls_key;
  friend bool operator==(const Listener&, const Listener&) = default;
};

struct Proxy {
  std::vector<IpNetwork> trusted;
  // The header, believed only from a trusted proxy, that carries "public" or "private"; empty:
  // none.
  std::string plane_header;
  friend bool operator==(const Proxy&, const Proxy&) = default;
};

// One registry of this process. Host names are lower case, with ":port" when clients name one.
struct Registry {
  std::vector<std::string> public_hosts;  // never empty; the first names the registry
  std::vector<std::string> private_hosts;
  std::string region;
  bool redirect_pulls = false;  // blobs come from the object store itself
  friend bool operator==(const Registry&, const Registry&) = default;
};

// The account that an empty data directory starts with.
struct Account {
  std::string id;
  std::string name;
  friend bool operator==(const Account&, const Account&) = default;
};

// The identity for the day when nobody else can sign in.
struct BreakGlass {
  std::string name;
  Secret password_hash;  // empty: there is none
  friend bool operator==(const BreakGlass&, const BreakGlass&) = default;
};

// Where people and workloads may prove who they are. What each key means is in the table of
// sign_in_source.cc; those of other kinds stay as they are.
struct SignInSource {
  std::string kind;  // local, ldap, oidc or workload
  std::string name;
  std::string realm;
  std::string users = "invited";  // or create
  bool link_by_email = false;
  std::chrono::milliseconds timeout{5000};
  std::string ca_file;
  bool allow_plain = false;
  std::string url;
  bool start_tls = true;
  std::string bind_dn;
  Secret bind_password;
  std::string bind_password_file;
  std::string user_base;
  std::string user_filter;
  std::string group_base;
  std::string group_filter;
  std::string id_attribute;
  std::string email_attribute;
  std::string first_name_attribute;
  std::string last_name_attribute;
  std::string group_name_attribute;
  std::string issuer;
  std::string jwks_url;
  std::string client_id;
  Secret client_secret;
  std::string client_secret_file;
  std::string device_client_id;
  std::string redirect_url;
  std::string scopes;
  std::string audience;
  std::string cr_type;
  std::string crn;
  std::vector<IpNetwork> private_networks;
  friend bool operator==(const SignInSource&, const SignInSource&) = default;
};

// Where sealed entries of the audit trail are sent. What each key means is in the table of
// audit_sink.cc; those of other kinds stay as they are.
struct AuditSink {
  std::string kind;  // file, syslog, webhook or kafka
  std::string name;
  std::string format;  // empty: lines for file, else events
  std::string directory;
  std::int64_t rotate_size = 64 << 20;
  std::string address;  // host:port
  std::string transport = "tls";
  std::string ca_file;
  std::string url;
  bool allow_plain = false;
  Secret secret;
  std::string secret_file;
  std::string brokers;
  std::string topic;
  std::string properties;
  std::chrono::milliseconds timeout{30'000};
  friend bool operator==(const AuditSink&, const AuditSink&) = default;
};

struct Tokens {
  std::chrono::milliseconds access_lifetime{};
  std::chrono::milliseconds refresh_lifetime{};
  std::chrono::milliseconds registry_lifetime{};
  std::chrono::milliseconds signing_key_rotation{};
  friend bool operator==(const Tokens&, const Tokens&) = default;
};

// How much of identities and access there may be.
struct Iam {
  std::int64_t groups_per_account = 0;
  std::int64_t groups_per_identity = 0;
  std::int64_t rules_per_group = 0;
  std::int64_t api_keys_per_identity = 0;
  std::int64_t policies_per_account = 0;
  std::int64_t policies_per_subject = 0;
  std::int64_t custom_roles_per_account = 0;
  std::int64_t service_ids_per_account = 0;
  std::int64_t users_per_account = 0;
  std::int64_t profiles_per_account = 0;
  std::int64_t entries_per_profile = 0;
  std::int64_t zones_per_account = 0;
  std::int64_t restrictions_per_account = 0;
  std::int64_t accounts_per_enterprise = 0;
  std::int64_t account_groups_per_enterprise = 0;
  std::int64_t resource_groups_per_account = 0;
  friend bool operator==(const Iam&, const Iam&) = default;
};

// What the HTTP server grants to one connection, and to all.
struct Http {
  std::int64_t connections = 0;
  std::int64_t connections_per_address = 0;
  std::int64_t header_bytes = 0;
  std::chrono::milliseconds header_deadline{};
  std::chrono::milliseconds idle_timeout{};   // a kept-alive connection between two requests
  std::chrono::milliseconds body_deadline{};  // no byte of a body for so long ends the request
  std::int64_t body_min_rate = 0;             // bytes per second; 0: no minimum
  std::int64_t body_bytes = 0;                // control plane documents
  std::chrono::milliseconds stop_grace{};
  friend bool operator==(const Http&, const Http&) = default;
};

struct Content {
  std::int64_t blob_bytes = 0;
  std::chrono::milliseconds upload_expiry{};
  std::chrono::milliseconds trash_life{};
  std::string absent_layers;
  friend bool operator==(const Content&, const Content&) = default;
};

struct Jobs {
  std::int64_t workers = 0;
  friend bool operator==(const Jobs&, const Jobs&) = default;
};

struct Advisor {
  std::int64_t layer_bytes = 0;  // unpacked
  std::int64_t layer_entries = 0;
  friend bool operator==(const Advisor&, const Advisor&) = default;
};

struct Webhooks {
  bool allow_http = false;
  std::vector<IpNetwork> private_destinations;
  std::chrono::milliseconds deadline{};
  friend bool operator==(const Webhooks&, const Webhooks&) = default;
};

// Who may read /metrics.
struct Metrics {
  bool private_only = false;
  Secret token;  // empty: none is needed
  friend bool operator==(const Metrics&, const Metrics&) = default;
};

struct Log {
  std::string level;  // debug, info, warn or error
  friend bool operator==(const Log&, const Log&) = default;
};

// Where rows are kept if not in the data directory.
struct Postgres {
  Secret url;  // empty: SQLite in the data directory
  std::int64_t connections = 0;
  std::chrono::milliseconds acquire_timeout{};
  std::chrono::milliseconds statement_timeout{};
  std::string prepared_statements;  // auto, on or off
  friend bool operator==(const Postgres&, const Postgres&) = default;
};

// Where blobs are kept if not in the data directory.
struct S3 {
  std::string endpoint;  // URL; empty: the data directory
  std::string region;
  std::string bucket;
  std::string prefix;
  std::string addressing;  // path or host
  std::string ca_file;
  std::string access_key;
  Secret secret_key;
  Secret session_token;
  std::string credentials_file;
  std::int64_t part_bytes = 0;
  std::int64_t buffer_bytes = 0;
  std::chrono::milliseconds deadline{};
  std::chrono::milliseconds redirect_lifetime{};
  friend bool operator==(const S3&, const S3&) = default;
};

// What accounts may store and pull.
struct Quota {
  std::string default_plan;  // Free or Standard
  std::chrono::milliseconds pull_grace{};
  friend bool operator==(const Quota&, const Quota&) = default;
};

struct Settings {
  std::string data;   // path of the data directory
  Secret master_key;  // hexadecimal; empty: the data directory's
  Postgres database;
  S3 s3;
  Listener public_listener;
  Listener private_listener;
  Proxy proxy;
  std::vector<Registry> registries;  // empty: one, named by its listener's address
  Account account;
  Secret bootstrap_api_key;  // empty: one is made
  bool allow_iam_authz_off = false;
  std::string message;  // to everybody; empty: none
  Quota quota;
  std::vector<SignInSource> sign_in;  // empty: local alone
  std::vector<AuditSink> audit_sinks;
  BreakGlass break_glass;
  Tokens tokens;
  Iam iam;
  Http http;
  Content content;
  Jobs jobs;
  Advisor advisor;
  Webhooks webhooks;
  Metrics metrics;
  Log log;
  friend bool operator==(const Settings&, const Settings&) = default;
};

}  // namespace breakwater::config
