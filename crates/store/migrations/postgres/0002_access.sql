-- Windows of access, and why something is asked.
--
-- A grant's `claim_by` is when it ends to be of use: lapsed if not claimed until then; of access, the end of its window.

ALTER TABLE request ADD COLUMN reason TEXT COLLATE "C";

ALTER TABLE request_grant ADD COLUMN issued_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE request_grant ALTER COLUMN issued_at DROP DEFAULT;
ALTER TABLE request_grant DROP CONSTRAINT request_grant_state_check;
ALTER TABLE request_grant ADD CONSTRAINT request_grant_state_check
    CHECK (state IN ('issued', 'claimed', 'finished', 'unknown', 'lapsed', 'revoked', 'active', 'ended'));

CREATE INDEX grant_active ON request_grant (claim_by) WHERE state = 'active';
