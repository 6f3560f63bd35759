-- Roles that an account made for itself, and what a policy can say beyond its attributes.

CREATE TABLE iam_custom_role (
  id           TEXT    PRIMARY KEY,
  account_id   TEXT    NOT NULL REFERENCES iam_account (id),
  name         TEXT    NOT NULL,  -- of its CRN; what policies name it by
  service      TEXT    NOT NULL,
  display_name TEXT    NOT NULL,
  description  TEXT    NOT NULL,
  actions      TEXT    NOT NULL,  -- JSON array of action names
  created_at   INTEGER NOT NULL,
  created_by   TEXT    NOT NULL,
  modified_at  INTEGER NOT NULL,
  modified_by  TEXT    NOT NULL,
  version      INTEGER NOT NULL,
  UNIQUE (account_id, name)
) STRICT;

ALTER TABLE iam_policy ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';   -- JSON: [{name, operator, value}]
ALTER TABLE iam_policy ADD COLUMN pattern TEXT NOT NULL DEFAULT '';  -- what kind of rule it has
ALTER TABLE iam_policy ADD COLUMN rule TEXT NOT NULL DEFAULT '';     -- JSON as in v2; empty: none
ALTER TABLE iam_policy ADD COLUMN deleted_at INTEGER;                -- null: it counts
-- The values of the attributes of these names, for lists that are narrowed to them; or empty.
ALTER TABLE iam_policy ADD COLUMN service_name TEXT NOT NULL DEFAULT '';
ALTER TABLE iam_policy ADD COLUMN service_type TEXT NOT NULL DEFAULT '';
UPDATE iam_policy SET
  service_name = coalesce((SELECT max(json_extract(a.value, '$.value')) FROM json_each(attributes) a
                           WHERE json_extract(a.value, '$.name') = 'serviceName'), ''),
  service_type = coalesce((SELECT max(json_extract(a.value, '$.value')) FROM json_each(attributes) a
                           WHERE json_extract(a.value, '$.name') = 'serviceType'), '');

-- Lists go by these orders, from the row that the page before ended with.
CREATE INDEX iam_policy_account ON iam_policy (account_id, id);
CREATE INDEX iam_policy_created ON iam_policy (account_id, created_at, id);
CREATE INDEX iam_policy_modified ON iam_policy (account_id, modified_at, id);
