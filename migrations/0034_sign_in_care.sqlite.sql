-- Who signs in from where they did before is not locked out by strangers; sessions know when their
-- people proved who they are, and passcodes for whom they are.

CREATE TABLE iam_sign_in_address (
  subject TEXT NOT NULL,  -- as in iam_sign_in_failure
  network TEXT NOT NULL,  -- from which a sign-in succeeded
  seen_at INTEGER NOT NULL,
  PRIMARY KEY (subject, network)
) STRICT;
CREATE INDEX iam_sign_in_address_seen ON iam_sign_in_address (seen_at);

ALTER TABLE iam_session ADD COLUMN proved_at INTEGER NOT NULL DEFAULT 0;
-- When the source was last asked whether it still knows them.
ALTER TABLE iam_session ADD COLUMN checked_at INTEGER NOT NULL DEFAULT 0;

ALTER TABLE iam_one_time ADD COLUMN proved_at INTEGER NOT NULL DEFAULT 0;
-- Of the client that may use a passcode: base64url of the SHA-256 of what it knows; or ''.
ALTER TABLE iam_one_time ADD COLUMN challenge TEXT NOT NULL DEFAULT '';
