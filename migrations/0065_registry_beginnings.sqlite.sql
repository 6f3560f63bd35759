-- The registries in which an account's settings have begun: what templates say of new ones is no
-- more asked there. Until a program starts with this table, nothing has.
CREATE TABLE registry_beginning (
  account  TEXT    NOT NULL,
  registry TEXT    NOT NULL,
  begun    INTEGER NOT NULL,
  PRIMARY KEY (account, registry)
) STRICT, WITHOUT ROWID;
