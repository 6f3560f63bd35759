-- Context-based restrictions: network zones, and rules about from where a service may be used.

CREATE TABLE iam_zone (
  id TEXT COLLATE "C" PRIMARY KEY,
  account_id TEXT COLLATE "C" NOT NULL REFERENCES iam_account (id),
  name TEXT COLLATE "C" NOT NULL,
  description TEXT COLLATE "C" NOT NULL,
  addresses TEXT COLLATE "C" NOT NULL,  -- JSON array of {type, value or ref}
  excluded TEXT COLLATE "C" NOT NULL,   -- the same
  created_at BIGINT NOT NULL,
  created_by TEXT COLLATE "C" NOT NULL,
  modified_at BIGINT NOT NULL,
  modified_by TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL
);
CREATE INDEX iam_zone_account ON iam_zone (account_id, name, id);

CREATE TABLE iam_restriction (
  id TEXT COLLATE "C" PRIMARY KEY,
  account_id TEXT COLLATE "C" NOT NULL REFERENCES iam_account (id),
  description TEXT COLLATE "C" NOT NULL,
  contexts TEXT COLLATE "C" NOT NULL,    -- JSON array of {attributes: [{name, value}]}
  resource TEXT COLLATE "C" NOT NULL,    -- JSON array of {name, value, operator}
  operations TEXT COLLATE "C" NOT NULL,  -- JSON, as it was given
  mode TEXT COLLATE "C" NOT NULL CHECK (mode IN ('enabled', 'disabled', 'report')),
  created_at BIGINT NOT NULL,
  created_by TEXT COLLATE "C" NOT NULL,
  modified_at BIGINT NOT NULL,
  modified_by TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL
);
CREATE INDEX iam_restriction_account ON iam_restriction (account_id, id);
