-- Context-based restrictions: network zones, and rules about from where a service may be used.

CREATE TABLE iam_zone (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES iam_account (id),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  addresses TEXT NOT NULL,  -- JSON array of {type, value or ref}
  excluded TEXT NOT NULL,   -- the same
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  modified_at INTEGER NOT NULL,
  modified_by TEXT NOT NULL,
  version INTEGER NOT NULL
) STRICT;
CREATE INDEX iam_zone_account ON iam_zone (account_id, name, id);

CREATE TABLE iam_restriction (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES iam_account (id),
  description TEXT NOT NULL,
  contexts TEXT NOT NULL,    -- JSON array of {attributes: [{name, value}]}
  resource TEXT NOT NULL,    -- JSON array of {name, value, operator}
  operations TEXT NOT NULL,  -- JSON, as it was given
  mode TEXT NOT NULL CHECK (mode IN ('enabled', 'disabled', 'report')),
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  modified_at INTEGER NOT NULL,
  modified_by TEXT NOT NULL,
  version INTEGER NOT NULL
) STRICT;
CREATE INDEX iam_restriction_account ON iam_restriction (account_id, id);
