-- Notes of providers outside this program: the types of what they report.
CREATE TABLE insights_note (
  account     TEXT    NOT NULL,
  provider_id TEXT    NOT NULL,
  id          TEXT    NOT NULL,
  kind        TEXT    NOT NULL CHECK (kind IN ('FINDING', 'KPI', 'CARD', 'CARD_CONFIGURED', 'SECTION')),
  created     INTEGER NOT NULL,
  updated     INTEGER NOT NULL,
  document    TEXT    NOT NULL,
  PRIMARY KEY (account, provider_id, id)
) STRICT, WITHOUT ROWID;

-- What is reported is a finding, or a value that is measured.
ALTER TABLE insights_finding ADD COLUMN kind TEXT NOT NULL DEFAULT 'FINDING';
