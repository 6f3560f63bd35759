-- What is known of the installation itself. The processes that serve it, each by its own word and
-- for as long as it renews it; and how what is done now and then (a backup, a check) ended.
CREATE TABLE admin_process (
  id         TEXT    NOT NULL PRIMARY KEY,  -- another one at each start
  started    INTEGER NOT NULL,
  held_until INTEGER NOT NULL,
  document   TEXT    NOT NULL               -- JSON: what it was started with; no secrets
) STRICT, WITHOUT ROWID;

CREATE TABLE admin_outcome (
  name      TEXT    NOT NULL PRIMARY KEY,   -- "backup", "content", …
  at        INTEGER NOT NULL,               -- of the last time
  good      INTEGER NOT NULL,               -- how it ended
  last_good INTEGER,                        -- as of when it was good last
  detail    TEXT    NOT NULL                -- JSON
) STRICT, WITHOUT ROWID;
