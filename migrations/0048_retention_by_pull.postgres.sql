-- Policies may go by the date of the last pull.
ALTER TABLE retention_policy DROP CONSTRAINT retention_policy_order_by_check;
ALTER TABLE retention_policy ADD CONSTRAINT retention_policy_order_by_check
  CHECK (order_by IN ('created', 'pushed', 'pulled'));
