-- How many uploads one identity has in progress is asked with each that it begins.
CREATE INDEX upload_actor ON upload (actor_iam_id);
