-- The issues of an image as it was last assessed, for lists: what exemptions are held against.
CREATE TABLE advisor_image_issues (
  digest    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  otherwise TEXT COLLATE "C" NOT NULL CHECK (otherwise IN ('OK', 'UNSUPPORTED', 'INCOMPLETE')),  -- its status without them
  issues    TEXT COLLATE "C" NOT NULL  -- JSON: of each vulnerability an array, itself and the notices that speak of it
);
-- Those of images that were assessed before.
INSERT INTO job (kind, payload, deduplication_key, state, recurring, attempt, due, created)
  SELECT 'advisor.rematch', '{}', 'all', 'pending', 0, 0, moment, moment
  FROM (SELECT CAST(EXTRACT(EPOCH FROM now()) AS BIGINT) * 1000000 AS moment) AS present
  WHERE EXISTS (SELECT 1 FROM advisor_location WHERE issues > 0)
  ON CONFLICT DO NOTHING;
