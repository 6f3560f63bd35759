-- Enterprise, account groups, accounts and resource groups: the tree that scopes everything.

CREATE TABLE enterprise (
  id TEXT COLLATE "C" PRIMARY KEY,
  account_id TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES iam_account (id),  -- whose administrators run it
  name TEXT COLLATE "C" NOT NULL,
  domain TEXT COLLATE "C" NOT NULL,
  primary_contact TEXT COLLATE "C" NOT NULL,  -- an iam_id
  created_at BIGINT NOT NULL,
  created_by TEXT COLLATE "C" NOT NULL,
  modified_at BIGINT NOT NULL,
  modified_by TEXT COLLATE "C" NOT NULL
);

CREATE TABLE account_group (
  id TEXT COLLATE "C" PRIMARY KEY,
  enterprise_id TEXT COLLATE "C" NOT NULL REFERENCES enterprise (id),
  parent TEXT COLLATE "C" NOT NULL,  -- the enterprise's id, or another group's
  name TEXT COLLATE "C" NOT NULL,
  primary_contact TEXT COLLATE "C" NOT NULL,
  deleted BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT COLLATE "C" NOT NULL,
  modified_at BIGINT NOT NULL,
  modified_by TEXT COLLATE "C" NOT NULL
);
CREATE INDEX account_group_enterprise ON account_group (enterprise_id, id);

-- An account's place in the tree. One without a row stands alone.
CREATE TABLE account_place (
  account_id TEXT COLLATE "C" PRIMARY KEY REFERENCES iam_account (id),
  enterprise_id TEXT COLLATE "C" NOT NULL REFERENCES enterprise (id),
  parent TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT COLLATE "C" NOT NULL,
  modified_at BIGINT NOT NULL,
  modified_by TEXT COLLATE "C" NOT NULL
);
CREATE INDEX account_place_enterprise ON account_place (enterprise_id, account_id);

CREATE TABLE resource_group (
  id TEXT COLLATE "C" PRIMARY KEY,
  account_id TEXT COLLATE "C" NOT NULL REFERENCES iam_account (id),
  name TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  modified_at BIGINT NOT NULL,
  UNIQUE (account_id, name)
);

-- A deleted account's identities are nobody.
ALTER TABLE iam_account ADD COLUMN deleted BIGINT NOT NULL DEFAULT 0;
