-- The audit trail. A record is written by its change's own transaction; sequence and hashes are
-- given by the sealer afterwards and never change again.
CREATE TABLE audit_record (
  row           INTEGER PRIMARY KEY AUTOINCREMENT,
  id            TEXT    NOT NULL UNIQUE,
  time          INTEGER NOT NULL,
  account       TEXT    NOT NULL,
  action        TEXT    NOT NULL,
  initiator     TEXT    NOT NULL,
  outcome       TEXT    NOT NULL CHECK (outcome IN ('success', 'failure')),
  request_id    TEXT    NOT NULL,
  document      TEXT    NOT NULL,
  sequence      INTEGER UNIQUE,
  previous_hash TEXT,
  hash          TEXT
) STRICT;

CREATE INDEX audit_record_by_account   ON audit_record (account, row);
CREATE INDEX audit_record_by_initiator ON audit_record (initiator, row);
CREATE INDEX audit_record_by_action    ON audit_record (action, row);
CREATE INDEX audit_record_by_request   ON audit_record (request_id);
CREATE INDEX audit_record_unsealed     ON audit_record (row) WHERE sequence IS NULL;
