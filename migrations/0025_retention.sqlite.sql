-- Which images of a namespace are kept; without a row, all of them.
CREATE TABLE retention_policy (
  registry                TEXT   NOT NULL,
  name_space              TEXT   NOT NULL,
  images_per_repo         BIGINT NOT NULL CHECK (images_per_repo = -1 OR images_per_repo >= 1),
  retain_untagged         BIGINT NOT NULL,
  deletion_threshold_days BIGINT,           -- absent: none
  order_by                TEXT   NOT NULL CHECK (order_by IN ('created', 'pushed')),
  updated                 BIGINT NOT NULL,
  PRIMARY KEY (registry, name_space)
) WITHOUT ROWID;
