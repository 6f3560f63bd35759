-- Attestations: what people answer for where no fact can. Never changed; a newer one counts, and
-- ending one is a row of its own time.
CREATE TABLE posture_attestation (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  account   TEXT NOT NULL,
  goal_id   TEXT NOT NULL,
  met       INTEGER NOT NULL,
  owner     TEXT NOT NULL,
  statement TEXT NOT NULL,
  given     INTEGER NOT NULL,
  given_by  TEXT NOT NULL,
  expires   INTEGER NOT NULL,
  ended     INTEGER,          -- withdrawn before it expired
  ended_by  TEXT NOT NULL
) STRICT;
CREATE INDEX posture_attestation_goal ON posture_attestation (account, goal_id, id);
