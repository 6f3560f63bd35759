-- Closed segments of the audit trail: files of the blob store that hold sealed entries as compressed
-- JSON lines. The row comes first, then the bytes: whoever finds it without them writes them.
CREATE TABLE audit_segment (
  first_sequence INTEGER NOT NULL PRIMARY KEY,
  last_sequence  INTEGER NOT NULL,
  last_hash      TEXT    NOT NULL,
  last_time      INTEGER NOT NULL,
  digest         TEXT    NOT NULL,
  size           INTEGER NOT NULL,
  stored         INTEGER NOT NULL CHECK (stored IN (0, 1)),
  created        INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_segment_by_digest ON audit_segment (digest);

-- Signed heads: how long the chain was when, and what it ended with.
CREATE TABLE audit_head (
  sequence  INTEGER NOT NULL PRIMARY KEY,
  hash      TEXT    NOT NULL,
  time      INTEGER NOT NULL,
  kid       TEXT    NOT NULL,
  signature TEXT    NOT NULL
) STRICT;

-- The keys that sign heads, sealed; the latest one signs.
CREATE TABLE audit_key (
  kid     TEXT    NOT NULL PRIMARY KEY,
  sealed  BLOB    NOT NULL,
  public  TEXT    NOT NULL,
  created INTEGER NOT NULL
) STRICT;
