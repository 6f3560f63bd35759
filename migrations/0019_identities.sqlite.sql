-- Access groups with rules, trusted profiles, settings of accounts and users, and what is kept of
-- identities beside themselves.

-- Members may be trusted profiles, too.
DROP INDEX iam_group_member_identity;
ALTER TABLE iam_group_member RENAME TO iam_group_member_before_0019;
CREATE TABLE iam_group_member (
  group_id TEXT NOT NULL REFERENCES iam_group (id),
  iam_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('user', 'service', 'profile')),
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (group_id, iam_id)
) STRICT;
CREATE INDEX iam_group_member_identity ON iam_group_member (iam_id, group_id);
INSERT INTO iam_group_member (group_id, iam_id, kind, created_at, created_by)
SELECT group_id, iam_id, kind, created_at, created_by FROM iam_group_member_before_0019;
DROP TABLE iam_group_member_before_0019;

CREATE TABLE iam_group_rule (
  id TEXT PRIMARY KEY,
  group_id TEXT NOT NULL REFERENCES iam_group (id),
  account_id TEXT NOT NULL REFERENCES iam_account (id),
  name TEXT NOT NULL,
  realm TEXT NOT NULL,
  expiration INTEGER NOT NULL,  -- hours
  conditions TEXT NOT NULL,     -- JSON array of {claim, operator, value}
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  modified_at INTEGER NOT NULL,
  modified_by TEXT NOT NULL,
  version INTEGER NOT NULL
) STRICT;
CREATE INDEX iam_group_rule_group ON iam_group_rule (group_id, id);
CREATE INDEX iam_group_rule_realm ON iam_group_rule (account_id, realm);

-- Who is in a group by one of its rules, since they last signed in, and until when.
CREATE TABLE iam_group_dynamic (
  iam_id TEXT NOT NULL,
  group_id TEXT NOT NULL REFERENCES iam_group (id),
  rule_id TEXT NOT NULL REFERENCES iam_group_rule (id),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (iam_id, group_id, rule_id)
) STRICT;
CREATE INDEX iam_group_dynamic_group ON iam_group_dynamic (group_id, iam_id);
CREATE INDEX iam_group_dynamic_rule ON iam_group_dynamic (rule_id);

CREATE TABLE iam_profile (
  id TEXT PRIMARY KEY,
  iam_id TEXT NOT NULL UNIQUE,
  account_id TEXT NOT NULL REFERENCES iam_account (id),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  email TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  modified_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  identities_version INTEGER NOT NULL,
  UNIQUE (account_id, name)
) STRICT;

-- Who may assume a profile: listed identities, federated users and workloads by claims, workloads
-- by name.
CREATE TABLE iam_profile_identity (
  profile_id TEXT NOT NULL REFERENCES iam_profile (id),
  kind TEXT NOT NULL CHECK (kind IN ('user', 'serviceid', 'crn')),
  identifier TEXT NOT NULL,
  iam_id TEXT NOT NULL,
  accounts TEXT NOT NULL,  -- JSON array of strings
  description TEXT NOT NULL,
  PRIMARY KEY (profile_id, kind, identifier)
) STRICT;

CREATE TABLE iam_profile_rule (
  id TEXT PRIMARY KEY,
  profile_id TEXT NOT NULL REFERENCES iam_profile (id),
  kind TEXT NOT NULL CHECK (kind IN ('Profile-SAML', 'Profile-CR')),
  name TEXT NOT NULL,
  realm TEXT NOT NULL,          -- of Profile-SAML
  cr_type TEXT NOT NULL,        -- of Profile-CR
  expiration INTEGER NOT NULL,  -- seconds
  conditions TEXT NOT NULL,     -- JSON array of {claim, operator, value}
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  version INTEGER NOT NULL
) STRICT;
CREATE INDEX iam_profile_rule_profile ON iam_profile_rule (profile_id, id);

CREATE TABLE iam_profile_link (
  id TEXT PRIMARY KEY,
  profile_id TEXT NOT NULL REFERENCES iam_profile (id),
  name TEXT NOT NULL,
  cr_type TEXT NOT NULL,
  crn TEXT NOT NULL,
  name_space TEXT NOT NULL,
  resource_name TEXT NOT NULL,
  component_type TEXT NOT NULL,
  component_name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  version INTEGER NOT NULL
) STRICT;
CREATE INDEX iam_profile_link_profile ON iam_profile_link (profile_id, id);

-- An account without a row has the defaults. Absent numbers: not set.
CREATE TABLE iam_account_settings (
  account_id TEXT PRIMARY KEY REFERENCES iam_account (id),
  restrict_create_service_id TEXT NOT NULL,
  restrict_create_platform_apikey TEXT NOT NULL,
  restrict_user_list_visibility TEXT NOT NULL,
  allowed_ip_addresses TEXT NOT NULL,
  mfa TEXT NOT NULL,
  user_mfa TEXT NOT NULL,               -- JSON array of {iam_id, mfa}
  restrict_user_domains TEXT NOT NULL,  -- JSON array of {realm_id, patterns, restrict}
  session_expiration INTEGER,           -- seconds, as those below
  session_invalidation INTEGER,
  max_sessions INTEGER,
  access_token_expiration INTEGER,
  refresh_token_expiration INTEGER,
  version INTEGER NOT NULL
) STRICT;

-- Whether the group of everybody counts. An account without a row: it does.
CREATE TABLE iam_public_access (
  account_id TEXT PRIMARY KEY REFERENCES iam_account (id),
  enabled INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  modified_by TEXT NOT NULL
) STRICT;

ALTER TABLE iam_user ADD COLUMN phone TEXT NOT NULL DEFAULT '';
ALTER TABLE iam_user ADD COLUMN other_phone TEXT NOT NULL DEFAULT '';
ALTER TABLE iam_user ADD COLUMN photo TEXT NOT NULL DEFAULT '';
ALTER TABLE iam_user ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE iam_user ADD COLUMN notification_language TEXT NOT NULL DEFAULT '';
ALTER TABLE iam_user ADD COLUMN allowed_ip_addresses TEXT NOT NULL DEFAULT '';
ALTER TABLE iam_user ADD COLUMN self_manage INTEGER NOT NULL DEFAULT 0;

ALTER TABLE iam_api_key ADD COLUMN action_when_leaked TEXT NOT NULL DEFAULT 'none';
ALTER TABLE iam_api_key ADD COLUMN support_sessions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE iam_api_key ADD COLUMN sealed_value BLOB;  -- of a service ID, where it was asked for

-- The latest changes of an API key, service ID, profile or the settings of an account.
CREATE TABLE iam_history (
  subject TEXT NOT NULL,
  number INTEGER NOT NULL,  -- from 1 for each subject
  at INTEGER NOT NULL,
  iam_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  action TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (subject, number)
) STRICT;
