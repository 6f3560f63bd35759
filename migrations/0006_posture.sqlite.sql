-- Security posture: validation scans with their results, the present state of every goal, and the
-- moments at which it changed.
CREATE TABLE posture_scan (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  account          TEXT    NOT NULL,
  scope_id         TEXT    NOT NULL,
  profile_id       TEXT    NOT NULL,
  group_profile_id TEXT    NOT NULL,
  requested_by     TEXT    NOT NULL,
  status           TEXT    NOT NULL,
  created          INTEGER NOT NULL,
  started          INTEGER,
  ended            INTEGER,
  document         TEXT              -- the results with their evidence, once ended
) STRICT;

CREATE INDEX posture_scan_by_account ON posture_scan (account, id);

CREATE TABLE posture_state (
  account    TEXT    NOT NULL,
  profile_id TEXT    NOT NULL,
  goal_id    TEXT    NOT NULL,
  status     TEXT    NOT NULL,
  since      INTEGER NOT NULL,
  checked    INTEGER NOT NULL,
  document   TEXT    NOT NULL,
  PRIMARY KEY (account, profile_id, goal_id)
) STRICT, WITHOUT ROWID;

-- One row for each change of a goal's status: "were we compliant on 31 March, and why not".
CREATE TABLE posture_history (
  account    TEXT    NOT NULL,
  profile_id TEXT    NOT NULL,
  goal_id    TEXT    NOT NULL,
  at         INTEGER NOT NULL,
  status     TEXT    NOT NULL,
  document   TEXT    NOT NULL,
  PRIMARY KEY (account, profile_id, goal_id, at)
) STRICT, WITHOUT ROWID;

-- An account's own values of a profile's parameters; absent: the goal's default.
CREATE TABLE posture_parameter (
  account    TEXT NOT NULL,
  profile_id TEXT NOT NULL,
  name       TEXT NOT NULL,
  value      TEXT NOT NULL,
  PRIMARY KEY (account, profile_id, name)
) STRICT, WITHOUT ROWID;
