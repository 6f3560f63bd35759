-- What was kept of configurations left out labels that are no texts, and took any platform; and
-- images with other layers beside those of files counted as none. Both are read again: the first
-- where they are asked for, the second with the next feed of advisories.
UPDATE image_config SET platform = NULL WHERE digest IN (SELECT digest FROM blob_content);
DELETE FROM advisor_image WHERE kind = 'not_an_image';
