-- Roles that an account made for itself, and what a policy can say beyond its attributes.

CREATE TABLE iam_custom_role (
  id           TEXT   COLLATE "C" PRIMARY KEY,
  account_id   TEXT   COLLATE "C" NOT NULL REFERENCES iam_account (id),
  name         TEXT   COLLATE "C" NOT NULL,  -- of its CRN; what policies name it by
  service      TEXT   COLLATE "C" NOT NULL,
  display_name TEXT   COLLATE "C" NOT NULL,
  description  TEXT   COLLATE "C" NOT NULL,
  actions      TEXT   COLLATE "C" NOT NULL,  -- JSON array of action names
  created_at   BIGINT NOT NULL,
  created_by   TEXT   COLLATE "C" NOT NULL,
  modified_at  BIGINT NOT NULL,
  modified_by  TEXT   COLLATE "C" NOT NULL,
  version      BIGINT NOT NULL,
  UNIQUE (account_id, name)
);

-- JSON: [{name, operator, value}]
ALTER TABLE iam_policy ADD COLUMN tags TEXT COLLATE "C" NOT NULL DEFAULT '[]';
-- What kind of rule it has
ALTER TABLE iam_policy ADD COLUMN pattern TEXT COLLATE "C" NOT NULL DEFAULT '';
-- JSON as in v2; empty: none
ALTER TABLE iam_policy ADD COLUMN rule TEXT COLLATE "C" NOT NULL DEFAULT '';
-- Null: it counts
ALTER TABLE iam_policy ADD COLUMN deleted_at BIGINT;
-- The values of the attributes of these names, for lists that are narrowed to them; or empty.
ALTER TABLE iam_policy ADD COLUMN service_name TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE iam_policy ADD COLUMN service_type TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE iam_policy SET
  service_name = coalesce((SELECT max(a.item ->> 'value')
                           FROM jsonb_array_elements(attributes::jsonb) AS a (item)
                           WHERE a.item ->> 'name' = 'serviceName'), ''),
  service_type = coalesce((SELECT max(a.item ->> 'value')
                           FROM jsonb_array_elements(attributes::jsonb) AS a (item)
                           WHERE a.item ->> 'name' = 'serviceType'), '');

-- Lists go by these orders, from the row that the page before ended with.
CREATE INDEX iam_policy_account ON iam_policy (account_id, id);
CREATE INDEX iam_policy_created ON iam_policy (account_id, created_at, id);
CREATE INDEX iam_policy_modified ON iam_policy (account_id, modified_at, id);
