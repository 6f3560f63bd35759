-- When the scheduled scans of an attachment end: after a moment, after so many more; absent: never.
ALTER TABLE posture_attachment ADD COLUMN scans_until INTEGER;
ALTER TABLE posture_attachment ADD COLUMN runs_left INTEGER;
