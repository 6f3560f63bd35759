-- Issues of images that an account has accepted: they are told of, and no longer count.
CREATE TABLE advisor_exemption (
  account    TEXT   NOT NULL,
  registry   TEXT   NOT NULL,
  scope      TEXT   NOT NULL,  -- empty: the account; else ns, ns/repo, ns/repo:tag, ns/repo@digest
  name_space TEXT   NOT NULL,  -- of the scope
  issue_type TEXT   NOT NULL CHECK (issue_type IN ('cve', 'sn', 'configuration')),
  issue_id   TEXT   NOT NULL,
  created    BIGINT NOT NULL,
  PRIMARY KEY (account, registry, scope, issue_type, issue_id)
) WITHOUT ROWID;
CREATE INDEX advisor_exemption_name_space ON advisor_exemption (registry, name_space);
