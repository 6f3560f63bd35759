-- What the reference system has set up before it scans: collectors, credentials, scopes, groups of
-- profiles. Scopes that were deleted stay, for the history that names them.
CREATE TABLE posture_setup (
  id          BIGINT NOT NULL PRIMARY KEY,
  account     TEXT COLLATE "C" NOT NULL,
  kind        TEXT COLLATE "C" NOT NULL,
  name        TEXT COLLATE "C" NOT NULL,
  document    TEXT COLLATE "C" NOT NULL,  -- JSON, in the words of the API; no secrets
  enabled     BIGINT NOT NULL,
  created     BIGINT NOT NULL,
  created_by  TEXT COLLATE "C" NOT NULL,
  modified    BIGINT NOT NULL,
  modified_by TEXT COLLATE "C" NOT NULL
);
CREATE INDEX posture_setup_account ON posture_setup (account, kind, id);
