-- Governance over the whole tree: stages, parameters, templates, break-glass; and the token that
-- says when what was derived from rules and the tree is out of date.

CREATE TABLE scopes_version (
  id    BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  token TEXT COLLATE "C" NOT NULL
);

-- Before this time a rule that disallows only observes.
ALTER TABLE governance_rule ADD COLUMN enforced_from BIGINT;
ALTER TABLE governance_rule ADD COLUMN import TEXT COLLATE "C" NOT NULL DEFAULT 'null';  -- JSON: parameters
ALTER TABLE governance_attachment ADD COLUMN parameters TEXT COLLATE "C" NOT NULL DEFAULT 'null';  -- JSON

CREATE TABLE governance_template (
  id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  account     TEXT COLLATE "C" NOT NULL,
  version     TEXT COLLATE "C" NOT NULL,
  name        TEXT COLLATE "C" NOT NULL,
  description TEXT COLLATE "C" NOT NULL,
  service     TEXT COLLATE "C" NOT NULL,  -- of the target
  kind        TEXT COLLATE "C" NOT NULL,  -- of the target
  target      TEXT COLLATE "C" NOT NULL,  -- JSON, as it was received
  defaults    TEXT COLLATE "C" NOT NULL,  -- JSON array of {property, value}
  created     BIGINT NOT NULL,
  created_by  TEXT COLLATE "C" NOT NULL,
  modified    BIGINT NOT NULL,
  modified_by TEXT COLLATE "C" NOT NULL
);
CREATE INDEX governance_template_account ON governance_template (account, created, id);

CREATE TABLE governance_template_attachment (
  id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  template_id TEXT COLLATE "C" NOT NULL REFERENCES governance_template (id),
  account     TEXT COLLATE "C" NOT NULL,
  version     TEXT COLLATE "C" NOT NULL,
  scope_type  TEXT COLLATE "C" NOT NULL,
  scope_id    TEXT COLLATE "C" NOT NULL,
  note        TEXT COLLATE "C" NOT NULL,
  excluded    TEXT COLLATE "C" NOT NULL,  -- JSON array of scopes
  created     BIGINT NOT NULL
);
CREATE INDEX governance_template_attachment_template
  ON governance_template_attachment (template_id, created, id);
CREATE INDEX governance_template_attachment_account
  ON governance_template_attachment (account, template_id);

-- Times in which rules of an account refuse nothing.
CREATE TABLE governance_break_glass (
  id        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  account   TEXT COLLATE "C" NOT NULL,
  reason    TEXT COLLATE "C" NOT NULL,
  rules     TEXT COLLATE "C" NOT NULL,  -- JSON array of ids; empty: all
  opened    BIGINT NOT NULL,
  opened_by TEXT COLLATE "C" NOT NULL,
  ends      BIGINT NOT NULL,
  closed    BIGINT,             -- before its end
  closed_by TEXT COLLATE "C" NOT NULL
);
CREATE INDEX governance_break_glass_account ON governance_break_glass (account, ends);

-- Results are asked for by who owns the rule, too.
CREATE INDEX governance_result_rule ON governance_result (rule_id, resource);
CREATE INDEX governance_history_rule ON governance_history (rule_id, resource, at);
