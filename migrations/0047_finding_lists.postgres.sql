-- Findings are listed worst first, then newest first.
CREATE INDEX insights_finding_by_rank ON insights_finding (account, (CASE severity
  WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END), updated DESC, id);
CREATE INDEX insights_finding_by_state_and_rank ON insights_finding (account, state, (CASE severity
  WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END), updated DESC, id);
DROP INDEX insights_finding_by_state;
