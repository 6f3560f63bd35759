-- Upload sessions that several processes serve: what is not staged yet is in the row, and one
-- request at a time writes. `writer` names that request until `writer_until`.
DROP INDEX upload_expires;
ALTER TABLE upload RENAME TO upload_before_0012;

CREATE TABLE upload (
  id             TEXT   NOT NULL PRIMARY KEY,
  registry       TEXT   NOT NULL,
  region         TEXT   NOT NULL,
  account        TEXT   NOT NULL,
  name_space     TEXT   NOT NULL,
  resource_group TEXT   NOT NULL,
  repository     TEXT   NOT NULL,  -- name
  staged         TEXT   UNIQUE,    -- absent: everything is in `buffered`
  buffered       BLOB   NOT NULL,
  received       BIGINT NOT NULL,  -- bytes; where one process serves it, staging knows
  algorithm      TEXT   NOT NULL,  -- announced digest algorithm, or empty
  actor_kind     BIGINT NOT NULL,
  actor_account  TEXT   NOT NULL,
  actor_iam_id   TEXT   NOT NULL,
  actor_name     TEXT   NOT NULL,
  started        BIGINT NOT NULL,
  expires        BIGINT NOT NULL,
  writer         TEXT,
  writer_until   BIGINT,
  CHECK ((writer IS NULL) = (writer_until IS NULL))
) WITHOUT ROWID;
CREATE INDEX upload_expires ON upload (expires);

INSERT INTO upload (id, registry, region, account, name_space, resource_group, repository, staged,
                    buffered, received, algorithm, actor_kind, actor_account, actor_iam_id,
                    actor_name, started, expires)
SELECT id, registry, region, account, name_space, resource_group, repository, staged, x'', 0,
       algorithm, actor_kind, actor_account, actor_iam_id, actor_name, started, expires
FROM upload_before_0012;
DROP TABLE upload_before_0012;

-- Who makes a blob's bytes durable, or removes them, where several processes do.
CREATE TABLE digest_lock (
  digest     TEXT   NOT NULL PRIMARY KEY,
  holder     TEXT   NOT NULL,
  held_until BIGINT NOT NULL
) WITHOUT ROWID;

-- Facts of the installation as a whole.
CREATE TABLE installation (
  name  TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;
