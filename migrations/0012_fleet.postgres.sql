-- Upload sessions that several processes serve: what is not staged yet is in the row, and one
-- request at a time writes. `writer` names that request until `writer_until`.
ALTER TABLE upload ALTER COLUMN staged DROP NOT NULL;
ALTER TABLE upload ADD COLUMN buffered BYTEA NOT NULL DEFAULT '';
ALTER TABLE upload ALTER COLUMN buffered DROP DEFAULT;
ALTER TABLE upload ADD COLUMN received BIGINT NOT NULL DEFAULT 0;
ALTER TABLE upload ALTER COLUMN received DROP DEFAULT;
ALTER TABLE upload ADD COLUMN writer TEXT COLLATE "C";
ALTER TABLE upload ADD COLUMN writer_until BIGINT;
ALTER TABLE upload ADD CHECK ((writer IS NULL) = (writer_until IS NULL));

-- Who makes a blob's bytes durable, or removes them, where several processes do.
CREATE TABLE digest_lock (
  digest     TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
  holder     TEXT   COLLATE "C" NOT NULL,
  held_until BIGINT NOT NULL
);

-- Facts of the installation as a whole.
CREATE TABLE installation (
  name  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  value TEXT COLLATE "C" NOT NULL
);
