-- Findings: what is wrong now, and what was. A finding that no longer holds is resolved, not deleted.
CREATE TABLE insights_finding (
  account     TEXT COLLATE "C" NOT NULL,
  provider_id TEXT COLLATE "C" NOT NULL,
  id          TEXT COLLATE "C" NOT NULL,
  note_id     TEXT COLLATE "C" NOT NULL,
  registry    TEXT COLLATE "C" NOT NULL,
  resource    TEXT COLLATE "C" NOT NULL,
  state       TEXT COLLATE "C" NOT NULL CHECK (state IN ('open', 'resolved')),
  severity    TEXT COLLATE "C" NOT NULL,
  opened      BIGINT           NOT NULL,
  updated     BIGINT           NOT NULL,
  resolved    BIGINT,
  document    TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (account, provider_id, id)
);

CREATE INDEX insights_finding_by_state    ON insights_finding (account, state, updated);
CREATE INDEX insights_finding_by_resource ON insights_finding (account, registry, resource);
