-- The registry: settings, namespaces, and content.
--
-- Text compares bytewise, which is the order tags and repositories are listed in. Digests are kept
-- as they are written ("sha256:…"). Every row of content hangs on its repository, so nothing is
-- readable through a repository that does not hold it. A blob's bytes are shared by all
-- repositories that link it.

CREATE TABLE registry_setting (
  account          TEXT   NOT NULL,
  registry         TEXT   NOT NULL,
  iam_authz        BIGINT NOT NULL,
  private_only     BIGINT NOT NULL,
  platform_metrics BIGINT NOT NULL,
  updated          BIGINT NOT NULL,
  PRIMARY KEY (account, registry)
) WITHOUT ROWID;

CREATE TABLE namespace (
  registry         TEXT   NOT NULL,
  name             TEXT   NOT NULL,
  account          TEXT   NOT NULL,
  resource_group   TEXT   NOT NULL,  -- empty: not assigned
  created          BIGINT NOT NULL,
  resource_created BIGINT,           -- when it was assigned to its resource group
  updated          BIGINT NOT NULL,
  PRIMARY KEY (registry, name)
) WITHOUT ROWID;
CREATE INDEX namespace_account ON namespace (account, registry);

CREATE TABLE repository (
  id         TEXT   NOT NULL PRIMARY KEY,
  registry   TEXT   NOT NULL,
  name_space TEXT   NOT NULL,
  name       TEXT   NOT NULL,  -- with its namespace: "ns/app"
  created    BIGINT NOT NULL,
  UNIQUE (registry, name)
) WITHOUT ROWID;
CREATE INDEX repository_namespace ON repository (registry, name_space);

-- place 0: the bytes are in blob_content; 1: in the blob store.
CREATE TABLE blob (
  digest  TEXT   NOT NULL PRIMARY KEY,
  size    BIGINT NOT NULL,
  place   BIGINT NOT NULL CHECK (place IN (0, 1)),
  created BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE blob_content (
  digest  TEXT NOT NULL PRIMARY KEY,
  content BLOB NOT NULL
);

-- leased_until: a push that has not named the blob in a manifest yet may rely on it so long.
CREATE TABLE repository_blob (
  repository   TEXT   NOT NULL,
  digest       TEXT   NOT NULL,
  linked       BIGINT NOT NULL,
  leased_until BIGINT NOT NULL,
  PRIMARY KEY (repository, digest)
) WITHOUT ROWID;
CREATE INDEX repository_blob_digest ON repository_blob (digest);

CREATE TABLE manifest (
  repository    TEXT   NOT NULL,
  digest        TEXT   NOT NULL,
  media_type    TEXT   NOT NULL,
  artifact_type TEXT   NOT NULL,  -- what a referrers list shows and filters by
  config_digest TEXT,
  content_size  BIGINT NOT NULL,  -- bytes of config and layers
  subject       TEXT,
  referrer      TEXT,             -- its entry in its subject's referrers list
  created       BIGINT NOT NULL,
  pushed        BIGINT NOT NULL,  -- the last time it was pushed
  content       BLOB   NOT NULL,
  PRIMARY KEY (repository, digest)
);
CREATE INDEX manifest_subject ON manifest (repository, subject, digest) WHERE subject IS NOT NULL;

-- kind 0: config, 1: layer, 2: child manifest. Layers that live elsewhere have no row.
CREATE TABLE manifest_reference (
  repository TEXT   NOT NULL,
  manifest   TEXT   NOT NULL,
  kind       BIGINT NOT NULL CHECK (kind IN (0, 1, 2)),
  target     TEXT   NOT NULL,
  size       BIGINT NOT NULL,
  PRIMARY KEY (repository, manifest, kind, target)
) WITHOUT ROWID;
CREATE INDEX manifest_reference_target ON manifest_reference (repository, target);

CREATE TABLE tag (
  repository TEXT   NOT NULL,
  name       TEXT   NOT NULL,
  digest     TEXT   NOT NULL,
  updated    BIGINT NOT NULL,
  PRIMARY KEY (repository, name)
) WITHOUT ROWID;
CREATE INDEX tag_digest ON tag (repository, digest);

-- Uploads that have bytes in the blob store. (One that fits into memory has no row: a restart
-- forgets it, and its client starts over.) How much was received is what staging holds.
CREATE TABLE upload (
  id            TEXT   NOT NULL PRIMARY KEY,
  registry      TEXT   NOT NULL,
  region        TEXT   NOT NULL,
  account       TEXT   NOT NULL,
  name_space    TEXT   NOT NULL,
  resource_group TEXT  NOT NULL,
  repository    TEXT   NOT NULL,  -- name
  staged        TEXT   NOT NULL UNIQUE,
  algorithm     TEXT   NOT NULL,  -- announced digest algorithm, or empty
  actor_kind    BIGINT NOT NULL,
  actor_account TEXT   NOT NULL,
  actor_iam_id  TEXT   NOT NULL,
  actor_name    TEXT   NOT NULL,
  started       BIGINT NOT NULL,
  expires       BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX upload_expires ON upload (expires);
