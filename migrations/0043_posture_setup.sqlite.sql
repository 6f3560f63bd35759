-- What the reference system has set up before it scans: collectors, credentials, scopes, groups of
-- profiles. Scopes that were deleted stay, for the history that names them.
CREATE TABLE posture_setup (
  id          INTEGER NOT NULL PRIMARY KEY,
  account     TEXT NOT NULL,
  kind        TEXT NOT NULL,
  name        TEXT NOT NULL,
  document    TEXT NOT NULL,  -- JSON, in the words of the API; no secrets
  enabled     INTEGER NOT NULL,
  created     INTEGER NOT NULL,
  created_by  TEXT NOT NULL,
  modified    INTEGER NOT NULL,
  modified_by TEXT NOT NULL
) STRICT;
CREATE INDEX posture_setup_account ON posture_setup (account, kind, id);
