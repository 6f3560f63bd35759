-- While another installation is copied into this database: how far that has come. No server starts
-- over such a database; the end of the copy removes the row.
CREATE TABLE admin_copy (
  id         BIGINT           NOT NULL PRIMARY KEY CHECK (id = 1),
  source     TEXT COLLATE "C" NOT NULL,  -- which installation is copied: a digest
  phase      TEXT COLLATE "C" NOT NULL CHECK (phase IN ('clear', 'rows', 'blobs', 'verify')),
  table_name TEXT COLLATE "C" NOT NULL,  -- of 'rows': the table in work
  last_key   BYTEA            NOT NULL,  -- the last row, or blob, that is here
  started    BIGINT           NOT NULL
);
