-- A page far down a list of findings steps over those before it in an index, which has all that a
-- list is ordered and filtered by, without a look at their rows.
CREATE INDEX insights_finding_pages ON insights_finding (account, (CASE severity
  WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END), updated DESC, id,
  provider_id, note_id, kind, severity, state);
CREATE INDEX insights_finding_pages_of_state ON insights_finding (account, state, (CASE severity
  WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END), updated DESC, id,
  provider_id, note_id, kind, severity);
DROP INDEX insights_finding_by_rank;
DROP INDEX insights_finding_by_state_and_rank;
