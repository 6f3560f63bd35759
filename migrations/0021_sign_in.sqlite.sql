-- Signing in without an API key: sessions, passwords, identities elsewhere, and what lives for minutes.

-- What the tokens of somebody who signed in rest on: a token dies with its row's life.
CREATE TABLE iam_session (
  id TEXT PRIMARY KEY,                -- "Session-…"
  account_id TEXT NOT NULL REFERENCES iam_account (id),
  iam_id TEXT NOT NULL,
  source TEXT NOT NULL,               -- the name of where they proved who they are
  address TEXT NOT NULL,
  agent TEXT NOT NULL,
  refresh_generation INTEGER NOT NULL,  -- of the one refresh token that is good
  created_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,      -- coarsely
  expires_at INTEGER NOT NULL,
  idle_seconds INTEGER NOT NULL,
  revoked_at INTEGER,
  revoked_why TEXT NOT NULL
) STRICT;
CREATE INDEX iam_session_identity ON iam_session (account_id, iam_id, created_at);
CREATE INDEX iam_session_end ON iam_session (expires_at);

-- The newest key that has begun to sign signs; a key is shown before it does.
ALTER TABLE iam_signing_key ADD COLUMN signs_from INTEGER NOT NULL DEFAULT 0;

CREATE TABLE iam_password (
  iam_id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES iam_account (id),
  hash TEXT NOT NULL,                 -- Argon2id, PHC string
  initial INTEGER NOT NULL,           -- made by an administrator: good for choosing another one
  expires_at INTEGER,
  changed_at INTEGER NOT NULL,
  changed_by TEXT NOT NULL
) STRICT;

-- Failed sign-ins in a row. Those of names that nobody has share a bounded number of rows.
CREATE TABLE iam_sign_in_failure (
  subject TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  blocked_until INTEGER NOT NULL
) STRICT;

-- Who somebody of another directory or provider is here.
CREATE TABLE iam_external_identity (
  account_id TEXT NOT NULL REFERENCES iam_account (id),
  realm TEXT NOT NULL,
  subject TEXT NOT NULL,
  iam_id TEXT NOT NULL,
  claims TEXT NOT NULL,               -- JSON object, as of `seen_at`
  seen_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, realm, subject)
) STRICT;
CREATE INDEX iam_external_identity_iam_id ON iam_external_identity (iam_id);

-- What counts once: a passcode until it is used, a sign-in's state from when it is.
CREATE TABLE iam_one_time (
  hash BLOB PRIMARY KEY,              -- HMAC-SHA-256 under a key derived from the master key
  kind TEXT NOT NULL,
  account_id TEXT NOT NULL,
  iam_id TEXT NOT NULL,
  source TEXT NOT NULL,               -- of the session that a passcode begins
  session_id TEXT NOT NULL,           -- that a passcode was made in, and dies with; or ''
  session_ends_at INTEGER,            -- when it ends at the latest
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX iam_one_time_end ON iam_one_time (expires_at);
CREATE INDEX iam_one_time_identity ON iam_one_time (iam_id);
