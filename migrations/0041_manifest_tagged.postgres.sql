-- Whether a tag has ever led to a manifest. One that none has may be waiting for the list of images
-- that will name it: clients push the parts of a list first.
ALTER TABLE manifest ADD COLUMN tagged BIGINT NOT NULL DEFAULT 1;
