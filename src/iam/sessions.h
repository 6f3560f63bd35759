// Sessions: what the tokens of somebody who signed in without an API key rest on. A token dies with
// its session, at once and everywhere.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iam/changes.h"

namespace breakwater::iam {

struct Session {
  std::string id;  // "Session-…"
  AccountId account;
  IamId iam_id;
  std::string source;   // where they proved who they are
  std::string address;  // from which it was begun
  std::string agent;
  // Of the one refresh token that is good; each use of it makes the next.
  std::int64_t refresh_generation = 1;
  Timestamp created;
  Timestamp last_used;  // up to UseGrain old
  Timestamp expires;
  std::chrono::seconds idle{};
  Timestamp proved{};   // when they proved who they are, in this session or one it came from
  Timestamp checked{};  // when the source last said that it knows them
  std::optional<Timestamp> revoked{};
  std::string revoked_why{};
};

bool IsSessionId(std::string_view credential_id);
// How coarsely use is written down: what is idle for so much longer than allowed is certainly over.
std::chrono::seconds UseGrain(const Session& session);
// When it ends if nobody uses it any more.
Timestamp EndOf(const Session& session);
// kUnauthenticated "session_unknown", "session_revoked", "session_expired" or "session_idle".
Status CheckSession(const std::optional<Session>& session, Timestamp now);
json::Value ToJson(const Session& session);

struct SessionLimits {
  std::optional<Timestamp> proved{};  // when they proved who they are; absent: now
  std::chrono::seconds life{std::chrono::hours{24}};
  std::chrono::seconds idle{std::chrono::hours{2}};
  std::int64_t most = 100;  // of one identity; the oldest ends for the one too many
};

struct SessionFilter {
  IamId iam_id;        // empty: everybody's
  bool ended = false;  // those that are over, too
};

namespace store {

Result<std::optional<Session>> FindSession(db::Transaction& tx, std::string_view id);
// Writes down that it is in use, unless somebody did later.
Status TouchSession(db::Transaction& tx, std::string_view id, Timestamp now);
// Writes down that its source still knows its user.
Status MarkSessionChecked(db::Transaction& tx, std::string_view id, Timestamp now);
Status EndSession(db::Transaction& tx, std::string_view id, Timestamp now, std::string_view why);
// All that stand of an identity but `spared`; how many those were.
Result<std::int64_t> EndSessionsOf(db::Transaction& tx, const IamId& iam_id,
                                   std::string_view spared, Timestamp now, std::string_view why);

// Ends those that were begun at other sources than these, with their passcodes; how many.
Result<std::int64_t> EndSessionsOfOtherSources(db::Transaction& tx,
                                               const std::vector<std::string>& sources,
                                               Timestamp now);

}  // namespace store

// Thread-safe. Everybody manages their own sessions; others' take Administrator on iam-identity,
// and to see them Viewer. One that may not be seen looks absent.
class Sessions {
 public:
  explicit Sessions(ChangeDeps deps, control::Authorizer& authorizer)
      : deps_(deps), authorizer_(authorizer) {}

  // For somebody who has just proved who they are: `who.actor` is they, its credential what they
  // proved it by. Where the account bounds their sessions, the oldest ends.
  Result<Session> Begin(const control::Caller& who, std::string source, SessionLimits limits,
                        audit::Severity severity = audit::Severity::kNormal,
                        std::vector<jobs::Event> events = {});
  // Uses up the refresh token of `generation`: the session's next is good from now on. A token that
  // was used before ends the session: there are two who have it. kUnauthenticated
  // "refresh_token_replayed", or as CheckSession.
  Result<Session> Rotate(const control::Origin& origin, std::string_view id,
                         std::int64_t generation);

  // For a refresh token that was used before and is presented again: there are two who have it, so
  // the session ends, and this answers kUnauthenticated "refresh_token_replayed".
  Status EndReplayed(const control::Origin& origin, const Session& session);

  Result<store::Listed<Session>> List(const control::Caller& caller, const AccountId& account,
                                      const SessionFilter& filter, const store::Page& page);
  Result<Session> Get(const control::Caller& caller, const AccountId& account, std::string_view id);
  Status Revoke(const control::Caller& caller, const AccountId& account, std::string_view id);
  // All of an identity's; how many.
  Result<std::int64_t> RevokeAll(const control::Caller& caller, const AccountId& account,
                                 const IamId& iam_id);
  // Removes the rows of those that ended `kKeptAfterEnd` ago, at most some thousands at a time.
  Status Sweep();

  static constexpr std::chrono::hours kKeptAfterEnd{24 * 30};

 private:
  ChangeDeps deps_;
  control::Authorizer& authorizer_;
};

}  // namespace breakwater::iam
