#include "config/options.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/ip.h"
#include "base/strings.h"
#include "config/value.h"

namespace breakwater::config {
namespace {

constexpr std::int64_t kMillisecond = 1;
constexpr std::int64_t kSecond = 1000 * kMillisecond;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kKiB = 1024;
constexpr std::int64_t kMiB = 1024 * kKiB;
constexpr std::int64_t kGiB = 1024 * kMiB;
constexpr std::int64_t kTiB = 1024 * kGiB;
constexpr std::int64_t kMaxText = 4096;

// A field of Settings, as a function that the table can hold.
#define BW_FIELD(member) [](Settings& s) -> decltype((s.member)) { return s.member; }

template <class T>
using Access = T& (*)(Settings&);

std::string FlagFromKey(std::string_view key) {
  std::string flag(key);
  std::replace(flag.begin(), flag.end(), '.', '-');
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::string EnvFromFlag(std::string_view flag) {
  std::string env = "BREAKWATER_";
  for (const char c : flag) {
    env += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return env;
}

Option Make(Kind kind, std::string key, std::string fallback, Field field,
            std::string description) {
  Option option;
  option.flag = FlagFromKey(key);
  option.env = EnvFromFlag(option.flag);
  option.key = std::move(key);
  option.fallback = std::move(fallback);
  option.description = std::move(description);
  option.field = field;
  option.kind = kind;
  option.max = kMaxText;
  return option;
}

// Gives the option a shorter flag than its key, and the environment name that goes with it.
Option Named(Option option, std::string flag) {
  option.env = EnvFromFlag(flag);
  option.flag = std::move(flag);
  return option;
}

Option Bool(std::string key, std::string fallback, Access<bool> field, std::string description) {
  return Make(Kind::kBool, std::move(key), std::move(fallback), field, std::move(description));
}

Option Text(Kind kind, std::string key, std::string fallback, Access<std::string> field,
            std::string description) {
  return Make(kind, std::move(key), std::move(fallback), field, std::move(description));
}

Option Address(std::string key, std::string fallback, Access<ListenAddress> field,
               std::string description) {
  return Make(Kind::kAddress, std::move(key), std::move(fallback), field, std::move(description));
}

Option Networks(std::string key, Access<std::vector<IpNetwork>> field, std::string description) {
  return Make(Kind::kNetworks, std::move(key), "", field, std::move(description));
}

struct Range {
  std::int64_t min;
  std::int64_t max;
};

Option Number(Kind kind, std::string key, std::string fallback, Range range,
              Access<std::int64_t> field, std::string description) {
  Option option = Make(kind, std::move(key), std::move(fallback), field, std::move(description));
  option.min = range.min;
  option.max = range.max;
  return option;
}

Option Duration(std::string key, std::string fallback, Range range,
                Access<std::chrono::milliseconds> field, std::string description) {
  Option option =
      Make(Kind::kDuration, std::move(key), std::move(fallback), field, std::move(description));
  option.min = range.min;
  option.max = range.max;
  return option;
}

Option SecretText(std::string key, Range lengths, Access<Secret> field, std::string description) {
  Option option = Make(Kind::kSecret, std::move(key), "", field, std::move(description));
  option.min = lengths.min;
  option.max = lengths.max;
  return option;
}

Option Word(std::string key, std::string fallback, std::vector<std::string> words,
            Access<std::string> field, std::string description) {
  Option option =
      Text(Kind::kWord, std::move(key), std::move(fallback), field, std::move(description));
  option.words = std::move(words);
  return option;
}

void AddDatabase(std::vector<Option>& out) {
  out.push_back(SecretText(
      "master_key", {64, 64}, BW_FIELD(master_key),
      "Key of the installation, 64 hexadecimal digits: other keys are derived from it or encrypted "
      "with it. Every process over the same database has the same. Without it the data directory's "
      "(master.key) is used, and made where there is none."));
  out.push_back(SecretText("database.url", {1, 4096}, BW_FIELD(database.url),
                           "PostgreSQL database instead of the data directory's, such as "
                           "postgresql://user:password@host/name?sslmode=verify-full. With it and "
                           "s3.endpoint any number of processes serve one installation."));
  out.push_back(Number(Kind::kCount, "database.connections", "16", {2, 1000},
                       BW_FIELD(database.connections),
                       "Connections to PostgreSQL that this process has at most."));
  out.push_back(Duration("database.acquire_timeout", "5s", {kSecond / 10, kMinute},
                         BW_FIELD(database.acquire_timeout),
                         "Time that a request waits for one of them."));
  out.push_back(Duration("database.statement_timeout", "30s", {kSecond, kHour},
                         BW_FIELD(database.statement_timeout),
                         "Time that one statement may take."));
  out.push_back(Word("database.prepared_statements", "auto", {"on", "off", "auto"},
                     BW_FIELD(database.prepared_statements),
                     "Whether statements are prepared once for each connection. auto: until a "
                     "pooler turns out to give connections away between transactions."));
}

void AddObjectStore(std::vector<Option>& out) {
  out.push_back(Text(Kind::kText, "s3.endpoint", "", BW_FIELD(s3.endpoint),
                     "URL of an S3-compatible object store that holds the blobs instead of the "
                     "data directory, such as https://s3.example.com."));
  out.push_back(Text(Kind::kText, "s3.region", "us-east-1", BW_FIELD(s3.region),
                     "Region that requests are signed for."));
  out.push_back(Text(Kind::kText, "s3.bucket", "", BW_FIELD(s3.bucket), "Bucket, which exists."));
  out.push_back(Text(Kind::kText, "s3.prefix", "", BW_FIELD(s3.prefix),
                     "What the names of all objects begin with. Installations that share a bucket "
                     "need different ones."));
  out.push_back(Word("s3.addressing", "path", {"host", "path"}, BW_FIELD(s3.addressing),
                     "Where the bucket stands in a URL: in its path or its host name."));
  out.push_back(Text(Kind::kPath, "s3.ca_file", "", BW_FIELD(s3.ca_file),
                     "PEM file with the authorities that may vouch for the object store, instead "
                     "of the system's."));
  out.push_back(Text(Kind::kText, "s3.access_key", "", BW_FIELD(s3.access_key),
                     "Access key id. Empty: s3.credentials_file has it."));
  out.push_back(SecretText("s3.secret_key", {1, 1024}, BW_FIELD(s3.secret_key),
                           "Secret access key. Prefer the environment or s3.credentials_file."));
  out.push_back(SecretText("s3.session_token", {1, 16 * kKiB}, BW_FIELD(s3.session_token),
                           "Session token that goes with temporary keys."));
  out.push_back(Text(Kind::kPath, "s3.credentials_file", "", BW_FIELD(s3.credentials_file),
                     "File with lines aws_access_key_id = …, aws_secret_access_key = … and perhaps "
                     "aws_session_token = …, read at start, used where s3.access_key is empty."));
  out.push_back(Number(Kind::kSize, "s3.part_bytes", "8MiB", {5 * kMiB, 64 * kMiB},
                       BW_FIELD(s3.part_bytes), "Size of the parts that a large blob is sent in."));
  out.push_back(Number(Kind::kSize, "s3.buffer_bytes", "128MiB", {64 * kMiB, 64 * kGiB},
                       BW_FIELD(s3.buffer_bytes),
                       "Memory for the parts of all uploads together; those that find none wait."));
  out.push_back(Duration("s3.deadline", "60s", {kSecond, 3 * kMinute}, BW_FIELD(s3.deadline),
                         "Time for one operation with all its attempts."));
  out.push_back(Duration("s3.redirect_lifetime", "10m", {kMinute, kDay},
                         BW_FIELD(s3.redirect_lifetime),
                         "How long a URL is good that a registry with redirect_pulls sends clients "
                         "to."));
}

void AddListeners(std::vector<Option>& out) {
  out.push_back(Named(Address("public.listen", "127.0.0.1:5000", BW_FIELD(public_listener.address),
                              "Address and port of the public listener. Port 0 picks a free one."),
                      "public"));
  out.push_back(Text(Kind::kPath, "public.tls_certificate", "",
                     BW_FIELD(public_listener.tls_certificate),
                     "PEM file with the public listener's certificate chain, leaf first. With it "
                     "the listener speaks TLS only."));
  out.push_back(Text(Kind::kPath, "public.tls_key", "", BW_FIELD(public_listener.tls_key),
                     "PEM file with the key of public.tls_certificate."));
  out.push_back(
      Named(Address("private.listen", "127.0.0.1:5001", BW_FIELD(private_listener.address),
                    "Address and port of the private listener: what arrives here counts "
                    "as private traffic. Port 0 picks a free one."),
            "private"));
  out.push_back(Text(Kind::kPath, "private.tls_certificate", "",
                     BW_FIELD(private_listener.tls_certificate),
                     "PEM file with the private listener's certificate chain, leaf first."));
  out.push_back(Text(Kind::kPath, "private.tls_key", "", BW_FIELD(private_listener.tls_key),
                     "PEM file with the key of private.tls_certificate."));
}

void AddProxy(std::vector<Option>& out) {
  out.push_back(
      Networks("proxy.trusted", BW_FIELD(proxy.trusted),
               "Reverse proxies whose X-Forwarded-For, X-Forwarded-Proto and plane header are "
               "believed. Nobody else's are."));
  out.push_back(Text(Kind::kHeaderName, "proxy.plane_header", "", BW_FIELD(proxy.plane_header),
                     "Header in which a trusted proxy says public or private; it then decides "
                     "instead of the listener. Empty: the listener decides. Needs proxy.trusted."));
}

void AddIdentity(std::vector<Option>& out) {
  Option registries =
      Make(Kind::kRegistries, "registry", "", Access<std::vector<Registry>>(BW_FIELD(registries)),
           "The registries that this process serves. A request belongs to the one whose host name "
           "it carries, else to the first. None: one registry, named by its listener's address, "
           "in region local.");
  registries.max = 64;
  out.push_back(std::move(registries));
  out.push_back(Text(Kind::kAccountId, "account.id", "00000000000000000000000000000001",
                     BW_FIELD(account.id),
                     "Id of the account that an empty database starts with."));
  Option name = Text(Kind::kText, "account.name", "Default account", BW_FIELD(account.name),
                     "Name of that account.");
  name.min = 1;
  name.max = 100;
  out.push_back(std::move(name));
  out.push_back(
      SecretText("bootstrap_api_key", {32, 256}, BW_FIELD(bootstrap_api_key),
                 "API key of the first administrator; read only while the database is empty. "
                 "Without it the server makes one and writes it to admin.key in the data "
                 "directory. Prefer the environment: other users of the machine can read flags."));
  out.push_back(Bool("allow_iam_authz_off", "false", BW_FIELD(allow_iam_authz_off),
                     "Allow an account to switch IAM authorization off (iam_authz = false), which "
                     "gives all its members full access to its images."));
}

void AddQuotas(std::vector<Option>& out) {
  out.push_back(Word("quota.default_plan", "Standard", {"Free", "Standard"},
                     BW_FIELD(quota.default_plan),
                     "Plan of accounts that have not chosen one. Free: 512 MB of storage and 5 GB "
                     "of public pulls a month. Standard: unlimited, unless a quota is set."));
  out.push_back(Duration("quota.pull_grace", "15m", {0, kDay}, BW_FIELD(quota.pull_grace),
                         "How long after its quota of pull traffic was reached an account's layers "
                         "are still given to pulls that began before. Hard quotas have none."));
  out.push_back(Text(Kind::kText, "message", "", BW_FIELD(message),
                     "Message of the operator to everybody, which GET /api/v1/messages answers "
                     "with, such as one on planned maintenance."));
}

void AddSignIn(std::vector<Option>& out) {
  Option sources = Make(
      Kind::kSources, "sign_in", "", Access<std::vector<SignInSource>>(BW_FIELD(sign_in)),
      "Where people and workloads may prove who they are, beside API keys. A name and password are "
      "offered to the sources of kind local and ldap in this order; the first that knows the name "
      "decides. None: passwords of this installation's own users.");
  sources.max = 32;
  out.push_back(std::move(sources));
}

void AddAuditSinks(std::vector<Option>& out) {
  Option sinks = Make(
      Kind::kSinks, "audit_sink", "", Access<std::vector<AuditSink>>(BW_FIELD(audit_sinks)),
      "Where sealed entries of the audit trail are sent beside the database: each gets the whole "
      "trail from its beginning, in order, at least once.");
  sinks.max = 16;
  out.push_back(std::move(sinks));
}

void AddBreakGlass(std::vector<Option>& out) {
  Option name = Text(Kind::kText, "break_glass.name", "break-glass", BW_FIELD(break_glass.name),
                     "Name that the break-glass identity signs in by.");
  name.min = 1;
  name.max = 100;
  out.push_back(std::move(name));
  out.push_back(SecretText(
      "break_glass.password_hash", {1, 512}, BW_FIELD(break_glass.password_hash),
      "Argon2id hash of the password of an identity that has the owner's rights and can sign in "
      "when nobody else can; `breakwater break-glass` makes both. Each use of it is recorded with "
      "the highest severity. Without it there is no such identity."));
}

// Bounds of the access and refresh tokens: the reference system's account settings.
void AddTokens(std::vector<Option>& out) {
  out.push_back(Duration("tokens.access_lifetime", "1h", {15 * kMinute, kHour},
                         BW_FIELD(tokens.access_lifetime), "Life of an IAM access token."));
  out.push_back(Duration("tokens.refresh_lifetime", "72h", {15 * kMinute, 72 * kHour},
                         BW_FIELD(tokens.refresh_lifetime), "Life of an IAM refresh token."));
  out.push_back(Duration("tokens.registry_lifetime", "5m", {kMinute, kHour},
                         BW_FIELD(tokens.registry_lifetime),
                         "Life of a registry token from /oauth/token."));
  out.push_back(Duration("tokens.signing_key_rotation", "90d", {kDay, 400 * kDay},
                         BW_FIELD(tokens.signing_key_rotation),
                         "Age at which the key that signs tokens is followed by another. The next "
                         "is among the public keys 10 minutes before it signs, and the old one "
                         "until all its tokens have ended."));
}

// The reference system's limits of 2022 where it has one.
void AddIamLimits(std::vector<Option>& out) {
  const auto limit = [&](std::string name, const char* fallback, Access<std::int64_t> field,
                         std::string description) {
    out.push_back(Number(Kind::kCount, "iam." + std::move(name), fallback, {1, 10'000'000}, field,
                         std::move(description)));
  };
  limit("groups_per_account", "500", BW_FIELD(iam.groups_per_account),
        "Most access groups of an account.");
  limit("groups_per_identity", "50", BW_FIELD(iam.groups_per_identity),
        "Most access groups that one identity can be added to.");
  limit("rules_per_group", "50", BW_FIELD(iam.rules_per_group),
        "Most rules of an access group, by which sign-in makes members.");
  limit("api_keys_per_identity", "20", BW_FIELD(iam.api_keys_per_identity),
        "Most API keys of an identity.");
  limit("policies_per_account", "2010", BW_FIELD(iam.policies_per_account),
        "Most access policies of an account.");
  limit("policies_per_subject", "500", BW_FIELD(iam.policies_per_subject),
        "Most access policies of one identity or access group.");
  limit("custom_roles_per_account", "40", BW_FIELD(iam.custom_roles_per_account),
        "Most custom roles of an account.");
  limit("service_ids_per_account", "2000", BW_FIELD(iam.service_ids_per_account),
        "Most service IDs of an account.");
  limit("users_per_account", "10000", BW_FIELD(iam.users_per_account), "Most users of an account.");
  limit("profiles_per_account", "1000", BW_FIELD(iam.profiles_per_account),
        "Most trusted profiles of an account.");
  limit("entries_per_profile", "100", BW_FIELD(iam.entries_per_profile),
        "Most claim rules, links and identities of a trusted profile, of each.");
  limit("zones_per_account", "500", BW_FIELD(iam.zones_per_account),
        "Most network zones of an account.");
  limit("restrictions_per_account", "1000", BW_FIELD(iam.restrictions_per_account),
        "Most rules of context-based restrictions of an account.");
  limit("accounts_per_enterprise", "1000", BW_FIELD(iam.accounts_per_enterprise),
        "Most accounts of an enterprise.");
  limit("account_groups_per_enterprise", "500", BW_FIELD(iam.account_groups_per_enterprise),
        "Most account groups of an enterprise.");
  limit("resource_groups_per_account", "500", BW_FIELD(iam.resource_groups_per_account),
        "Most resource groups of an account, without its default one.");
}

void AddHttp(std::vector<Option>& out) {
  out.push_back(Number(Kind::kCount, "http.connections", "16384", {1, 1'000'000},
                       BW_FIELD(http.connections),
                       "Connections open at once, on each listener; fewer where the system's limit "
                       "of open files is lower."));
  out.push_back(Number(Kind::kCount, "http.connections_per_address", "4096", {1, 1'000'000},
                       BW_FIELD(http.connections_per_address),
                       "Connections open at once from one client address."));
  out.push_back(Number(Kind::kSize, "http.header_bytes", "32KiB", {4 * kKiB, kMiB},
                       BW_FIELD(http.header_bytes), "Largest request line and headers together."));
  out.push_back(Duration("http.header_deadline", "10s", {kSecond / 10, 5 * kMinute},
                         BW_FIELD(http.header_deadline),
                         "Time from a request's first byte to the end of its headers."));
  out.push_back(Duration("http.idle_timeout", "1m", {kSecond / 10, kHour},
                         BW_FIELD(http.idle_timeout),
                         "Time that a kept-alive connection may wait for its next request."));
  out.push_back(Duration("http.body_deadline", "30s", {kSecond / 10, kHour},
                         BW_FIELD(http.body_deadline),
                         "Longest silence while a body is sent, in either direction."));
  out.push_back(Number(Kind::kSize, "http.body_min_rate", "1KiB", {0, kGiB},
                       BW_FIELD(http.body_min_rate),
                       "Least bytes per second of a body after its first 10 seconds. 0: none."));
  out.push_back(Number(Kind::kSize, "http.body_bytes", "1MiB", {64 * kKiB, 64 * kMiB},
                       BW_FIELD(http.body_bytes),
                       "Largest document that a control plane request may carry."));
  out.push_back(Duration("http.stop_grace", "30s", {0, kHour}, BW_FIELD(http.stop_grace),
                         "Time that requests in flight get to finish when the server stops."));
}

void AddContent(std::vector<Option>& out) {
  out.push_back(Number(Kind::kSize, "content.blob_bytes", "64GiB", {kMiB, 16 * kTiB},
                       BW_FIELD(content.blob_bytes), "Largest blob."));
  out.push_back(Duration("content.upload_expiry", "24h", {kHour, 30 * kDay},
                         BW_FIELD(content.upload_expiry),
                         "An upload session without a request for so long is removed."));
  out.push_back(Duration("content.trash_life", "30d", {0, 3650 * kDay},
                         BW_FIELD(content.trash_life),
                         "A deleted image can be restored for so long. It applies to images that "
                         "are deleted from then on."));
  out.push_back(Word("content.absent_layers", "accept", {"refuse", "accept"},
                     BW_FIELD(content.absent_layers),
                     "What becomes of a manifest with layers that its repository never had. "
                     "accept: it is stored as a sparse image, its push is answered with a warning, "
                     "and the layers may follow. refuse: MANIFEST_BLOB_UNKNOWN."));
}

void AddBackground(std::vector<Option>& out) {
  out.push_back(Number(Kind::kCount, "jobs.workers", "2", {1, 64}, BW_FIELD(jobs.workers),
                       "Background jobs (scans, deliveries, collection) that run at once."));
  out.push_back(Number(Kind::kSize, "advisor.layer_bytes", "16GiB", {kMiB, kTiB},
                       BW_FIELD(advisor.layer_bytes),
                       "Most bytes that an assessment unpacks from one layer."));
  out.push_back(Number(Kind::kCount, "advisor.layer_entries", "1000000", {1000, 100'000'000},
                       BW_FIELD(advisor.layer_entries),
                       "Most files that an assessment reads past in one layer."));
  out.push_back(Bool("webhooks.allow_http", "false", BW_FIELD(webhooks.allow_http),
                     "Allow notification channels whose URL is not https."));
  out.push_back(Networks("webhooks.private_destinations", BW_FIELD(webhooks.private_destinations),
                         "Loopback, link-local and private networks that notifications may be sent "
                         "to. All others of these kinds are refused."));
  out.push_back(Duration("webhooks.deadline", "10s", {kSecond / 10, 5 * kMinute},
                         BW_FIELD(webhooks.deadline),
                         "Time that a receiver has to answer one delivery."));
  out.push_back(Bool("metrics.private_only", "false", BW_FIELD(metrics.private_only),
                     "Give /metrics to private connections alone: those of the private listener, "
                     "or that a trusted proxy calls private."));
  out.push_back(SecretText("metrics.token", {16, 512}, BW_FIELD(metrics.token),
                           "Token that scrapers of /metrics must show as Authorization: Bearer "
                           "TOKEN. It opens nothing else. Without it anybody may read them who "
                           "reaches the listener. Prefer the environment."));
  out.push_back(Word("log.level", "info", {"debug", "info", "warn", "error"}, BW_FIELD(log.level),
                     "Least severe log line that is written."));
}

#undef BW_FIELD

std::vector<Option> BuildOptions() {
  std::vector<Option> out;
  out.push_back(Text(
      Kind::kPath, "data", "./var", [](Settings& s) -> std::string& { return s.data; },
      "Data directory: the database and the blobs, where they are not elsewhere. One server at a "
      "time."));
  AddDatabase(out);
  AddObjectStore(out);
  AddListeners(out);
  AddProxy(out);
  AddIdentity(out);
  AddQuotas(out);
  AddSignIn(out);
  AddBreakGlass(out);
  AddAuditSinks(out);
  AddTokens(out);
  AddIamLimits(out);
  AddHttp(out);
  AddContent(out);
  AddBackground(out);
  return out;
}

const Option* Find(std::string Option::* member, std::string_view name) {
  const auto& options = Options();
  const auto it = std::find_if(options.begin(), options.end(),
                               [&](const Option& option) { return option.*member == name; });
  return it == options.end() ? nullptr : &*it;
}

std::string Between(const std::string& what, const std::string& min, const std::string& max) {
  return what + " from " + min + " to " + max;
}

std::string AllowedText(const Option& option) {
  const std::string lengths = std::to_string(option.max) + " characters";
  if (option.min == 0) return "a text of at most " + lengths;
  return "a text of " + std::to_string(option.min) + " to " + lengths;
}

}  // namespace

const std::vector<Option>& Options() {
  static const std::vector<Option> options = BuildOptions();
  return options;
}

const Option* FindByKey(std::string_view key) {
  return Find(&Option::key, key);
}
const Option* FindByEnv(std::string_view env) {
  return Find(&Option::env, env);
}
const Option* FindByFlag(std::string_view flag) {
  return Find(&Option::flag, flag);
}

std::string Allowed(const Option& option) {
  const auto millis = [](std::int64_t n) { return FormatDuration(std::chrono::milliseconds(n)); };
  switch (option.kind) {
    case Kind::kBool: return "true or false";
    case Kind::kCount:
      return Between("a whole number", std::to_string(option.min), std::to_string(option.max));
    case Kind::kSize:
      return Between("a size", FormatSize(option.min), FormatSize(option.max)) + ", such as 8MiB";
    case Kind::kDuration:
      return Between("a duration", millis(option.min), millis(option.max)) + ", such as 90s";
    case Kind::kText: return AllowedText(option);
    case Kind::kPath: return "a path of at most 4096 characters";
    case Kind::kWord: return "one of " + Join(option.words, ", ");
    case Kind::kHeaderName: return "the name of an HTTP header, or empty";
    case Kind::kAccountId: return "1 to 64 letters, digits, '-' or '_'";
    case Kind::kAddress: return "an IP address and a port, such as 127.0.0.1:5000 or [::1]:5000";
    case Kind::kNetworks: return "a list of addresses or networks, such as 10.0.0.0/8";
    case Kind::kRegistries:
      return "a list of registries, each with its public host names, private host names and "
             "region, "
             "and whether pulls are redirected";
    case Kind::kSources:
      return "a list of sources, each with its kind, its name and what they need";
    case Kind::kSinks: return "a list of sinks, each with its kind, its name and what they need";
    case Kind::kSecret: return AllowedText(option);
  }
  BW_UNREACHABLE();
}

const std::vector<OtherVariable>& OtherVariables() {
  static const std::vector<OtherVariable> variables = {
      {"BREAKWATER_CONFIG", "Path of the configuration file, as --config."},
      {"BREAKWATER_ADVISORIES", "Folder of advisory data that `breakwater tour` imports."},
      {"BREAKWATER_URL", "Base URL of the server that client commands speak to."},
      {"BREAKWATER_PRIVATE_URL", "Base URL of its private listener, where they need that too."},
      {"BREAKWATER_API_KEY", "API key that client commands log in with."},
      {"BREAKWATER_TOKEN", "IAM access token that client commands use instead of an API key."},
      {"BREAKWATER_BIN", "Path of the binary that test scripts run."},
      {"BREAKWATER_SHARED", "Folder of reference data that some tests compare with."},
  };
  return variables;
}

}  // namespace breakwater::config
