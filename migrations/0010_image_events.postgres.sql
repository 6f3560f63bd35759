-- The tags that the last announcement of an image named: a JSON array, in bytewise order.
ALTER TABLE advisor_location ADD COLUMN tags TEXT COLLATE "C" NOT NULL DEFAULT '[]';

-- The newest event about an image that findings were made of. Jobs of events run in any order:
-- what is older than this is past.
CREATE TABLE insights_image (
  account  TEXT COLLATE "C" NOT NULL,
  registry TEXT COLLATE "C" NOT NULL,
  resource TEXT COLLATE "C" NOT NULL,
  event    BIGINT           NOT NULL,  -- id of its job
  PRIMARY KEY (account, registry, resource)
);
