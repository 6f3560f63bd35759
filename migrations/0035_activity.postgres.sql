-- When API keys and service IDs last proved who somebody is; and which keys' ends were announced.

CREATE TABLE iam_activity (
  subject TEXT COLLATE "C" PRIMARY KEY,  -- the id of an API key or a service ID
  last_at BIGINT NOT NULL,
  count BIGINT NOT NULL
);

-- The days before its end at which it was last announced; 0: not yet.
ALTER TABLE iam_api_key ADD COLUMN warned_days BIGINT NOT NULL DEFAULT 0;
CREATE INDEX iam_api_key_end ON iam_api_key (expires_at);
