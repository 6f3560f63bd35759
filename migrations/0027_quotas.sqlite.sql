-- Plans and quotas, and what is counted against them. Bytes; a limit of -1 is none, and NULL is what
-- the plan gives.
--
-- name_space '' stands for the account as a whole in that registry.

CREATE TABLE registry_plan (
  account       TEXT   NOT NULL,
  registry      TEXT   NOT NULL,
  plan          TEXT   NOT NULL,  -- Free or Standard; empty: the installation's default
  storage_limit BIGINT,
  traffic_limit BIGINT,
  hard          BIGINT NOT NULL,
  updated       BIGINT NOT NULL,
  PRIMARY KEY (account, registry)
) WITHOUT ROWID;

CREATE TABLE namespace_quota (
  registry      TEXT   NOT NULL,
  name_space    TEXT   NOT NULL,
  storage_limit BIGINT NOT NULL,
  traffic_limit BIGINT NOT NULL,
  hard          BIGINT NOT NULL,
  updated       BIGINT NOT NULL,
  PRIMARY KEY (registry, name_space)
) WITHOUT ROWID;

-- Configurations and layers that manifests need, once in each namespace and once in the account.
CREATE TABLE stored_blob (
  account    TEXT   NOT NULL,
  registry   TEXT   NOT NULL,
  digest     TEXT   NOT NULL,
  name_space TEXT   NOT NULL,
  size       BIGINT NOT NULL,
  PRIMARY KEY (account, registry, digest, name_space)
) WITHOUT ROWID;
CREATE INDEX stored_blob_namespace ON stored_blob (registry, name_space, digest);

-- Their sums: storage_used and the changes that are not folded into it yet. Pushes only add rows to
-- storage_change, so that those of one account do not wait for each other.
CREATE TABLE storage_used (
  account    TEXT   NOT NULL,
  registry   TEXT   NOT NULL,
  name_space TEXT   NOT NULL,
  bytes      BIGINT NOT NULL,
  warned     BIGINT NOT NULL,  -- per cent of the limit that a warning was given for, or 0
  PRIMARY KEY (account, registry, name_space)
) WITHOUT ROWID;

CREATE TABLE storage_change (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  account    TEXT   NOT NULL,
  registry   TEXT   NOT NULL,
  name_space TEXT   NOT NULL,
  bytes      BIGINT NOT NULL
);
CREATE INDEX storage_change_of ON storage_change (account, registry, name_space);

-- Bytes of blobs pulled over public connections; month: "2026-11" in UTC.
CREATE TABLE pull_traffic (
  account    TEXT   NOT NULL,
  registry   TEXT   NOT NULL,
  name_space TEXT   NOT NULL,
  month      TEXT   NOT NULL,
  bytes      BIGINT NOT NULL,
  warned     BIGINT NOT NULL,
  reached    BIGINT,           -- when the limit was reached
  PRIMARY KEY (account, registry, name_space, month)
) WITHOUT ROWID;

INSERT INTO stored_blob (account, registry, digest, name_space, size)
  SELECT DISTINCT n.account, r.registry, e.target, r.name_space, b.size
  FROM manifest_reference e
  JOIN repository r ON r.id = e.repository
  JOIN namespace n ON n.registry = r.registry AND n.name = r.name_space
  JOIN repository_blob l ON l.repository = e.repository AND l.digest = e.target
  JOIN blob b ON b.digest = e.target WHERE e.kind <> 2;
INSERT INTO stored_blob (account, registry, digest, name_space, size)
  SELECT DISTINCT account, registry, digest, '', size FROM stored_blob;
INSERT INTO storage_used (account, registry, name_space, bytes, warned)
  SELECT account, registry, name_space, CAST(SUM(size) AS BIGINT), 0 FROM stored_blob
  GROUP BY account, registry, name_space;
