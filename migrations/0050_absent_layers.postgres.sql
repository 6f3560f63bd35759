-- Layers that manifests name and their repositories do not have (docs/decisions/020). Tables of their
-- own, so that a row of manifest_reference goes on to mean a blob that the repository has, for all that
-- count, collect, copy and restore by it.
--
-- A layer stands here only while the repository has no link to its blob: the transaction that makes
-- the link turns its rows into rows of manifest_reference.
CREATE TABLE absent_layer (
  repository TEXT COLLATE "C" NOT NULL,
  manifest   TEXT COLLATE "C" NOT NULL,
  digest     TEXT COLLATE "C" NOT NULL,
  size       BIGINT NOT NULL,  -- as the manifest has it
  PRIMARY KEY (repository, manifest, digest)
);
CREATE INDEX absent_layer_digest ON absent_layer (repository, digest);

-- The same of deleted images: layers that were absent when they were deleted.
CREATE TABLE trash_absent_layer (
  repository TEXT COLLATE "C" NOT NULL,
  manifest   TEXT COLLATE "C" NOT NULL,
  digest     TEXT COLLATE "C" NOT NULL,
  size       BIGINT NOT NULL,
  PRIMARY KEY (repository, manifest, digest)
);

-- Links that were removed lately: a push may have been told that their blobs are there.
CREATE TABLE lapsed_link (
  repository TEXT COLLATE "C" NOT NULL,
  digest     TEXT COLLATE "C" NOT NULL,
  until      BIGINT NOT NULL,  -- so long it is remembered
  PRIMARY KEY (repository, digest)
);
CREATE INDEX lapsed_link_until ON lapsed_link (until);
