-- Configuration governance: rules, what they are attached to, and how resources comply.

-- version changes with every edit of the definition: compiled rules are cached by it.
CREATE TABLE governance_rule (
  id              TEXT   NOT NULL PRIMARY KEY,
  account         TEXT   NOT NULL,
  version         TEXT   NOT NULL,
  name            TEXT   NOT NULL,
  description     TEXT   NOT NULL,
  service         TEXT   NOT NULL,  -- of the target
  kind            TEXT   NOT NULL,  -- of the target
  target          TEXT   NOT NULL,  -- JSON, as it was received
  required_config TEXT   NOT NULL,  -- JSON, as it was received
  actions         TEXT   NOT NULL,  -- JSON array
  labels          TEXT   NOT NULL,  -- JSON array
  created         BIGINT NOT NULL,
  created_by      TEXT   NOT NULL,
  modified        BIGINT NOT NULL,
  modified_by     TEXT   NOT NULL
) WITHOUT ROWID;
CREATE INDEX governance_rule_account ON governance_rule (account, created, id);

CREATE TABLE governance_attachment (
  id         TEXT   NOT NULL PRIMARY KEY,
  rule_id    TEXT   NOT NULL REFERENCES governance_rule (id),
  account    TEXT   NOT NULL,
  version    TEXT   NOT NULL,
  scope_type TEXT   NOT NULL,
  scope_id   TEXT   NOT NULL,
  note       TEXT   NOT NULL,
  excluded   TEXT   NOT NULL,  -- JSON array of scopes
  created    BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX governance_attachment_rule ON governance_attachment (rule_id, created, id);
CREATE INDEX governance_attachment_account ON governance_attachment (account, rule_id);

-- How each resource complies with each rule attached to it, now.
CREATE TABLE governance_result (
  account  TEXT   NOT NULL,
  rule_id  TEXT   NOT NULL,
  resource TEXT   NOT NULL,  -- CRN
  service  TEXT   NOT NULL,
  kind     TEXT   NOT NULL,
  outcome  TEXT   NOT NULL,  -- compliant, violated, unable
  since    BIGINT NOT NULL,  -- when the outcome became this
  checked  BIGINT NOT NULL,
  document TEXT   NOT NULL,  -- rule version, verdict with its leaves, and the facts used
  PRIMARY KEY (account, rule_id, resource)
) WITHOUT ROWID;
CREATE INDEX governance_result_kind ON governance_result (account, service, kind);

-- One row for each change of an outcome; "removed" when the rule no longer applies.
CREATE TABLE governance_history (
  account  TEXT   NOT NULL,
  rule_id  TEXT   NOT NULL,
  resource TEXT   NOT NULL,
  at       BIGINT NOT NULL,
  outcome  TEXT   NOT NULL,
  document TEXT   NOT NULL,
  PRIMARY KEY (account, rule_id, resource, at)
) WITHOUT ROWID;
CREATE INDEX governance_history_at ON governance_history (at);
