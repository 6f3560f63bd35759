-- Access groups with rules, trusted profiles, settings of accounts and users, and what is kept of
-- identities beside themselves.

-- Members may be trusted profiles, too.
ALTER TABLE iam_group_member DROP CONSTRAINT iam_group_member_kind_check;
ALTER TABLE iam_group_member ADD CHECK (kind IN ('user', 'service', 'profile'));

CREATE TABLE iam_group_rule (
  id TEXT COLLATE "C" PRIMARY KEY,
  group_id TEXT COLLATE "C" NOT NULL REFERENCES iam_group (id),
  account_id TEXT COLLATE "C" NOT NULL REFERENCES iam_account (id),
  name TEXT COLLATE "C" NOT NULL,
  realm TEXT COLLATE "C" NOT NULL,
  expiration BIGINT NOT NULL,  -- hours
  conditions TEXT COLLATE "C" NOT NULL,     -- JSON array of {claim, operator, value}
  created_at BIGINT NOT NULL,
  created_by TEXT COLLATE "C" NOT NULL,
  modified_at BIGINT NOT NULL,
  modified_by TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL
);
CREATE INDEX iam_group_rule_group ON iam_group_rule (group_id, id);
CREATE INDEX iam_group_rule_realm ON iam_group_rule (account_id, realm);

-- Who is in a group by one of its rules, since they last signed in, and until when.
CREATE TABLE iam_group_dynamic (
  iam_id TEXT COLLATE "C" NOT NULL,
  group_id TEXT COLLATE "C" NOT NULL REFERENCES iam_group (id),
  rule_id TEXT COLLATE "C" NOT NULL REFERENCES iam_group_rule (id),
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (iam_id, group_id, rule_id)
);
CREATE INDEX iam_group_dynamic_group ON iam_group_dynamic (group_id, iam_id);
CREATE INDEX iam_group_dynamic_rule ON iam_group_dynamic (rule_id);

CREATE TABLE iam_profile (
  id TEXT COLLATE "C" PRIMARY KEY,
  iam_id TEXT COLLATE "C" NOT NULL UNIQUE,
  account_id TEXT COLLATE "C" NOT NULL REFERENCES iam_account (id),
  name TEXT COLLATE "C" NOT NULL,
  description TEXT COLLATE "C" NOT NULL,
  email TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT COLLATE "C" NOT NULL,
  modified_at BIGINT NOT NULL,
  version BIGINT NOT NULL,
  identities_version BIGINT NOT NULL,
  UNIQUE (account_id, name)
);

-- Who may assume a profile: listed identities, federated users and workloads by claims, workloads
-- by name.
CREATE TABLE iam_profile_identity (
  profile_id TEXT COLLATE "C" NOT NULL REFERENCES iam_profile (id),
  kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('user', 'serviceid', 'crn')),
  identifier TEXT COLLATE "C" NOT NULL,
  iam_id TEXT COLLATE "C" NOT NULL,
  accounts TEXT COLLATE "C" NOT NULL,  -- JSON array of strings
  description TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (profile_id, kind, identifier)
);

CREATE TABLE iam_profile_rule (
  id TEXT COLLATE "C" PRIMARY KEY,
  profile_id TEXT COLLATE "C" NOT NULL REFERENCES iam_profile (id),
  kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('Profile-SAML', 'Profile-CR')),
  name TEXT COLLATE "C" NOT NULL,
  realm TEXT COLLATE "C" NOT NULL,          -- of Profile-SAML
  cr_type TEXT COLLATE "C" NOT NULL,        -- of Profile-CR
  expiration BIGINT NOT NULL,  -- seconds
  conditions TEXT COLLATE "C" NOT NULL,     -- JSON array of {claim, operator, value}
  created_at BIGINT NOT NULL,
  modified_at BIGINT NOT NULL,
  version BIGINT NOT NULL
);
CREATE INDEX iam_profile_rule_profile ON iam_profile_rule (profile_id, id);

CREATE TABLE iam_profile_link (
  id TEXT COLLATE "C" PRIMARY KEY,
  profile_id TEXT COLLATE "C" NOT NULL REFERENCES iam_profile (id),
  name TEXT COLLATE "C" NOT NULL,
  cr_type TEXT COLLATE "C" NOT NULL,
  crn TEXT COLLATE "C" NOT NULL,
  name_space TEXT COLLATE "C" NOT NULL,
  resource_name TEXT COLLATE "C" NOT NULL,
  component_type TEXT COLLATE "C" NOT NULL,
  component_name TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  modified_at BIGINT NOT NULL,
  version BIGINT NOT NULL
);
CREATE INDEX iam_profile_link_profile ON iam_profile_link (profile_id, id);

-- An account without a row has the defaults. Absent numbers: not set.
CREATE TABLE iam_account_settings (
  account_id TEXT COLLATE "C" PRIMARY KEY REFERENCES iam_account (id),
  restrict_create_service_id TEXT COLLATE "C" NOT NULL,
  restrict_create_platform_apikey TEXT COLLATE "C" NOT NULL,
  restrict_user_list_visibility TEXT COLLATE "C" NOT NULL,
  allowed_ip_addresses TEXT COLLATE "C" NOT NULL,
  mfa TEXT COLLATE "C" NOT NULL,
  user_mfa TEXT COLLATE "C" NOT NULL,               -- JSON array of {iam_id, mfa}
  restrict_user_domains TEXT COLLATE "C" NOT NULL,  -- JSON array of {realm_id, patterns, restrict}
  session_expiration BIGINT,           -- seconds, as those below
  session_invalidation BIGINT,
  max_sessions BIGINT,
  access_token_expiration BIGINT,
  refresh_token_expiration BIGINT,
  version BIGINT NOT NULL
);

-- Whether the group of everybody counts. An account without a row: it does.
CREATE TABLE iam_public_access (
  account_id TEXT COLLATE "C" PRIMARY KEY REFERENCES iam_account (id),
  enabled BIGINT NOT NULL,
  modified_at BIGINT NOT NULL,
  modified_by TEXT COLLATE "C" NOT NULL
);

ALTER TABLE iam_user ADD COLUMN phone TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE iam_user ADD COLUMN other_phone TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE iam_user ADD COLUMN photo TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE iam_user ADD COLUMN language TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE iam_user ADD COLUMN notification_language TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE iam_user ADD COLUMN allowed_ip_addresses TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE iam_user ADD COLUMN self_manage BIGINT NOT NULL DEFAULT 0;

ALTER TABLE iam_api_key ADD COLUMN action_when_leaked TEXT COLLATE "C" NOT NULL DEFAULT 'none';
ALTER TABLE iam_api_key ADD COLUMN support_sessions BIGINT NOT NULL DEFAULT 0;
ALTER TABLE iam_api_key ADD COLUMN sealed_value BYTEA;  -- of a service ID, where it was asked for

-- The latest changes of an API key, service ID, profile or the settings of an account.
CREATE TABLE iam_history (
  subject TEXT COLLATE "C" NOT NULL,
  number BIGINT NOT NULL,  -- from 1 for each subject
  at BIGINT NOT NULL,
  iam_id TEXT COLLATE "C" NOT NULL,
  account_id TEXT COLLATE "C" NOT NULL,
  action TEXT COLLATE "C" NOT NULL,
  message TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (subject, number)
);
