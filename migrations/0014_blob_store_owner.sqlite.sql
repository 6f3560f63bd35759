-- Which blob store this database was used with: one row. Another store's blobs would look like rubbish.
CREATE TABLE blob_store_owner (
  one     BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
  owner   TEXT   NOT NULL,  -- what the store is marked with
  claimed BIGINT NOT NULL   -- 0: it may not be marked yet
) WITHOUT ROWID;
