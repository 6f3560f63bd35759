#include "iam/sign_in/sign_in.h"

#include <algorithm>

#include "base/strings.h"
#include "crypto/hash.h"
#include "iam/alerts.h"
#include "observe/log.h"

namespace breakwater::iam {
namespace {

constexpr std::string_view kAction = "iam-identity.session.create";
constexpr SessionLimits kBreakGlassLimits{
    .life = std::chrono::hours{1}, .idle = std::chrono::minutes{15}, .most = 5};

// Where no rule says how long.
constexpr std::chrono::seconds kWorkloadLife{3600};
// A profile is acted as by many jobs at once.
constexpr std::int64_t kWorkloadSessions = 10'000;

control::Resource SessionsOf(const AccountId& account, const IamId& iam_id) {
  return IamResource(account, "iam-identity", "session", iam_id.value());
}

bool IsRefusedUnheard(const Error& error) {
  return error.code() == ErrorCode::kRateLimited;
}

Status CheckForm(const PasswordGrant& grant) {
  const bool good_name = !grant.name.empty() && grant.name.size() <= SignIn::kMaxName &&
                         IsValidUtf8(grant.name) && grant.name.find('\0') == std::string::npos;
  // An empty password is no proof of anything, whatever a directory says to it (RFC 4513 §5.1.2).
  const bool good_password =
      !grant.password.empty() && grant.password.Reveal().size() <= crypto::kMaxPasswordOctets;
  if (!good_name || !good_password) return WrongNameOrPassword();
  return Ok();
}

}  // namespace

SignIn::SignIn(SignInDeps deps, BreakGlass break_glass, std::vector<AskedSource> sources)
    : deps_(deps), break_glass_(std::move(break_glass)), sources_(std::move(sources)) {}

Result<SessionLimits> SignIn::LimitsOf(const AccountId& account) {
  BW_TRY(const auto settings, deps_.changes.database.ReadValue([&](db::Transaction& tx) {
    return store::ReadAccountSettings(tx, account);
  }));
  const SessionLimits usual;
  return SessionLimits{.life = settings.session_life.value_or(usual.life),
                       .idle = settings.session_idle.value_or(usual.idle),
                       .most = settings.max_sessions.value_or(usual.most)};
}

void SignIn::Record(const control::Origin& origin, const control::Actor& actor,
                    const Error& error) {
  deps_.changes.changes.RecordRefusal({.actor = actor, .origin = origin}, kAction,
                                      SessionsOf(deps_.account, actor.iam_id), error);
}

Status SignIn::Charge(Attempt& attempt, ThrottleSubject subject) {
  BW_TRY_STATUS(deps_.throttle.EnterName(subject));
  attempt.charged.push_back(std::move(subject));
  return Ok();
}

Status SignIn::ChargeName(Attempt& attempt, std::string_view name) {
  BW_TRY(const auto iam_id, deps_.changes.database.ReadValue([&](db::Transaction& tx) {
    return store::FindUserByEmail(tx, deps_.account, LowerAscii(name));
  }));
  const std::string& address = attempt.origin.address;
  attempt.actor.account = deps_.account;
  if (iam_id) {
    attempt.actor.iam_id = *iam_id;
    attempt.actor.name = std::string(name);
    return Charge(attempt, SignInThrottle::User(*iam_id, address));
  }
  // What is no name may be a password in the wrong field, so it is kept nowhere. Directories
  // compare without case and outer spaces, so one person is not many names.
  attempt.actor.name = "an unknown name";
  return Charge(attempt, SignInThrottle::Unknown(deps_.hasher, LowerAscii(Trim(name)), address));
}

Result<Login> SignIn::WithPassword(const control::Origin& origin, const PasswordGrant& grant) {
  BW_TRY_STATUS(CheckForm(grant));
  if (!break_glass_.password_hash.empty() && grant.name == break_glass_.name) {
    return ByBreakGlass(origin, grant.password);
  }
  BW_TRY_STATUS(deps_.throttle.EnterAddress(origin.address));
  Attempt attempt{.origin = origin};
  BW_TRY_STATUS(ChargeName(attempt, grant.name));
  auto login = ByPassword(attempt, grant);
  if (login.ok()) {
    deps_.throttle.ForgetAddress(origin.address);
    for (const ThrottleSubject& subject : attempt.charged) {
      BW_TRY_STATUS(deps_.throttle.ForgetName(subject));
    }
  } else if (!IsRefusedUnheard(login.error())) {
    Record(origin, attempt.actor, login.error());
  }
  return login;
}

Result<Login> SignIn::ByPassword(Attempt& attempt, const PasswordGrant& grant) {
  const control::Origin& origin = attempt.origin;
  BW_TRY(const Asked asked, Ask(attempt, grant));
  if (asked.by->admission)
    return WithPerson(origin, *asked.by->admission, asked.person, "password");
  const Person& person = asked.person;
  if (person.must_choose_password) {
    if (grant.new_password.empty()) {
      return Denied("this password was made to be changed: sign in with new_password as well")
          .Reason("password_change_required");
    }
    control::Caller self{.actor = {}, .origin = origin};
    self.actor.kind = control::IdentityKind::kUser;
    self.actor.account = deps_.account;
    self.actor.iam_id = person.iam_id;
    self.actor.credential = "password";
    if (grant.new_password == grant.password) {
      return Invalid("new_password must be another one").Reason("weak_password");
    }
    // The password was right: what others tried must not keep its owner from choosing a better one.
    BW_TRY_STATUS(deps_.throttle.ForgetName(SignInThrottle::User(person.iam_id, origin.address)));
    BW_TRY_STATUS(deps_.passwords.Change(self, grant.password, grant.new_password));
  }
  BW_TRY(const SessionLimits limits, LimitsOf(deps_.account));
  return Begin(origin, deps_.account, person.iam_id, std::string(asked.by->source->name()),
               "password", limits);
}

Error SignIn::Refuse(const AskedSource* by, Error refusal) {
  bool looked = true;
  for (const AskedSource& one : sources_) {
    if (&one == by) {
      looked = false;
      continue;
    }
    if (const Status pretended = one.source->PretendToRefuse(looked); !pretended.ok()) {
      return pretended.error();
    }
  }
  return refusal;
}

Result<SignIn::Asked> SignIn::Ask(Attempt& attempt, const PasswordGrant& grant) {
  std::optional<Error> silent;
  for (const AskedSource& one : sources_) {
    const auto before = [&](std::string_view subject) -> Status {
      if (!one.admission) return Ok();
      return Charge(
          attempt, SignInThrottle::OfSource(one.admission->realm, subject, attempt.origin.address));
    };
    auto person = one.source->Check(grant.name, grant.password, before);
    if (!person.ok()) {
      const ErrorCode code = person.error().code();
      if (code == ErrorCode::kUnauthenticated) return Refuse(&one, person.error());
      if (code != ErrorCode::kUnavailable && code != ErrorCode::kDeadline) return person.error();
      observe::LogError(observe::Level::kWarning, "a source of identities does not answer",
                        person.error(), {{"source", one.source->name()}});
      silent = person.error();
      continue;
    }
    if (!*person) continue;
    return Asked{**std::move(person), &one};
  }
  if (silent) {
    return Unavailable("a source of identities does not answer: try again later")
        .Reason("source_unavailable")
        .Log(silent->message());
  }
  return Refuse(nullptr, WrongNameOrPassword());
}

Result<Login> SignIn::WithPerson(const control::Origin& origin, const Admission& admission,
                                 const Person& person, std::string_view method) {
  BW_TRY(const IamId iam_id, deps_.federation.Admit(deps_.account, admission, person));
  BW_TRY(const SessionLimits limits, LimitsOf(deps_.account));
  return Begin(origin, deps_.account, iam_id, admission.source, method, limits);
}

Result<Passcode> SignIn::PasscodeFor(const control::Origin& origin, const Admission& admission,
                                     const Person& person, std::string challenge) {
  auto iam_id = deps_.federation.Admit(deps_.account, admission, person);
  if (!iam_id.ok()) {
    RecordRefusal(origin, iam_id.error());
    return iam_id.error();
  }
  return deps_.passcodes.Make({.account = deps_.account,
                               .iam_id = *iam_id,
                               .source = admission.source,
                               .session_id = {},
                               .session_ends = {},
                               .proved = deps_.changes.clock.Now(),
                               .challenge = std::move(challenge)});
}

void SignIn::RecordRefusal(const control::Origin& origin, const Error& error) {
  // Strangers must not be able to fill the trail.
  if (!records_.EnterAddress(origin.address).ok()) return;
  control::Actor nobody;
  nobody.account = deps_.account;
  Record(origin, nobody, error);
}

Status SignIn::EnterDevice(const control::Origin& origin) {
  return devices_.EnterAddress(origin.address);
}

Status SignIn::EnterDevicePoll(const control::Origin& origin) {
  return polls_.EnterAddress(origin.address);
}

Result<Login> SignIn::WithWorkload(const control::Origin& origin, const WorkloadGrant& grant) {
  const Timestamp now = deps_.changes.clock.Now();
  BW_TRY(const auto trusted,
         deps_.changes.database.ReadValue(
             [&](db::Transaction& tx) -> Result<std::optional<std::pair<IamId, Trusted>>> {
               BW_TRY(const auto profile,
                      grant.profile_id.empty()
                          ? store::FindProfileByName(tx, deps_.account, grant.profile_name)
                          : store::FindProfile(tx, grant.profile_id));
               if (!profile || profile->account != deps_.account) {
                 return std::optional<std::pair<IamId, Trusted>>{};
               }
               BW_TRY(const Trust trust, store::ReadTrust(tx, profile->id));
               const auto by = MayAssume(trust, profile->account, grant.assumer);
               if (!by) return std::optional<std::pair<IamId, Trusted>>{};
               return std::optional(std::pair(profile->iam_id, *by));
             }));
  if (!trusted) {
    const Error refusal = Denied("there is no trusted profile of that name that trusts this token")
                              .Reason("profile_not_trusted");
    RecordRefusal(origin, refusal);
    return refusal;
  }
  SessionLimits limits;
  const auto life = trusted->second.life.value_or(kWorkloadLife);
  const auto left = std::chrono::floor<std::chrono::seconds>(grant.token_end - now);
  limits.life = std::min(life, left);
  limits.idle = limits.life;
  limits.most = kWorkloadSessions;
  return Begin(origin, deps_.account, trusted->first, grant.source, "token-exchange", limits);
}

Status SignIn::End(const control::Origin& origin, const Session& session, std::string_view why) {
  control::Caller caller = control::SystemCaller(session.account, "sign-in from " + session.source);
  caller.origin = origin;
  return deps_.changes.changes.Submit(
      caller, {.action = "iam-identity.session.delete",
               .resource = SessionsOf(session.account, session.iam_id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY_STATUS(store::EndSession(tx, session.id, deps_.changes.clock.Now(), why));
                 return Changed(tx, session.account, ToJson(session), nullptr);
               }});
}

Status SignIn::Recheck(const control::Origin& origin, std::string_view session_id) {
  BW_TRY(const auto session, deps_.changes.database.ReadValue([&](db::Transaction& tx) {
    return store::FindSession(tx, session_id);
  }));
  BW_TRY_STATUS(CheckSession(session, deps_.changes.clock.Now()));
  const auto asked = std::find_if(sources_.begin(), sources_.end(), [&](const AskedSource& one) {
    return one.admission && one.source->name() == session->source;
  });
  if (asked == sources_.end()) return Ok();
  BW_TRY(const auto subject,
         deps_.federation.SubjectOf(session->account, asked->admission->realm, session->iam_id));
  auto person = subject ? asked->source->LookUp(*subject) : Result(std::optional<Person>{});
  if (!person.ok()) {
    return Unavailable("the source of your identity does not answer: try again later")
        .Reason("source_unavailable")
        .Log(person.error().message() + ": " + person.error().log());
  }
  if (!*person) {
    BW_TRY_STATUS(End(origin, *session, "gone_from_source"));
    return Unauthenticated("the session was ended: sign in again").Reason("session_revoked");
  }
  BW_TRY_STATUS(deps_.federation.Admit(session->account, *asked->admission, **person));
  return deps_.changes.database.Write([&](db::Transaction& tx) {
    return store::MarkSessionChecked(tx, session_id, deps_.changes.clock.Now());
  });
}

Status SignIn::BeforeRefresh(const control::Origin& origin, const Session& session) {
  if (session.checked + kCheckedFor > deps_.changes.clock.Now()) return Ok();
  return Recheck(origin, session.id);
}

Error SignIn::OnReplay(const control::Origin& origin, const Session& session) {
  return deps_.sessions.EndReplayed(origin, session).error();
}

Result<Login> SignIn::Begin(const control::Origin& origin, const AccountId& account,
                            const IamId& iam_id, std::string source, std::string_view method,
                            const SessionLimits& limits) {
  BW_TRY(const auto who, deps_.cache.Get(account, iam_id));
  control::Caller caller{.actor = {}, .origin = origin};
  caller.actor.kind = who->identity.kind;
  caller.actor.account = account;
  caller.actor.iam_id = iam_id;
  caller.actor.name = who->identity.name;
  caller.actor.credential = std::string(method);
  const audit::Severity severity =
      IsBreakGlass(iam_id) ? audit::Severity::kCritical : audit::Severity::kNormal;
  std::vector<jobs::Event> events;
  if (IsBreakGlass(iam_id)) {
    const std::string at = FormatRfc3339(deps_.changes.clock.Now());
    events.push_back(ToEvent({.account = account,
                              .type = "break_glass_used",
                              .severity = "critical",
                              .name = "break-glass-" + at,
                              .payload = {{"message", "the break-glass identity signed in"},
                                          {"at", json::Text(at)},
                                          {"address", json::Text(origin.address)}}}));
  }
  BW_TRY(const Session session,
         deps_.sessions.Begin(caller, std::move(source), limits, severity, std::move(events)));
  return deps_.credentials.WithSession(session, std::string(method));
}

Result<Login> SignIn::ByBreakGlass(const control::Origin& origin, const Secret& password) {
  const auto good = [&]() -> Result<bool> {
    BW_TRY(const auto turn, break_glass_turns_.Take(origin.address));
    return break_glass_hasher_.Verify(password, break_glass_.password_hash.Reveal());
  }();
  if (!good.ok()) return good.error();
  const IamId iam_id{std::string(kBreakGlassId)};
  if (!*good) {
    break_glass_turns_.Waste(origin.address);
    observe::Log(observe::Level::kWarning, "a wrong password for the break-glass identity",
                 {{"address", origin.address}});
    control::Actor actor;
    actor.account = deps_.account;
    actor.iam_id = iam_id;
    actor.name = "break-glass identity";
    const Error refusal = WrongNameOrPassword();
    Record(origin, actor, refusal);
    return refusal;
  }
  observe::Log(observe::Level::kWarning, "THE BREAK-GLASS IDENTITY SIGNED IN",
               {{"address", origin.address}, {"user_agent", origin.user_agent}});
  return Begin(origin, deps_.account, iam_id, std::string(kBreakGlassSource), "break-glass",
               kBreakGlassLimits);
}

Result<Login> SignIn::WithPasscode(const control::Origin& origin, const Secret& value,
                                   const Secret& verifier) {
  BW_TRY_STATUS(deps_.throttle.EnterAddress(origin.address));
  const auto owner = deps_.passcodes.Use(value, verifier);
  if (!owner.ok()) {
    control::Actor nobody;
    nobody.account = deps_.account;
    if (owner.error().code() == ErrorCode::kUnauthenticated) {
      Record(origin, nobody, owner.error());
    }
    return owner.error();
  }
  deps_.throttle.ForgetAddress(origin.address);
  BW_TRY(SessionLimits limits, LimitsOf(owner->account));
  limits.proved = owner->proved;
  if (owner->session_ends) {
    const auto left =
        std::chrono::floor<std::chrono::seconds>(*owner->session_ends - deps_.changes.clock.Now());
    limits.life = std::min(limits.life, left);
  }
  return Begin(origin, owner->account, owner->iam_id, owner->source, "passcode", limits);
}

Result<Passcode> SignIn::MakePasscode(const control::Caller& caller) {
  const control::Actor& actor = caller.actor;
  const bool person = actor.kind == control::IdentityKind::kUser && !IsBreakGlass(actor.iam_id);
  if (!person || !IsSessionId(actor.credential_id)) {
    return Denied("a passcode is for a person who has signed in without an API key")
        .Reason("session_required");
  }
  BW_TRY(const Session session, deps_.sessions.Get(caller, actor.account, actor.credential_id));
  return deps_.passcodes.Make({.account = actor.account,
                               .iam_id = actor.iam_id,
                               .source = session.source,
                               .session_id = session.id,
                               .session_ends = session.expires,
                               .proved = session.proved});
}

}  // namespace breakwater::iam
