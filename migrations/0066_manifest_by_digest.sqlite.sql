-- The digests of all repositories, in order: lists of them would else look into each repository for
-- each page.
CREATE INDEX manifest_by_digest ON manifest (digest, repository);
