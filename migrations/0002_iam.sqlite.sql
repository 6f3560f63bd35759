-- Accounts and everything that decides who may do what in them.

CREATE TABLE iam_account (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  owner TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- Grows with every change that can alter a decision or a credential of the account, in the same
-- transaction. What processes cache of an account is good while its version stands.
CREATE TABLE iam_version (
  account_id TEXT PRIMARY KEY REFERENCES iam_account (id),
  version INTEGER NOT NULL
) STRICT;

CREATE TABLE iam_user (
  iam_id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES iam_account (id),
  email TEXT NOT NULL,
  first_name TEXT NOT NULL,
  last_name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('PROCESSING', 'PENDING', 'ACTIVE',
                                       'DISABLED_CLASSIC_INFRASTRUCTURE', 'VPN_ONLY')),
  added_at INTEGER NOT NULL,
  UNIQUE (account_id, email)
) STRICT;

CREATE TABLE iam_service_id (
  id TEXT PRIMARY KEY,
  iam_id TEXT NOT NULL UNIQUE,
  account_id TEXT NOT NULL REFERENCES iam_account (id),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  unique_instance_crns TEXT NOT NULL,  -- JSON array of strings
  locked INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  version INTEGER NOT NULL
) STRICT;
CREATE INDEX iam_service_id_account ON iam_service_id (account_id, id);

CREATE TABLE iam_api_key (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES iam_account (id),
  iam_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  hash BLOB NOT NULL UNIQUE,  -- HMAC-SHA-256 of the value under a key derived from the master key
  locked INTEGER NOT NULL,
  disabled INTEGER NOT NULL,
  expires_at INTEGER,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  modified_at INTEGER NOT NULL,
  version INTEGER NOT NULL
) STRICT;
CREATE INDEX iam_api_key_identity ON iam_api_key (account_id, iam_id, id);

CREATE TABLE iam_group (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES iam_account (id),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  modified_at INTEGER NOT NULL,
  modified_by TEXT NOT NULL,
  version INTEGER NOT NULL,
  UNIQUE (account_id, name)
) STRICT;

CREATE TABLE iam_group_member (
  group_id TEXT NOT NULL REFERENCES iam_group (id),
  iam_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('user', 'service')),
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (group_id, iam_id)
) STRICT;
CREATE INDEX iam_group_member_identity ON iam_group_member (iam_id, group_id);

CREATE TABLE iam_policy (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES iam_account (id),
  subject_kind TEXT NOT NULL CHECK (subject_kind IN ('iam_id', 'access_group_id')),
  subject TEXT NOT NULL,
  description TEXT NOT NULL,
  roles TEXT NOT NULL,       -- JSON array of role names
  attributes TEXT NOT NULL,  -- JSON array of {name, operator, value}
  fingerprint TEXT NOT NULL, -- SHA-256 of subject, roles and attributes: no two policies say the same
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  modified_at INTEGER NOT NULL,
  modified_by TEXT NOT NULL,
  version INTEGER NOT NULL,
  UNIQUE (account_id, fingerprint)
) STRICT;
CREATE INDEX iam_policy_subject ON iam_policy (account_id, subject_kind, subject);

CREATE TABLE iam_signing_key (
  kid TEXT PRIMARY KEY,
  sealed BLOB NOT NULL,  -- PKCS#8 PEM under the master key, associated data = kid
  created_at INTEGER NOT NULL
) STRICT;
