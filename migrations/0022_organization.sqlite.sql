-- Enterprise, account groups, accounts and resource groups: the tree that scopes everything.

CREATE TABLE enterprise (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL UNIQUE REFERENCES iam_account (id),  -- whose administrators run it
  name TEXT NOT NULL,
  domain TEXT NOT NULL,
  primary_contact TEXT NOT NULL,  -- an iam_id
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  modified_at INTEGER NOT NULL,
  modified_by TEXT NOT NULL
) STRICT;

CREATE TABLE account_group (
  id TEXT PRIMARY KEY,
  enterprise_id TEXT NOT NULL REFERENCES enterprise (id),
  parent TEXT NOT NULL,  -- the enterprise's id, or another group's
  name TEXT NOT NULL,
  primary_contact TEXT NOT NULL,
  deleted INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  modified_at INTEGER NOT NULL,
  modified_by TEXT NOT NULL
) STRICT;
CREATE INDEX account_group_enterprise ON account_group (enterprise_id, id);

-- An account's place in the tree. One without a row stands alone.
CREATE TABLE account_place (
  account_id TEXT PRIMARY KEY REFERENCES iam_account (id),
  enterprise_id TEXT NOT NULL REFERENCES enterprise (id),
  parent TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  modified_at INTEGER NOT NULL,
  modified_by TEXT NOT NULL
) STRICT;
CREATE INDEX account_place_enterprise ON account_place (enterprise_id, account_id);

CREATE TABLE resource_group (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES iam_account (id),
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  UNIQUE (account_id, name)
) STRICT;

-- A deleted account's identities are nobody.
ALTER TABLE iam_account ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
