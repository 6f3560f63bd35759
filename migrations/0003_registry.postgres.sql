-- The registry: settings, namespaces, and content.
--
-- Text compares bytewise, which is the order tags and repositories are listed in. Digests are kept
-- as they are written ("sha256:…"). Every row of content hangs on its repository, so nothing is
-- readable through a repository that does not hold it. A blob's bytes are shared by all
-- repositories that link it.

CREATE TABLE registry_setting (
  account          TEXT COLLATE "C" NOT NULL,
  registry         TEXT COLLATE "C" NOT NULL,
  iam_authz        BIGINT           NOT NULL,
  private_only     BIGINT           NOT NULL,
  platform_metrics BIGINT           NOT NULL,
  updated          BIGINT           NOT NULL,
  PRIMARY KEY (account, registry)
);

CREATE TABLE namespace (
  registry         TEXT COLLATE "C" NOT NULL,
  name             TEXT COLLATE "C" NOT NULL,
  account          TEXT COLLATE "C" NOT NULL,
  resource_group   TEXT COLLATE "C" NOT NULL,  -- empty: not assigned
  created          BIGINT           NOT NULL,
  resource_created BIGINT,           -- when it was assigned to its resource group
  updated          BIGINT           NOT NULL,
  PRIMARY KEY (registry, name)
);
CREATE INDEX namespace_account ON namespace (account, registry);

CREATE TABLE repository (
  id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  registry   TEXT COLLATE "C" NOT NULL,
  name_space TEXT COLLATE "C" NOT NULL,
  name       TEXT COLLATE "C" NOT NULL,  -- with its namespace: "ns/app"
  created    BIGINT           NOT NULL,
  UNIQUE (registry, name)
);
CREATE INDEX repository_namespace ON repository (registry, name_space);

-- place 0: the bytes are in blob_content; 1: in the blob store.
CREATE TABLE blob (
  digest  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  size    BIGINT           NOT NULL,
  place   BIGINT           NOT NULL CHECK (place IN (0, 1)),
  created BIGINT           NOT NULL
);

CREATE TABLE blob_content (
  digest  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  content BYTEA            NOT NULL
);

-- leased_until: a push that has not named the blob in a manifest yet may rely on it so long.
CREATE TABLE repository_blob (
  repository   TEXT COLLATE "C" NOT NULL,
  digest       TEXT COLLATE "C" NOT NULL,
  linked       BIGINT           NOT NULL,
  leased_until BIGINT           NOT NULL,
  PRIMARY KEY (repository, digest)
);
CREATE INDEX repository_blob_digest ON repository_blob (digest);

CREATE TABLE manifest (
  repository    TEXT COLLATE "C" NOT NULL,
  digest        TEXT COLLATE "C" NOT NULL,
  media_type    TEXT COLLATE "C" NOT NULL,
  artifact_type TEXT COLLATE "C" NOT NULL,  -- what a referrers list shows and filters by
  config_digest TEXT COLLATE "C",
  content_size  BIGINT           NOT NULL,  -- bytes of config and layers
  subject       TEXT COLLATE "C",
  referrer      TEXT COLLATE "C",             -- its entry in its subject's referrers list
  created       BIGINT           NOT NULL,
  pushed        BIGINT           NOT NULL,  -- the last time it was pushed
  content       BYTEA            NOT NULL,
  PRIMARY KEY (repository, digest)
);
CREATE INDEX manifest_subject ON manifest (repository, subject, digest) WHERE subject IS NOT NULL;

-- kind 0: config, 1: layer, 2: child manifest. Layers that live elsewhere have no row.
CREATE TABLE manifest_reference (
  repository TEXT COLLATE "C" NOT NULL,
  manifest   TEXT COLLATE "C" NOT NULL,
  kind       BIGINT           NOT NULL CHECK (kind IN (0, 1, 2)),
  target     TEXT COLLATE "C" NOT NULL,
  size       BIGINT           NOT NULL,
  PRIMARY KEY (repository, manifest, kind, target)
);
CREATE INDEX manifest_reference_target ON manifest_reference (repository, target);

CREATE TABLE tag (
  repository TEXT COLLATE "C" NOT NULL,
  name       TEXT COLLATE "C" NOT NULL,
  digest     TEXT COLLATE "C" NOT NULL,
  updated    BIGINT           NOT NULL,
  PRIMARY KEY (repository, name)
);
CREATE INDEX tag_digest ON tag (repository, digest);

-- Uploads that have bytes in the blob store. (One that fits into memory has no row: a restart
-- forgets it, and its client starts over.) How much was received is what staging holds.
CREATE TABLE upload (
  id             TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  registry       TEXT COLLATE "C" NOT NULL,
  region         TEXT COLLATE "C" NOT NULL,
  account        TEXT COLLATE "C" NOT NULL,
  name_space     TEXT COLLATE "C" NOT NULL,
  resource_group TEXT COLLATE "C" NOT NULL,
  repository     TEXT COLLATE "C" NOT NULL,  -- name
  staged         TEXT COLLATE "C" NOT NULL UNIQUE,
  algorithm      TEXT COLLATE "C" NOT NULL,  -- announced digest algorithm, or empty
  actor_kind     BIGINT           NOT NULL,
  actor_account  TEXT COLLATE "C" NOT NULL,
  actor_iam_id   TEXT COLLATE "C" NOT NULL,
  actor_name     TEXT COLLATE "C" NOT NULL,
  started        BIGINT           NOT NULL,
  expires        BIGINT           NOT NULL
);
CREATE INDEX upload_expires ON upload (expires);
