#include "iam/ldap/connection.h"

#include <algorithm>

#include <fcntl.h>
#include <lber.h>
#include <ldap.h>
#include <openldap.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/strings.h"
#include "base/wait.h"
#include "iam/ldap/watched_socket.h"

namespace breakwater::iam::ldap {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

timeval ToTimeval(milliseconds duration) {
  const auto count = std::max<std::int64_t>(duration.count(), 1);
  timeval out{};
  out.tv_sec = static_cast<time_t>(count / 1000);
  out.tv_usec = static_cast<suseconds_t>((count % 1000) * 1000);
  return out;
}

Error Late() {
  return DeadlineExceeded("the directory does not answer in time").Reason("directory_timeout");
}

Error Broken(std::string log) {
  return Unavailable("the directory cannot be used")
      .Reason("directory_unavailable")
      .Log(std::move(log));
}

struct Unbind {
  void operator()(LDAP* handle) const { ldap_unbind_ext_s(handle, nullptr, nullptr); }
};
using Handle = std::unique_ptr<LDAP, Unbind>;

struct FreeMessage {
  void operator()(LDAPMessage* message) const { ldap_msgfree(message); }
};
using Message = std::unique_ptr<LDAPMessage, FreeMessage>;

struct FreeValues {
  void operator()(berval** values) const { ldap_value_free_len(values); }
};

struct FreeText {
  void operator()(char* text) const { ldap_memfree(text); }
};
using Text = std::unique_ptr<char, FreeText>;

class LibldapConnection final : public Connection {
 public:
  LibldapConnection(Handle handle, int fd, steady_clock::time_point deadline)
      : handle_(std::move(handle)), deadline_(deadline), watchdog_(fd, deadline) {}

  // At once, or after having asked for it.
  Status BeginTls(bool ask) {
    BW_TRY_STATUS(Prepare());
    const int code =
        ask ? ldap_start_tls_s(handle_.get(), nullptr, nullptr) : ldap_install_tls(handle_.get());
    return code == LDAP_SUCCESS ? Ok() : Status(BrokenBy("TLS", code));
  }

  Status Bind(const std::string& dn, const Secret& password) override {
    if (password.empty()) {
      return Unauthenticated("an empty password proves nothing").Reason("wrong_password");
    }
    BW_TRY_STATUS(Prepare());
    std::string text = password.Reveal();  // libldap wants it writable
    berval credential{text.size(), text.data()};
    int id = 0;
    const int sent = ldap_sasl_bind(handle_.get(), dn.c_str(), LDAP_SASL_SIMPLE, &credential,
                                    nullptr, nullptr, &id);
    const Secret wiped(std::move(text));
    if (sent != LDAP_SUCCESS) return BrokenBy("bind", sent);
    BW_TRY(const Message answer, Receive(id, LDAP_MSG_ALL));
    BW_TRY(const int code, CodeOf(answer.get()));
    if (code == LDAP_SUCCESS) return Ok();
    if (IsRefusedBind(code)) {
      return Unauthenticated("the directory does not take this password").Reason("wrong_password");
    }
    return BrokenBy("bind", code);
  }

  Result<std::vector<Entry>> Find(const Search& search) override {
    BW_TRY_STATUS(Prepare());
    std::vector<char*> names;
    for (const std::string& name : search.attributes)
      names.push_back(const_cast<char*>(name.c_str()));
    names.push_back(nullptr);
    timeval left = ToTimeval(Left());
    int id = 0;
    const int sent = ldap_search_ext(
        handle_.get(), search.base.c_str(),
        search.scope == Scope::kBase ? LDAP_SCOPE_BASE : LDAP_SCOPE_SUBTREE, search.filter.c_str(),
        names.data(), 0, nullptr, nullptr, &left, static_cast<int>(search.most), &id);
    if (sent != LDAP_SUCCESS) return BrokenBy("search", sent);
    return Collect(id, search.most);
  }

 private:
  milliseconds Left() const {
    return std::chrono::duration_cast<milliseconds>(deadline_ - steady_clock::now());
  }

  // Every operation gets what is left of the time.
  Status Prepare() {
    if (Left() <= milliseconds::zero()) return Late();
    const timeval left = ToTimeval(Left());
    ldap_set_option(handle_.get(), LDAP_OPT_TIMEOUT, &left);
    return Ok();
  }

  Result<Message> Receive(int id, int all) {
    if (Left() <= milliseconds::zero()) return Late();
    timeval left = ToTimeval(Left());
    LDAPMessage* message = nullptr;
    const int kind = ldap_result(handle_.get(), id, all, &left, &message);
    Message owned(message);
    if (kind > 0) return owned;
    ldap_abandon_ext(handle_.get(), id, nullptr, nullptr);
    if (kind == 0) return Late();
    int code = LDAP_OTHER;
    ldap_get_option(handle_.get(), LDAP_OPT_RESULT_CODE, &code);
    return BrokenBy("answer", code);
  }

  Result<int> CodeOf(LDAPMessage* message) {
    int code = LDAP_OTHER;
    const int parsed =
        ldap_parse_result(handle_.get(), message, &code, nullptr, nullptr, nullptr, nullptr, 0);
    if (parsed != LDAP_SUCCESS) return BrokenBy("answer", parsed);
    return code;
  }

  // One message after the other, so that what a directory may send without end is never kept.
  Result<std::vector<Entry>> Collect(int id, std::size_t most) {
    std::vector<Entry> entries;
    while (true) {
      BW_TRY(const Message message, Receive(id, LDAP_MSG_ONE));
      const int kind = ldap_msgtype(message.get());
      if (kind == LDAP_RES_SEARCH_ENTRY) {
        entries.push_back(ReadEntry(message.get()));
        if (entries.size() < most) continue;
        ldap_abandon_ext(handle_.get(), id, nullptr, nullptr);
        return entries;
      }
      if (kind != LDAP_RES_SEARCH_RESULT) continue;  // a referral, which is not followed
      BW_TRY(const int code, CodeOf(message.get()));
      if (code == LDAP_NO_SUCH_OBJECT) return std::vector<Entry>{};
      if (code == LDAP_SUCCESS || code == LDAP_SIZELIMIT_EXCEEDED || code == LDAP_REFERRAL) {
        return entries;
      }
      return BrokenBy("search", code);
    }
  }

  Entry ReadEntry(LDAPMessage* message) {
    Entry entry;
    if (const Text dn(ldap_get_dn(handle_.get(), message)); dn != nullptr) entry.dn = dn.get();
    BerElement* cursor = nullptr;
    Text name(ldap_first_attribute(handle_.get(), message, &cursor));
    for (; name != nullptr; name.reset(ldap_next_attribute(handle_.get(), message, cursor))) {
      const std::unique_ptr<berval*, FreeValues> values(
          ldap_get_values_len(handle_.get(), message, name.get()));
      auto& kept = entry.attributes[LowerAscii(name.get())];
      for (berval** value = values.get();
           value != nullptr && *value != nullptr && kept.size() < Entry::kMaxValues; ++value) {
        const std::string_view text((*value)->bv_val, (*value)->bv_len);
        if (text.size() <= Entry::kMaxValueOctets) kept.emplace_back(text);
      }
    }
    ber_free(cursor, 0);
    return entry;
  }

  // What the watchdog has ended, it has ended late.
  Error BrokenBy(std::string_view what, int code) const {
    if (code == LDAP_TIMEOUT || code == LDAP_TIMELIMIT_EXCEEDED || Left() <= milliseconds::zero()) {
      return Late();
    }
    return Broken(std::string(what) + ": " + ldap_err2string(code));
  }

  const Handle handle_;
  const steady_clock::time_point deadline_;
  const Watchdog watchdog_;  // ends before the handle closes its socket
};

struct FreeUrl {
  void operator()(LDAPURLDesc* url) const { ldap_free_urldesc(url); }
};

Status SetOptions(LDAP* handle, const ServerOptions& options) {
  const int version = LDAP_VERSION3;
  const int demand = LDAP_OPT_X_TLS_DEMAND;
  bool good = ldap_set_option(handle, LDAP_OPT_PROTOCOL_VERSION, &version) == LDAP_OPT_SUCCESS &&
              ldap_set_option(handle, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) == LDAP_OPT_SUCCESS &&
              ldap_set_option(handle, LDAP_OPT_RESTART, LDAP_OPT_ON) == LDAP_OPT_SUCCESS &&
              ldap_set_option(handle, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) == LDAP_OPT_SUCCESS;
  const std::string ca_file =
      options.ca_file.empty() ? "/etc/ssl/certs/ca-certificates.crt" : options.ca_file;
  good = good &&
         ldap_set_option(handle, LDAP_OPT_X_TLS_CACERTFILE, ca_file.c_str()) == LDAP_OPT_SUCCESS;
  const int as_client = 0;
  good = good && ldap_set_option(handle, LDAP_OPT_X_TLS_NEWCTX, &as_client) == LDAP_OPT_SUCCESS;
  Sockbuf* socket = nullptr;
  good = good && ldap_get_option(handle, LDAP_OPT_SOCKBUF, &socket) == LDAP_OPT_SUCCESS;
  if (!good) return Broken("the options of libldap, such as the CA file, cannot be set");
  ber_len_t most = options.max_answer_octets;
  ber_sockbuf_ctrl(socket, LBER_SB_OPT_SET_MAX_INCOMING, &most);
  return Ok();
}

}  // namespace

bool IsRefusedBind(int result_code) {
  switch (result_code) {
    case LDAP_INVALID_CREDENTIALS:
    case LDAP_NO_SUCH_OBJECT:
    case LDAP_INAPPROPRIATE_AUTH:
    case LDAP_INVALID_DN_SYNTAX:
    case LDAP_CONSTRAINT_VIOLATION:
    case LDAP_UNWILLING_TO_PERFORM: return true;
    default: return false;
  }
}

std::string_view Entry::First(std::string_view attribute) const {
  const auto found = attributes.find(attribute);
  return found == attributes.end() || found->second.empty() ? std::string_view{}
                                                            : found->second.front();
}

Result<std::unique_ptr<Connection>> OpenConnection(const ServerOptions& options) {
  BW_TRY_STATUS(BeforeWaiting());
  const auto deadline = steady_clock::now() + options.timeout;
  LDAPURLDesc* described = nullptr;
  if (ldap_url_parse(options.url.c_str(), &described) != LDAP_URL_SUCCESS) {
    return Broken("not an LDAP URL: " + options.url);
  }
  const std::unique_ptr<LDAPURLDesc, FreeUrl> url(described);
  static HostLookUps look_ups;
  BW_TRY(const net::UniqueFd socket,
         ConnectTo(look_ups, url->lud_host, std::to_string(url->lud_port), deadline));
  LDAP* made = nullptr;
  // libldap closes the one it has.
  const int fd = ::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return Broken("no descriptor is left");
  if (const int code = ldap_init_fd(fd, LDAP_PROTO_TCP, options.url.c_str(), &made);
      code != LDAP_SUCCESS) {
    ::close(fd);
    return Broken(std::string("initialize: ") + ldap_err2string(code));
  }
  Handle handle(made);
  BW_TRY_STATUS(SetOptions(handle.get(), options));
  auto connection = std::make_unique<LibldapConnection>(std::move(handle), fd, deadline);
  const bool tls_at_once = options.url.starts_with("ldaps://");
  if (tls_at_once || options.start_tls) {
    BW_TRY_STATUS(connection->BeginTls(!tls_at_once));
  }
  return std::unique_ptr<Connection>(std::move(connection));
}

}  // namespace breakwater::iam::ldap
