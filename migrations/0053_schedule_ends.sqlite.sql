-- When the scheduled scans of an attachment end: after a moment, after so many more; absent: never.
ALTER TABLE posture_attachment ADD COLUMN scans_until BIGINT;
ALTER TABLE posture_attachment ADD COLUMN runs_left BIGINT;
