-- The one register of exceptions, which governance and posture both read.
CREATE TABLE control_exception (
  id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  account      TEXT COLLATE "C" NOT NULL,
  kind         TEXT COLLATE "C" NOT NULL,  -- "goal" or "rule"
  subject      TEXT COLLATE "C" NOT NULL,  -- the goal's or the rule's id
  crn          TEXT COLLATE "C" NOT NULL,  -- '': every resource
  owner        TEXT COLLATE "C" NOT NULL,
  reason       TEXT COLLATE "C" NOT NULL,
  ticket       TEXT COLLATE "C" NOT NULL,
  expires      BIGINT NOT NULL,
  requested    BIGINT NOT NULL,
  requested_by TEXT COLLATE "C" NOT NULL,
  approved     BIGINT,
  approver     TEXT COLLATE "C" NOT NULL,
  ended        BIGINT,         -- before it expired
  ended_by     TEXT COLLATE "C" NOT NULL
);
CREATE INDEX control_exception_account ON control_exception (account, kind, expires);
