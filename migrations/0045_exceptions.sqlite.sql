-- The one register of exceptions, which governance and posture both read.
CREATE TABLE control_exception (
  id           TEXT NOT NULL PRIMARY KEY,
  account      TEXT NOT NULL,
  kind         TEXT NOT NULL,  -- "goal" or "rule"
  subject      TEXT NOT NULL,  -- the goal's or the rule's id
  crn          TEXT NOT NULL,  -- '': every resource
  owner        TEXT NOT NULL,
  reason       TEXT NOT NULL,
  ticket       TEXT NOT NULL,
  expires      INTEGER NOT NULL,
  requested    INTEGER NOT NULL,
  requested_by TEXT NOT NULL,
  approved     INTEGER,
  approver     TEXT NOT NULL,
  ended        INTEGER,         -- before it expired
  ended_by     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX control_exception_account ON control_exception (account, kind, expires);
