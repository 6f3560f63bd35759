-- Evidence that stays: where the bundles of an attachment's scans are kept, and what was kept.

ALTER TABLE posture_attachment ADD COLUMN evidence_repository TEXT NOT NULL DEFAULT '';

-- The scope as it was while this was in force: JSON of its name, description and selection.
ALTER TABLE posture_attachment_version ADD COLUMN scope TEXT NOT NULL DEFAULT '';

-- When all of an attachment was looked at. Nobody knows what was so long after.
CREATE TABLE posture_look (
  attachment_id INTEGER NOT NULL,
  at            INTEGER NOT NULL,
  PRIMARY KEY (attachment_id, at)
) STRICT, WITHOUT ROWID;
ALTER TABLE posture_goal DROP COLUMN checked;

-- A bundle that is, or could not be, kept as an OCI artifact.
CREATE TABLE posture_evidence (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  attachment_id INTEGER NOT NULL,
  moment        INTEGER NOT NULL,  -- what it is true of
  registry      TEXT NOT NULL,
  repository    TEXT NOT NULL,
  tag           TEXT NOT NULL,
  digest        TEXT NOT NULL,  -- of the manifest; '': it was not kept
  bundle        TEXT NOT NULL,  -- digest of the signed document
  error         TEXT NOT NULL,  -- why it was not kept
  written       INTEGER NOT NULL
) STRICT;
CREATE INDEX posture_evidence_attachment ON posture_evidence (attachment_id, id);
