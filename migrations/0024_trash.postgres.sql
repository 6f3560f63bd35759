-- Deleted images, until they expire. Tables of their own, so that what pushes and pulls ask need not
-- know of them: an image that lies here is nowhere else, unless it was pushed or restored again.
--
-- root: the image whose deletion this manifest went with; its own digest for the image itself.
CREATE TABLE trash_image (
  repository    TEXT COLLATE "C" NOT NULL,
  digest        TEXT COLLATE "C" NOT NULL,
  media_type    TEXT COLLATE "C" NOT NULL,
  artifact_type TEXT COLLATE "C" NOT NULL,
  config_digest TEXT COLLATE "C",
  content_size  BIGINT NOT NULL,
  subject       TEXT COLLATE "C",
  referrer      TEXT COLLATE "C",
  created       BIGINT NOT NULL,
  pushed        BIGINT NOT NULL,
  root          TEXT COLLATE "C" NOT NULL,
  deleted       BIGINT NOT NULL,
  expires       BIGINT NOT NULL,
  content       BYTEA NOT NULL,
  PRIMARY KEY (repository, digest)
);
CREATE INDEX trash_image_expires ON trash_image (expires);
CREATE INDEX trash_image_root ON trash_image (repository, root);

-- The tags that a deleted image had.
CREATE TABLE trash_tag (
  repository TEXT COLLATE "C" NOT NULL,
  digest     TEXT COLLATE "C" NOT NULL,
  name       TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (repository, digest, name)
);
CREATE INDEX trash_tag_name ON trash_tag (repository, name);

-- As manifest_reference. Blobs that stand here are kept, whether a repository links them or not.
CREATE TABLE trash_reference (
  repository TEXT COLLATE "C" NOT NULL,
  manifest   TEXT COLLATE "C" NOT NULL,
  kind       BIGINT NOT NULL CHECK (kind IN (0, 1, 2)),
  target     TEXT COLLATE "C" NOT NULL,
  size       BIGINT NOT NULL,
  PRIMARY KEY (repository, manifest, kind, target)
);
CREATE INDEX trash_reference_target ON trash_reference (target);
