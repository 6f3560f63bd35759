-- Background jobs (src/jobs). One index serves the queue: `due` is the moment from which a worker
-- may take the job, which is also when a running one's lease ends; NULL is never (dead).
CREATE TABLE job (
  id                INTEGER PRIMARY KEY AUTOINCREMENT,
  kind              TEXT    NOT NULL,
  payload           TEXT    NOT NULL,
  deduplication_key TEXT,
  state             TEXT    NOT NULL CHECK (state IN ('pending', 'running', 'dead')),
  recurring         INTEGER NOT NULL CHECK (recurring IN (0, 1)),
  attempt           INTEGER NOT NULL,
  due               INTEGER,
  created           INTEGER NOT NULL,
  owner             TEXT,
  last_error        TEXT,
  CHECK ((state = 'dead') = (due IS NULL)),
  CHECK ((state = 'running') = (owner IS NOT NULL))
) STRICT;

CREATE INDEX job_by_due ON job (due, id);
CREATE INDEX job_by_state ON job (recurring, state);
CREATE UNIQUE INDEX job_pending_once ON job (kind, deduplication_key)
  WHERE state = 'pending' AND deduplication_key IS NOT NULL;
