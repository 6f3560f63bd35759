-- Results are brought up to date resource by resource.
CREATE INDEX governance_result_resource ON governance_result (account, resource);
