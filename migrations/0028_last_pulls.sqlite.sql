-- When a manifest was pulled last, to the hour.
CREATE TABLE manifest_pull (
  repository TEXT   NOT NULL,
  digest     TEXT   NOT NULL,
  pulled     BIGINT NOT NULL,
  PRIMARY KEY (repository, digest)
) WITHOUT ROWID;
