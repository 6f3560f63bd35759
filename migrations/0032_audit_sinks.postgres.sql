-- Destinations that sealed entries are exported to: how far each has come, and since when it fails.
CREATE TABLE audit_sink (
  name          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  sequence      BIGINT           NOT NULL,
  head          BIGINT           NOT NULL,
  failing_since BIGINT,
  last_error    TEXT COLLATE "C" NOT NULL,
  alarmed       BIGINT           NOT NULL CHECK (alarmed IN (0, 1)),
  updated       BIGINT           NOT NULL
);
