-- Notification channels and what was sent over them.
CREATE TABLE notify_channel (
  id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  account      TEXT COLLATE "C" NOT NULL,
  name         TEXT COLLATE "C" NOT NULL,
  document     TEXT COLLATE "C" NOT NULL,
  created      BIGINT           NOT NULL,
  -- The last finished attempt, alert or test: null until there was one.
  last_outcome TEXT COLLATE "C" CHECK (last_outcome IN ('succeeded', 'failed')),
  last_attempt BIGINT,
  last_error   TEXT COLLATE "C"
);

CREATE INDEX notify_channel_by_account ON notify_channel (account, created, id);

-- The durable outbox of alerts. One finding group is announced once on each channel.
CREATE TABLE notify_delivery (
  id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  account       TEXT COLLATE "C" NOT NULL,
  channel_id    TEXT COLLATE "C" NOT NULL,
  finding_group TEXT COLLATE "C" NOT NULL,
  alert         TEXT COLLATE "C" NOT NULL,
  created       BIGINT           NOT NULL,
  status        TEXT COLLATE "C" NOT NULL CHECK (status IN ('pending', 'delivered', 'dead')),
  attempts      BIGINT           NOT NULL,
  last_attempt  BIGINT,
  last_error    TEXT COLLATE "C",
  UNIQUE (channel_id, finding_group)
);

CREATE INDEX notify_delivery_by_account ON notify_delivery (account, created);

-- The key pair that signs an account's alerts, encrypted with the installation's key.
CREATE TABLE notify_key (
  account    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  sealed_pem BYTEA            NOT NULL,
  created    BIGINT           NOT NULL
);
