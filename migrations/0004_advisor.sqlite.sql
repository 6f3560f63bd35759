-- The vulnerability advisor: what is known of vulnerabilities, and what images consist of.
--
-- Advisory rows carry the generation of the feed they came with. An import writes a new generation in
-- small transactions, then one transaction makes it the current one; readers see the old set or
-- the new one, never a mixture. Versions compare by the distribution's rules, not here.

CREATE TABLE advisor_feed (
  generation      INTEGER NOT NULL PRIMARY KEY,
  current         INTEGER NOT NULL CHECK (current IN (0, 1)),
  source          TEXT    NOT NULL,  -- what was imported, by file name
  digest          TEXT    NOT NULL,  -- over the records, whatever they were packed in
  newest          TEXT    NOT NULL,  -- latest "modified" of a record
  imported        INTEGER NOT NULL,
  records         INTEGER NOT NULL,
  vulnerabilities INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX advisor_feed_current ON advisor_feed (current) WHERE current = 1;

CREATE TABLE advisor_vulnerability (
  generation  INTEGER NOT NULL,
  id          TEXT    NOT NULL,
  summary     TEXT    NOT NULL,
  cvss_vector TEXT    NOT NULL,
  cvss_score  REAL    NOT NULL,
  PRIMARY KEY (generation, id)
) STRICT, WITHOUT ROWID;

-- One row for each interval of affected versions; '' is an open end.
CREATE TABLE advisor_advisory (
  generation     INTEGER NOT NULL,
  ecosystem      TEXT    NOT NULL,  -- "Debian:12"
  package        TEXT    NOT NULL,  -- source package
  vulnerability  TEXT    NOT NULL,
  place          INTEGER NOT NULL,  -- of the interval, from 0
  introduced     TEXT    NOT NULL,
  fixed          TEXT    NOT NULL,
  last_affected  TEXT    NOT NULL,
  urgency        TEXT    NOT NULL,
  PRIMARY KEY (generation, ecosystem, package, vulnerability, place)
) STRICT, WITHOUT ROWID;

-- The distributor's notices (DSA, DLA) that brought a fix.
CREATE TABLE advisor_notice (
  generation    INTEGER NOT NULL,
  ecosystem     TEXT    NOT NULL,
  package       TEXT    NOT NULL,
  vulnerability TEXT    NOT NULL,
  fixed         TEXT    NOT NULL,
  id            TEXT    NOT NULL,
  PRIMARY KEY (generation, ecosystem, package, vulnerability, fixed, id)
) STRICT, WITHOUT ROWID;

-- How many vulnerabilities the current feed has for a release: what tells coverage from stray rows.
CREATE TABLE advisor_coverage (
  generation      INTEGER NOT NULL,
  ecosystem       TEXT    NOT NULL,
  vulnerabilities INTEGER NOT NULL,
  PRIMARY KEY (generation, ecosystem)
) STRICT, WITHOUT ROWID;

-- What an image consists of. By manifest digest, so it is read once however often it is pushed.
CREATE TABLE advisor_image (
  digest      TEXT    NOT NULL PRIMARY KEY,
  analyser    INTEGER NOT NULL,  -- version of the code that read it
  indexed     INTEGER NOT NULL,
  kind        TEXT    NOT NULL CHECK (kind IN ('image', 'not_an_image')),
  os_id       TEXT    NOT NULL,
  os_version  TEXT    NOT NULL,
  os_codename TEXT    NOT NULL,
  os_name     TEXT    NOT NULL,
  problems    TEXT    NOT NULL   -- JSON array of texts
) STRICT, WITHOUT ROWID;

CREATE TABLE advisor_package (
  digest         TEXT NOT NULL,
  name           TEXT NOT NULL,
  architecture   TEXT NOT NULL,
  version        TEXT NOT NULL,
  source_name    TEXT NOT NULL,
  source_version TEXT NOT NULL,
  type           TEXT NOT NULL,
  location       TEXT NOT NULL,
  PRIMARY KEY (digest, name, architecture, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX advisor_package_source ON advisor_package (source_name, digest);

-- Where an image lies, and what was last said of it there.
CREATE TABLE advisor_location (
  registry   TEXT    NOT NULL,
  repository TEXT    NOT NULL,
  digest     TEXT    NOT NULL,
  account    TEXT    NOT NULL,
  region     TEXT    NOT NULL,
  generation INTEGER NOT NULL,  -- of the feed it was matched with
  status     TEXT    NOT NULL CHECK (status IN ('OK', 'WARN', 'FAIL', 'UNSUPPORTED', 'INCOMPLETE')),
  issues     INTEGER NOT NULL,  -- vulnerabilities with a fix
  counts     TEXT    NOT NULL,  -- JSON: vulnerabilities by severity
  result     TEXT    NOT NULL,  -- digest of the whole result: equal means nothing changed
  assessed   INTEGER NOT NULL,
  PRIMARY KEY (registry, repository, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX advisor_location_digest ON advisor_location (digest);
CREATE INDEX advisor_location_account ON advisor_location (account, registry, repository);
