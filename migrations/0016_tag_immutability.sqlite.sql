-- Which tags of a namespace cannot move once they are set.
CREATE TABLE tag_immutability (
  registry   TEXT   NOT NULL,
  name_space TEXT   NOT NULL,
  patterns   TEXT   NOT NULL,  -- JSON: {"immutable":[...],"except":[...]}
  updated    BIGINT NOT NULL,
  PRIMARY KEY (registry, name_space)
) WITHOUT ROWID;
