-- Windows of access, and why something is asked.
--
-- A grant's `claim_by` is when it ends to be of use: lapsed if not claimed until then; of access, the end of its window.

ALTER TABLE request ADD COLUMN reason TEXT;

CREATE TABLE grant_with_access (
    request TEXT PRIMARY KEY NOT NULL REFERENCES request (id),
    state TEXT NOT NULL
        CHECK (state IN ('issued', 'claimed', 'finished', 'unknown', 'lapsed', 'revoked', 'active', 'ended')),
    claim_by INTEGER NOT NULL,
    data TEXT NOT NULL,
    issued_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO grant_with_access (request, state, claim_by, data, issued_at)
    SELECT request, state, claim_by, data, 0 FROM request_grant;

DROP TABLE request_grant;

ALTER TABLE grant_with_access RENAME TO request_grant;

CREATE INDEX grant_open ON request_grant (claim_by) WHERE state IN ('issued', 'claimed');
CREATE INDEX grant_active ON request_grant (claim_by) WHERE state = 'active';
