-- Governance over the whole tree: stages, parameters, templates, break-glass; and the token that
-- says when what was derived from rules and the tree is out of date.

CREATE TABLE scopes_version (
  id    INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  token TEXT    NOT NULL
) WITHOUT ROWID;

-- Before this time a rule that disallows only observes.
ALTER TABLE governance_rule ADD COLUMN enforced_from BIGINT;
ALTER TABLE governance_rule ADD COLUMN import TEXT NOT NULL DEFAULT 'null';  -- JSON: parameters
ALTER TABLE governance_attachment ADD COLUMN parameters TEXT NOT NULL DEFAULT 'null';  -- JSON

CREATE TABLE governance_template (
  id          TEXT   NOT NULL PRIMARY KEY,
  account     TEXT   NOT NULL,
  version     TEXT   NOT NULL,
  name        TEXT   NOT NULL,
  description TEXT   NOT NULL,
  service     TEXT   NOT NULL,  -- of the target
  kind        TEXT   NOT NULL,  -- of the target
  target      TEXT   NOT NULL,  -- JSON, as it was received
  defaults    TEXT   NOT NULL,  -- JSON array of {property, value}
  created     BIGINT NOT NULL,
  created_by  TEXT   NOT NULL,
  modified    BIGINT NOT NULL,
  modified_by TEXT   NOT NULL
) WITHOUT ROWID;
CREATE INDEX governance_template_account ON governance_template (account, created, id);

CREATE TABLE governance_template_attachment (
  id          TEXT   NOT NULL PRIMARY KEY,
  template_id TEXT   NOT NULL REFERENCES governance_template (id),
  account     TEXT   NOT NULL,
  version     TEXT   NOT NULL,
  scope_type  TEXT   NOT NULL,
  scope_id    TEXT   NOT NULL,
  note        TEXT   NOT NULL,
  excluded    TEXT   NOT NULL,  -- JSON array of scopes
  created     BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX governance_template_attachment_template
  ON governance_template_attachment (template_id, created, id);
CREATE INDEX governance_template_attachment_account
  ON governance_template_attachment (account, template_id);

-- Times in which rules of an account refuse nothing.
CREATE TABLE governance_break_glass (
  id        TEXT   NOT NULL PRIMARY KEY,
  account   TEXT   NOT NULL,
  reason    TEXT   NOT NULL,
  rules     TEXT   NOT NULL,  -- JSON array of ids; empty: all
  opened    BIGINT NOT NULL,
  opened_by TEXT   NOT NULL,
  ends      BIGINT NOT NULL,
  closed    BIGINT,             -- before its end
  closed_by TEXT   NOT NULL
) WITHOUT ROWID;
CREATE INDEX governance_break_glass_account ON governance_break_glass (account, ends);

-- Results are asked for by who owns the rule, too.
CREATE INDEX governance_result_rule ON governance_result (rule_id, resource);
CREATE INDEX governance_history_rule ON governance_history (rule_id, resource, at);
