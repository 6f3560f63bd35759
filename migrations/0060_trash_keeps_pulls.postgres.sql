-- An image comes back from the trash as it was, for retention, too: when it was pulled last, and
-- whether a tag ever led to it.
ALTER TABLE trash_image ADD COLUMN pulled BIGINT;
ALTER TABLE trash_image ADD COLUMN tagged BIGINT NOT NULL DEFAULT 1;
