-- What is known of the installation itself. The processes that serve it, each by its own word and
-- for as long as it renews it; and how what is done now and then (a backup, a check) ended.
CREATE TABLE admin_process (
  id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,  -- another one at each start
  started    BIGINT NOT NULL,
  held_until BIGINT NOT NULL,
  document   TEXT COLLATE "C" NOT NULL               -- JSON: what it was started with; no secrets
);

CREATE TABLE admin_outcome (
  name      TEXT COLLATE "C" NOT NULL PRIMARY KEY,   -- "backup", "content", …
  at        BIGINT NOT NULL,                         -- of the last time
  good      BIGINT NOT NULL,                         -- how it ended
  last_good BIGINT,                                  -- as of when it was good last
  detail    TEXT COLLATE "C" NOT NULL                -- JSON
);
