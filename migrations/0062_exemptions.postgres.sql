-- Issues of images that an account has accepted: they are told of, and no longer count.
CREATE TABLE advisor_exemption (
  account    TEXT   COLLATE "C" NOT NULL,
  registry   TEXT   COLLATE "C" NOT NULL,
  scope      TEXT   COLLATE "C" NOT NULL,  -- empty: the account; else ns, ns/repo, ns/repo:tag, ns/repo@digest
  name_space TEXT   COLLATE "C" NOT NULL,  -- of the scope
  issue_type TEXT   COLLATE "C" NOT NULL CHECK (issue_type IN ('cve', 'sn', 'configuration')),
  issue_id   TEXT   COLLATE "C" NOT NULL,
  created    BIGINT NOT NULL,
  PRIMARY KEY (account, registry, scope, issue_type, issue_id)
);
CREATE INDEX advisor_exemption_name_space ON advisor_exemption (registry, name_space);
