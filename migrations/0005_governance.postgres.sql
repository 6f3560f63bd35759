-- Configuration governance: rules, what they are attached to, and how resources comply.

-- version changes with every edit of the definition: compiled rules are cached by it.
CREATE TABLE governance_rule (
  id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  account         TEXT COLLATE "C" NOT NULL,
  version         TEXT COLLATE "C" NOT NULL,
  name            TEXT COLLATE "C" NOT NULL,
  description     TEXT COLLATE "C" NOT NULL,
  service         TEXT COLLATE "C" NOT NULL,  -- of the target
  kind            TEXT COLLATE "C" NOT NULL,  -- of the target
  target          TEXT COLLATE "C" NOT NULL,  -- JSON, as it was received
  required_config TEXT COLLATE "C" NOT NULL,  -- JSON, as it was received
  actions         TEXT COLLATE "C" NOT NULL,  -- JSON array
  labels          TEXT COLLATE "C" NOT NULL,  -- JSON array
  created         BIGINT           NOT NULL,
  created_by      TEXT COLLATE "C" NOT NULL,
  modified        BIGINT           NOT NULL,
  modified_by     TEXT COLLATE "C" NOT NULL
);
CREATE INDEX governance_rule_account ON governance_rule (account, created, id);

CREATE TABLE governance_attachment (
  id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  rule_id    TEXT COLLATE "C" NOT NULL REFERENCES governance_rule (id),
  account    TEXT COLLATE "C" NOT NULL,
  version    TEXT COLLATE "C" NOT NULL,
  scope_type TEXT COLLATE "C" NOT NULL,
  scope_id   TEXT COLLATE "C" NOT NULL,
  note       TEXT COLLATE "C" NOT NULL,
  excluded   TEXT COLLATE "C" NOT NULL,  -- JSON array of scopes
  created    BIGINT           NOT NULL
);
CREATE INDEX governance_attachment_rule ON governance_attachment (rule_id, created, id);
CREATE INDEX governance_attachment_account ON governance_attachment (account, rule_id);

-- How each resource complies with each rule attached to it, now.
CREATE TABLE governance_result (
  account  TEXT COLLATE "C" NOT NULL,
  rule_id  TEXT COLLATE "C" NOT NULL,
  resource TEXT COLLATE "C" NOT NULL,  -- CRN
  service  TEXT COLLATE "C" NOT NULL,
  kind     TEXT COLLATE "C" NOT NULL,
  outcome  TEXT COLLATE "C" NOT NULL,  -- compliant, violated, unable
  since    BIGINT           NOT NULL,  -- when the outcome became this
  checked  BIGINT           NOT NULL,
  document TEXT COLLATE "C" NOT NULL,  -- rule version, verdict with its leaves, and the facts used
  PRIMARY KEY (account, rule_id, resource)
);
CREATE INDEX governance_result_kind ON governance_result (account, service, kind);

-- One row for each change of an outcome; "removed" when the rule no longer applies.
CREATE TABLE governance_history (
  account  TEXT COLLATE "C" NOT NULL,
  rule_id  TEXT COLLATE "C" NOT NULL,
  resource TEXT COLLATE "C" NOT NULL,
  at       BIGINT           NOT NULL,
  outcome  TEXT COLLATE "C" NOT NULL,
  document TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (account, rule_id, resource, at)
);
CREATE INDEX governance_history_at ON governance_history (at);
