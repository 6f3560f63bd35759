-- Uploads on their way to an object store (blob/s3): what is kept of each, so that any process can
-- go on with it. A directory as blob store keeps its own account and has no rows here.
--
-- A part is an object of its own, "staging/UPLOAD/OBJECT". What follows the last part is the tail,
-- in pieces as they came; it is shorter than a part.

-- revision changes with each write: who did not see the last one must not write.
CREATE TABLE blob_upload (
  id       TEXT   NOT NULL PRIMARY KEY,
  revision TEXT   NOT NULL,
  modified BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE blob_upload_part (
  upload TEXT   NOT NULL,
  number BIGINT NOT NULL,  -- from 1, none left out
  object TEXT   NOT NULL,
  size   BIGINT NOT NULL,
  PRIMARY KEY (upload, number)
) WITHOUT ROWID;

CREATE TABLE blob_upload_tail (
  upload  TEXT   NOT NULL,
  start   BIGINT NOT NULL,  -- of the piece in the tail
  size    BIGINT NOT NULL,
  content BLOB   NOT NULL,
  PRIMARY KEY (upload, start)
);
