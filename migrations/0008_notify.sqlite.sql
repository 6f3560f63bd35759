-- Notification channels and what was sent over them.
CREATE TABLE notify_channel (
  id           TEXT    NOT NULL PRIMARY KEY,
  account      TEXT    NOT NULL,
  name         TEXT    NOT NULL,
  document     TEXT    NOT NULL,
  created      INTEGER NOT NULL,
  -- The last finished attempt, alert or test: null until there was one.
  last_outcome TEXT    CHECK (last_outcome IN ('succeeded', 'failed')),
  last_attempt INTEGER,
  last_error   TEXT
) STRICT;

CREATE INDEX notify_channel_by_account ON notify_channel (account, created, id);

-- The durable outbox of alerts. One finding group is announced once on each channel.
CREATE TABLE notify_delivery (
  id            TEXT    NOT NULL PRIMARY KEY,
  account       TEXT    NOT NULL,
  channel_id    TEXT    NOT NULL,
  finding_group TEXT    NOT NULL,
  alert         TEXT    NOT NULL,
  created       INTEGER NOT NULL,
  status        TEXT    NOT NULL CHECK (status IN ('pending', 'delivered', 'dead')),
  attempts      INTEGER NOT NULL,
  last_attempt  INTEGER,
  last_error    TEXT,
  UNIQUE (channel_id, finding_group)
) STRICT;

CREATE INDEX notify_delivery_by_account ON notify_delivery (account, created);

-- The key pair that signs an account's alerts, encrypted with the installation's key.
CREATE TABLE notify_key (
  account    TEXT    NOT NULL PRIMARY KEY,
  sealed_pem BLOB    NOT NULL,
  created    INTEGER NOT NULL
) STRICT;
