-- Notes of providers outside this program: the types of what they report.
CREATE TABLE insights_note (
  account     TEXT COLLATE "C" NOT NULL,
  provider_id TEXT COLLATE "C" NOT NULL,
  id          TEXT COLLATE "C" NOT NULL,
  kind        TEXT COLLATE "C" NOT NULL CHECK (kind IN ('FINDING', 'KPI', 'CARD', 'CARD_CONFIGURED', 'SECTION')),
  created     BIGINT           NOT NULL,
  updated     BIGINT           NOT NULL,
  document    TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (account, provider_id, id)
);

-- What is reported is a finding, or a value that is measured.
ALTER TABLE insights_finding ADD COLUMN kind TEXT COLLATE "C" NOT NULL DEFAULT 'FINDING';
