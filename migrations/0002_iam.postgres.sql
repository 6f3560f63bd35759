-- Accounts and everything that decides who may do what in them.

CREATE TABLE iam_account (
  id         TEXT COLLATE "C" PRIMARY KEY,
  name       TEXT COLLATE "C" NOT NULL,
  owner      TEXT COLLATE "C" NOT NULL,
  created_at BIGINT           NOT NULL
);

-- Grows with every change that can alter a decision or a credential of the account, in the same
-- transaction. What processes cache of an account is good while its version stands.
CREATE TABLE iam_version (
  account_id TEXT COLLATE "C" PRIMARY KEY REFERENCES iam_account (id),
  version    BIGINT           NOT NULL
);

CREATE TABLE iam_user (
  iam_id     TEXT COLLATE "C" PRIMARY KEY,
  account_id TEXT COLLATE "C" NOT NULL REFERENCES iam_account (id),
  email      TEXT COLLATE "C" NOT NULL,
  first_name TEXT COLLATE "C" NOT NULL,
  last_name  TEXT COLLATE "C" NOT NULL,
  state      TEXT COLLATE "C" NOT NULL CHECK (state IN ('PROCESSING', 'PENDING', 'ACTIVE',
                                       'DISABLED_CLASSIC_INFRASTRUCTURE', 'VPN_ONLY')),
  added_at   BIGINT           NOT NULL,
  UNIQUE (account_id, email)
);

CREATE TABLE iam_service_id (
  id                   TEXT COLLATE "C" PRIMARY KEY,
  iam_id               TEXT COLLATE "C" NOT NULL UNIQUE,
  account_id           TEXT COLLATE "C" NOT NULL REFERENCES iam_account (id),
  name                 TEXT COLLATE "C" NOT NULL,
  description          TEXT COLLATE "C" NOT NULL,
  unique_instance_crns TEXT COLLATE "C" NOT NULL,  -- JSON array of strings
  locked               BIGINT           NOT NULL,
  created_at           BIGINT           NOT NULL,
  modified_at          BIGINT           NOT NULL,
  version              BIGINT           NOT NULL
);
CREATE INDEX iam_service_id_account ON iam_service_id (account_id, id);

CREATE TABLE iam_api_key (
  id          TEXT COLLATE "C" PRIMARY KEY,
  account_id  TEXT COLLATE "C" NOT NULL REFERENCES iam_account (id),
  iam_id      TEXT COLLATE "C" NOT NULL,
  name        TEXT COLLATE "C" NOT NULL,
  description TEXT COLLATE "C" NOT NULL,
  hash        BYTEA            NOT NULL UNIQUE,  -- HMAC-SHA-256 of the value under a key derived from the master key
  locked      BIGINT           NOT NULL,
  disabled    BIGINT           NOT NULL,
  expires_at  BIGINT,
  created_at  BIGINT           NOT NULL,
  created_by  TEXT COLLATE "C" NOT NULL,
  modified_at BIGINT           NOT NULL,
  version     BIGINT           NOT NULL
);
CREATE INDEX iam_api_key_identity ON iam_api_key (account_id, iam_id, id);

CREATE TABLE iam_group (
  id          TEXT COLLATE "C" PRIMARY KEY,
  account_id  TEXT COLLATE "C" NOT NULL REFERENCES iam_account (id),
  name        TEXT COLLATE "C" NOT NULL,
  description TEXT COLLATE "C" NOT NULL,
  created_at  BIGINT           NOT NULL,
  created_by  TEXT COLLATE "C" NOT NULL,
  modified_at BIGINT           NOT NULL,
  modified_by TEXT COLLATE "C" NOT NULL,
  version     BIGINT           NOT NULL,
  UNIQUE (account_id, name)
);

CREATE TABLE iam_group_member (
  group_id   TEXT COLLATE "C" NOT NULL REFERENCES iam_group (id),
  iam_id     TEXT COLLATE "C" NOT NULL,
  kind       TEXT COLLATE "C" NOT NULL CHECK (kind IN ('user', 'service')),
  created_at BIGINT           NOT NULL,
  created_by TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (group_id, iam_id)
);
CREATE INDEX iam_group_member_identity ON iam_group_member (iam_id, group_id);

CREATE TABLE iam_policy (
  id           TEXT COLLATE "C" PRIMARY KEY,
  account_id   TEXT COLLATE "C" NOT NULL REFERENCES iam_account (id),
  subject_kind TEXT COLLATE "C" NOT NULL CHECK (subject_kind IN ('iam_id', 'access_group_id')),
  subject      TEXT COLLATE "C" NOT NULL,
  description  TEXT COLLATE "C" NOT NULL,
  roles        TEXT COLLATE "C" NOT NULL,       -- JSON array of role names
  attributes   TEXT COLLATE "C" NOT NULL,  -- JSON array of {name, operator, value}
  fingerprint  TEXT COLLATE "C" NOT NULL, -- SHA-256 of subject, roles and attributes: no two policies say the same
  created_at   BIGINT           NOT NULL,
  created_by   TEXT COLLATE "C" NOT NULL,
  modified_at  BIGINT           NOT NULL,
  modified_by  TEXT COLLATE "C" NOT NULL,
  version      BIGINT           NOT NULL,
  UNIQUE (account_id, fingerprint)
);
CREATE INDEX iam_policy_subject ON iam_policy (account_id, subject_kind, subject);

CREATE TABLE iam_signing_key (
  kid        TEXT COLLATE "C" PRIMARY KEY,
  sealed     BYTEA            NOT NULL,  -- PKCS#8 PEM under the master key, associated data = kid
  created_at BIGINT           NOT NULL
);
