-- Records are asked for by time together with whose, of what and which; the end of the chain is a row
-- that every sealer writes; how much of reads is recorded is a setting of the installation.
ALTER TABLE audit_record ADD COLUMN target TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE audit_record SET target = coalesce(
  nullif(document::jsonb #>> '{target,name}', ''), document::jsonb #>> '{target,crn}', '');

DROP INDEX audit_record_by_account;
DROP INDEX audit_record_by_initiator;
DROP INDEX audit_record_by_action;
CREATE INDEX audit_record_by_account   ON audit_record (account, time, row);
CREATE INDEX audit_record_by_initiator ON audit_record (initiator, time, row);
CREATE INDEX audit_record_by_target    ON audit_record (target, time, row);
CREATE INDEX audit_record_by_action    ON audit_record (action, time, row);
CREATE INDEX audit_record_failed       ON audit_record (account, time, row) WHERE outcome = 'failure';

CREATE TABLE audit_chain (
  id       BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  sequence BIGINT NOT NULL,
  hash     TEXT COLLATE "C" NOT NULL
);
INSERT INTO audit_chain (id, sequence, hash)
  SELECT 1, sequence, hash FROM audit_record WHERE sequence IS NOT NULL ORDER BY sequence DESC LIMIT 1;

CREATE TABLE audit_settings (
  id         BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  pulls      TEXT COLLATE "C" NOT NULL CHECK (pulls IN ('all', 'by_tag', 'first_of_day')),
  keep_days  BIGINT NOT NULL CHECK (keep_days >= 0),
  changed_at BIGINT NOT NULL
);

-- Processes that batch records of reads; one that is gone without having said so has lost some.
CREATE TABLE audit_recorder (
  process  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  started  BIGINT NOT NULL,
  seen     BIGINT NOT NULL,
  recorded BIGINT NOT NULL
);
