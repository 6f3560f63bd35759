-- Signing in without an API key: sessions, passwords, identities elsewhere, and what lives for minutes.

-- What the tokens of somebody who signed in rest on: a token dies with its row's life.
CREATE TABLE iam_session (
  id TEXT COLLATE "C" PRIMARY KEY,                -- "Session-…"
  account_id TEXT COLLATE "C" NOT NULL REFERENCES iam_account (id),
  iam_id TEXT COLLATE "C" NOT NULL,
  source TEXT COLLATE "C" NOT NULL,               -- the name of where they proved who they are
  address TEXT COLLATE "C" NOT NULL,
  agent TEXT COLLATE "C" NOT NULL,
  refresh_generation BIGINT NOT NULL,  -- of the one refresh token that is good
  created_at BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL,      -- coarsely
  expires_at BIGINT NOT NULL,
  idle_seconds BIGINT NOT NULL,
  revoked_at BIGINT,
  revoked_why TEXT COLLATE "C" NOT NULL
);
CREATE INDEX iam_session_identity ON iam_session (account_id, iam_id, created_at);
CREATE INDEX iam_session_end ON iam_session (expires_at);

-- The newest key that has begun to sign signs; a key is shown before it does.
ALTER TABLE iam_signing_key ADD COLUMN signs_from BIGINT NOT NULL DEFAULT 0;

CREATE TABLE iam_password (
  iam_id TEXT COLLATE "C" PRIMARY KEY,
  account_id TEXT COLLATE "C" NOT NULL REFERENCES iam_account (id),
  hash TEXT COLLATE "C" NOT NULL,                 -- Argon2id, PHC string
  initial BIGINT NOT NULL,           -- made by an administrator: good for choosing another one
  expires_at BIGINT,
  changed_at BIGINT NOT NULL,
  changed_by TEXT COLLATE "C" NOT NULL
);

-- Failed sign-ins in a row. Those of names that nobody has share a bounded number of rows.
CREATE TABLE iam_sign_in_failure (
  subject TEXT COLLATE "C" PRIMARY KEY,
  failures BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  blocked_until BIGINT NOT NULL
);

-- Who somebody of another directory or provider is here.
CREATE TABLE iam_external_identity (
  account_id TEXT COLLATE "C" NOT NULL REFERENCES iam_account (id),
  realm TEXT COLLATE "C" NOT NULL,
  subject TEXT COLLATE "C" NOT NULL,
  iam_id TEXT COLLATE "C" NOT NULL,
  claims TEXT COLLATE "C" NOT NULL,               -- JSON object, as of `seen_at`
  seen_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, realm, subject)
);
CREATE INDEX iam_external_identity_iam_id ON iam_external_identity (iam_id);

-- What counts once: a passcode until it is used, a sign-in's state from when it is.
CREATE TABLE iam_one_time (
  hash BYTEA PRIMARY KEY,              -- HMAC-SHA-256 under a key derived from the master key
  kind TEXT COLLATE "C" NOT NULL,
  account_id TEXT COLLATE "C" NOT NULL,
  iam_id TEXT COLLATE "C" NOT NULL,
  source TEXT COLLATE "C" NOT NULL,               -- of the session that a passcode begins
  session_id TEXT COLLATE "C" NOT NULL,           -- that a passcode was made in, and dies with; or ''
  session_ends_at BIGINT,            -- when it ends at the latest
  expires_at BIGINT NOT NULL
);
CREATE INDEX iam_one_time_end ON iam_one_time (expires_at);
CREATE INDEX iam_one_time_identity ON iam_one_time (iam_id);
