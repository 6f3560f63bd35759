-- Posture kept by change points: what an attachment's goals and resources were is one row for as
-- long as it stayed so. Scans and their results of before are not carried over: they named neither
-- an attachment nor a profile's version.

DROP TABLE posture_scan;
DROP TABLE posture_state;
DROP TABLE posture_history;

-- A profile's versions are self-contained documents that never change; predefined profiles belong to
-- no account ('').
CREATE TABLE posture_profile (
  id       TEXT NOT NULL PRIMARY KEY,
  account  TEXT NOT NULL,
  name     TEXT NOT NULL,
  version  INTEGER NOT NULL,  -- the latest
  enabled  INTEGER NOT NULL,
  deleted_reason TEXT NOT NULL,
  created  INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  modified INTEGER NOT NULL,
  modified_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX posture_profile_account ON posture_profile (account, id);

CREATE TABLE posture_profile_version (
  profile_id TEXT NOT NULL,
  version    INTEGER NOT NULL,
  digest     TEXT NOT NULL,
  created    INTEGER NOT NULL,
  document   TEXT NOT NULL,
  PRIMARY KEY (profile_id, version)
) STRICT;

-- Numbers for custom profiles and their controls, apart from those the program brings along.
CREATE TABLE posture_number (
  name TEXT NOT NULL PRIMARY KEY,
  next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE posture_attachment (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  account         TEXT NOT NULL,
  scope_id        TEXT NOT NULL,
  profile_id      TEXT NOT NULL,
  profile_version INTEGER NOT NULL,
  parameters      TEXT NOT NULL,   -- JSON object: name -> value that is not the default
  every_seconds   INTEGER,          -- a scan on record that often; NULL: on demand
  next_scan       INTEGER,
  enabled         INTEGER NOT NULL,
  created         INTEGER NOT NULL,
  created_by      TEXT NOT NULL,
  evaluated       INTEGER NOT NULL, -- the clock of its change points: never goes back
  checked         INTEGER,          -- when all of it was last looked at
  UNIQUE (account, scope_id, profile_id)
) STRICT;
CREATE INDEX posture_attachment_due ON posture_attachment (next_scan) WHERE next_scan IS NOT NULL;

-- What was in force when: [at, until).
CREATE TABLE posture_attachment_version (
  attachment_id   INTEGER NOT NULL,
  at              INTEGER NOT NULL,
  until           INTEGER,
  profile_version INTEGER NOT NULL,
  parameters      TEXT NOT NULL,
  PRIMARY KEY (attachment_id, at)
) STRICT, WITHOUT ROWID;

INSERT INTO posture_attachment (account, scope_id, profile_id, profile_version, parameters, enabled,
                                created, created_by, evaluated)
  SELECT account, '1', profile_id, 1, json_group_object(name, json(value)), 1, 0, '', 0
  FROM posture_parameter GROUP BY account, profile_id;
INSERT INTO posture_attachment_version (attachment_id, at, until, profile_version, parameters)
  SELECT id, 0, NULL, profile_version, parameters FROM posture_attachment;
DROP TABLE posture_parameter;

-- Facts by their digest: most resources of a kind are alike, and most stay as they are.
CREATE TABLE posture_facts (
  digest   TEXT NOT NULL PRIMARY KEY,
  document TEXT NOT NULL  -- JSON: property -> fact, without the time it was observed at
) STRICT, WITHOUT ROWID;

-- A resource as evaluated, [at, until). "statuses" has a letter for each goal of the profile's
-- version on its kind, in the profile's order.
CREATE TABLE posture_resource (
  attachment_id INTEGER NOT NULL,
  type          TEXT NOT NULL,  -- "container-registry/service"
  crn           TEXT NOT NULL,
  at            INTEGER NOT NULL,
  until         INTEGER,
  place         TEXT NOT NULL,  -- JSON: the coordinates it is read by
  statuses      TEXT NOT NULL,
  facts_digest  TEXT NOT NULL,  -- '': nothing could be read
  error         TEXT NOT NULL,
  PRIMARY KEY (attachment_id, type, crn, at)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX posture_resource_now ON posture_resource (attachment_id, type, crn)
  WHERE until IS NULL;
CREATE INDEX posture_resource_facts ON posture_resource (facts_digest);

-- A goal as it stood, [at, until), with its resources counted.
CREATE TABLE posture_goal (
  attachment_id  INTEGER NOT NULL,
  goal_id        TEXT NOT NULL,
  at             INTEGER NOT NULL,
  until          INTEGER,
  status         TEXT NOT NULL,
  since          INTEGER NOT NULL,  -- since when the status, if not the counts, is this
  checked        INTEGER NOT NULL,
  pass           INTEGER NOT NULL,
  fail           INTEGER NOT NULL,
  unable         INTEGER NOT NULL,
  not_applicable INTEGER NOT NULL,
  error          TEXT NOT NULL,    -- why nothing could be performed at all
  PRIMARY KEY (attachment_id, goal_id, at)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX posture_goal_now ON posture_goal (attachment_id, goal_id) WHERE until IS NULL;

CREATE TABLE posture_scan (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  attachment_id    INTEGER NOT NULL,
  account          TEXT NOT NULL,
  scope_id         TEXT NOT NULL,
  profile_id       TEXT NOT NULL,
  profile_version  INTEGER NOT NULL,
  group_profile_id TEXT NOT NULL,
  requested_by     TEXT NOT NULL,
  status           TEXT NOT NULL,
  created          INTEGER NOT NULL,
  started          INTEGER,
  ended            INTEGER,
  moment           INTEGER,  -- its results are the posture at this time
  counts           TEXT     -- JSON: goals, controls and score, once ended
) STRICT;
CREATE INDEX posture_scan_account ON posture_scan (account, id);
CREATE INDEX posture_scan_attachment ON posture_scan (attachment_id, id);
