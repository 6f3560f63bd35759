-- What an image runs on, by its configuration: "linux/arm64/v8"; '' where it does not say; NULL
-- where the configuration was read before this was kept: it is read again with the next push.
ALTER TABLE image_config ADD COLUMN platform TEXT COLLATE "C";
