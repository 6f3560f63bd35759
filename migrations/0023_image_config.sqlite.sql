-- What lists and retention read of an image's configuration, by the configuration's digest: so that
-- neither opens a blob for each image. A row goes with its blob; one that is missing is read from the
-- blob.
CREATE TABLE image_config (
  digest  TEXT   NOT NULL PRIMARY KEY,
  created BIGINT,           -- when the image was built; absent: the configuration has no date
  labels  TEXT   NOT NULL   -- JSON object
) WITHOUT ROWID;
