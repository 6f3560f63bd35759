-- Findings: what is wrong now, and what was. A finding that no longer holds is resolved, not deleted.
CREATE TABLE insights_finding (
  account     TEXT    NOT NULL,
  provider_id TEXT    NOT NULL,
  id          TEXT    NOT NULL,
  note_id     TEXT    NOT NULL,
  registry    TEXT    NOT NULL,
  resource    TEXT    NOT NULL,
  state       TEXT    NOT NULL CHECK (state IN ('open', 'resolved')),
  severity    TEXT    NOT NULL,
  opened      INTEGER NOT NULL,
  updated     INTEGER NOT NULL,
  resolved    INTEGER,
  document    TEXT    NOT NULL,
  PRIMARY KEY (account, provider_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX insights_finding_by_state    ON insights_finding (account, state, updated);
CREATE INDEX insights_finding_by_resource ON insights_finding (account, registry, resource);
