-- How far the collection of garbage has come: one row.
CREATE TABLE collection (
  one        BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
  phase      TEXT   NOT NULL CHECK (phase IN ('idle', 'links', 'blobs', 'bytes')),
  repository TEXT   NOT NULL,  -- id; with `digest` the last row that was looked at
  digest     TEXT   NOT NULL,
  since      BIGINT NOT NULL   -- when the phase began
) WITHOUT ROWID;
