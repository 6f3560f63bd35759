-- When a manifest was pulled last, to the hour.
CREATE TABLE manifest_pull (
  repository TEXT COLLATE "C" NOT NULL,
  digest     TEXT COLLATE "C" NOT NULL,
  pulled     BIGINT NOT NULL,
  PRIMARY KEY (repository, digest)
);
