-- While another installation is copied into this database: how far that has come. No server starts
-- over such a database; the end of the copy removes the row.
CREATE TABLE admin_copy (
  id         INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  source     TEXT    NOT NULL,  -- which installation is copied: a digest
  phase      TEXT    NOT NULL CHECK (phase IN ('clear', 'rows', 'blobs', 'verify')),
  table_name TEXT    NOT NULL,  -- of 'rows': the table in work
  last_key   BLOB    NOT NULL,  -- the last row, or blob, that is here
  started    INTEGER NOT NULL
) STRICT;
