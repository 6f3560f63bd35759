-- Until when no blob is removed, because a backup is being taken that names it: one row.
CREATE TABLE backup_hold (
  one        BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
  held_until BIGINT NOT NULL
);
INSERT INTO backup_hold (one, held_until) VALUES (1, 0);
