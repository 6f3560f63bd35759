-- When API keys and service IDs last proved who somebody is; and which keys' ends were announced.

CREATE TABLE iam_activity (
  subject TEXT PRIMARY KEY,  -- the id of an API key or a service ID
  last_at INTEGER NOT NULL,
  count INTEGER NOT NULL
) STRICT;

-- The days before its end at which it was last announced; 0: not yet.
ALTER TABLE iam_api_key ADD COLUMN warned_days INTEGER NOT NULL DEFAULT 0;
CREATE INDEX iam_api_key_end ON iam_api_key (expires_at);
