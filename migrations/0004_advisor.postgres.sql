-- The vulnerability advisor: what is known of vulnerabilities, and what images consist of.
--
-- Advisory rows carry the generation of the feed they came with. An import writes a new generation in
-- small transactions, then one transaction makes it the current one; readers see the old set or
-- the new one, never a mixture. Versions compare by the distribution's rules, not here.

CREATE TABLE advisor_feed (
  generation      BIGINT           NOT NULL PRIMARY KEY,
  current         BIGINT           NOT NULL CHECK (current IN (0, 1)),
  source          TEXT COLLATE "C" NOT NULL,  -- what was imported, by file name
  digest          TEXT COLLATE "C" NOT NULL,  -- over the records, whatever they were packed in
  newest          TEXT COLLATE "C" NOT NULL,  -- latest "modified" of a record
  imported        BIGINT           NOT NULL,
  records         BIGINT           NOT NULL,
  vulnerabilities BIGINT           NOT NULL
);
CREATE UNIQUE INDEX advisor_feed_current ON advisor_feed (current) WHERE current = 1;

CREATE TABLE advisor_vulnerability (
  generation  BIGINT           NOT NULL,
  id          TEXT COLLATE "C" NOT NULL,
  summary     TEXT COLLATE "C" NOT NULL,
  cvss_vector TEXT COLLATE "C" NOT NULL,
  cvss_score  DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (generation, id)
);

-- One row for each interval of affected versions; '' is an open end.
CREATE TABLE advisor_advisory (
  generation    BIGINT           NOT NULL,
  ecosystem     TEXT COLLATE "C" NOT NULL,  -- "Debian:12"
  package       TEXT COLLATE "C" NOT NULL,  -- source package
  vulnerability TEXT COLLATE "C" NOT NULL,
  place         BIGINT           NOT NULL,  -- of the interval, from 0
  introduced    TEXT COLLATE "C" NOT NULL,
  fixed         TEXT COLLATE "C" NOT NULL,
  last_affected TEXT COLLATE "C" NOT NULL,
  urgency       TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (generation, ecosystem, package, vulnerability, place)
);

-- The distributor's notices (DSA, DLA) that brought a fix.
CREATE TABLE advisor_notice (
  generation    BIGINT           NOT NULL,
  ecosystem     TEXT COLLATE "C" NOT NULL,
  package       TEXT COLLATE "C" NOT NULL,
  vulnerability TEXT COLLATE "C" NOT NULL,
  fixed         TEXT COLLATE "C" NOT NULL,
  id            TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (generation, ecosystem, package, vulnerability, fixed, id)
);

-- How many vulnerabilities the current feed has for a release: what tells coverage from stray rows.
CREATE TABLE advisor_coverage (
  generation      BIGINT           NOT NULL,
  ecosystem       TEXT COLLATE "C" NOT NULL,
  vulnerabilities BIGINT           NOT NULL,
  PRIMARY KEY (generation, ecosystem)
);

-- What an image consists of. By manifest digest, so it is read once however often it is pushed.
CREATE TABLE advisor_image (
  digest      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  analyser    BIGINT           NOT NULL,  -- version of the code that read it
  indexed     BIGINT           NOT NULL,
  kind        TEXT COLLATE "C" NOT NULL CHECK (kind IN ('image', 'not_an_image')),
  os_id       TEXT COLLATE "C" NOT NULL,
  os_version  TEXT COLLATE "C" NOT NULL,
  os_codename TEXT COLLATE "C" NOT NULL,
  os_name     TEXT COLLATE "C" NOT NULL,
  problems    TEXT COLLATE "C" NOT NULL   -- JSON array of texts
);

CREATE TABLE advisor_package (
  digest         TEXT COLLATE "C" NOT NULL,
  name           TEXT COLLATE "C" NOT NULL,
  architecture   TEXT COLLATE "C" NOT NULL,
  version        TEXT COLLATE "C" NOT NULL,
  source_name    TEXT COLLATE "C" NOT NULL,
  source_version TEXT COLLATE "C" NOT NULL,
  type           TEXT COLLATE "C" NOT NULL,
  location       TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (digest, name, architecture, version)
);
CREATE INDEX advisor_package_source ON advisor_package (source_name, digest);

-- Where an image lies, and what was last said of it there.
CREATE TABLE advisor_location (
  registry   TEXT COLLATE "C" NOT NULL,
  repository TEXT COLLATE "C" NOT NULL,
  digest     TEXT COLLATE "C" NOT NULL,
  account    TEXT COLLATE "C" NOT NULL,
  region     TEXT COLLATE "C" NOT NULL,
  generation BIGINT           NOT NULL,  -- of the feed it was matched with
  status     TEXT COLLATE "C" NOT NULL CHECK (status IN ('OK', 'WARN', 'FAIL', 'UNSUPPORTED', 'INCOMPLETE')),
  issues     BIGINT           NOT NULL,  -- vulnerabilities with a fix
  counts     TEXT COLLATE "C" NOT NULL,  -- JSON: vulnerabilities by severity
  result     TEXT COLLATE "C" NOT NULL,  -- digest of the whole result: equal means nothing changed
  assessed   BIGINT           NOT NULL,
  PRIMARY KEY (registry, repository, digest)
);
CREATE INDEX advisor_location_digest ON advisor_location (digest);
CREATE INDEX advisor_location_account ON advisor_location (account, registry, repository);
