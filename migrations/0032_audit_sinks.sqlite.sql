-- Destinations that sealed entries are exported to: how far each has come, and since when it fails.
CREATE TABLE audit_sink (
  name          TEXT    NOT NULL PRIMARY KEY,
  sequence      INTEGER NOT NULL,
  head          INTEGER NOT NULL,
  failing_since INTEGER,
  last_error    TEXT    NOT NULL,
  alarmed       INTEGER NOT NULL CHECK (alarmed IN (0, 1)),
  updated       INTEGER NOT NULL
) STRICT;
