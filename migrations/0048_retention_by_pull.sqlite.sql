-- Policies may go by the date of the last pull. SQLite cannot change a check: the table is made anew.
CREATE TABLE retention_policy_new (
  registry                TEXT   NOT NULL,
  name_space              TEXT   NOT NULL,
  images_per_repo         BIGINT NOT NULL CHECK (images_per_repo = -1 OR images_per_repo >= 1),
  retain_untagged         BIGINT NOT NULL,
  deletion_threshold_days BIGINT,           -- absent: none
  order_by                TEXT   NOT NULL CHECK (order_by IN ('created', 'pushed', 'pulled')),
  updated                 BIGINT NOT NULL,
  PRIMARY KEY (registry, name_space)
) WITHOUT ROWID;
INSERT INTO retention_policy_new SELECT registry, name_space, images_per_repo, retain_untagged,
  deletion_threshold_days, order_by, updated FROM retention_policy;
DROP TABLE retention_policy;
ALTER TABLE retention_policy_new RENAME TO retention_policy;
