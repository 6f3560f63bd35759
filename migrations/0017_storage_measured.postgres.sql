-- What the installation's bytes were when they were last added up, for its metrics.
CREATE TABLE storage_measured (
  state    TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
  bytes    BIGINT NOT NULL,
  measured BIGINT NOT NULL
);
