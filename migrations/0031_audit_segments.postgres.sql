-- Closed segments of the audit trail: files of the blob store that hold sealed entries as compressed
-- JSON lines. The row comes first, then the bytes: whoever finds it without them writes them.
CREATE TABLE audit_segment (
  first_sequence BIGINT           NOT NULL PRIMARY KEY,
  last_sequence  BIGINT           NOT NULL,
  last_hash      TEXT COLLATE "C" NOT NULL,
  last_time      BIGINT           NOT NULL,
  digest         TEXT COLLATE "C" NOT NULL,
  size           BIGINT           NOT NULL,
  stored         BIGINT           NOT NULL CHECK (stored IN (0, 1)),
  created        BIGINT           NOT NULL
);
CREATE INDEX audit_segment_by_digest ON audit_segment (digest);

-- Signed heads: how long the chain was when, and what it ended with.
CREATE TABLE audit_head (
  sequence  BIGINT           NOT NULL PRIMARY KEY,
  hash      TEXT COLLATE "C" NOT NULL,
  time      BIGINT           NOT NULL,
  kid       TEXT COLLATE "C" NOT NULL,
  signature TEXT COLLATE "C" NOT NULL
);

-- The keys that sign heads, sealed; the latest one signs.
CREATE TABLE audit_key (
  kid     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  sealed  BYTEA            NOT NULL,
  public  TEXT COLLATE "C" NOT NULL,
  created BIGINT           NOT NULL
);
