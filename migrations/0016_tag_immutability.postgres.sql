-- Which tags of a namespace cannot move once they are set.
CREATE TABLE tag_immutability (
  registry   TEXT   COLLATE "C" NOT NULL,
  name_space TEXT   COLLATE "C" NOT NULL,
  patterns   TEXT   COLLATE "C" NOT NULL,  -- JSON: {"immutable":[...],"except":[...]}
  updated    BIGINT NOT NULL,
  PRIMARY KEY (registry, name_space)
);
