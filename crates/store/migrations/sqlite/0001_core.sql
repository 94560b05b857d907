-- Requests, votes, grants, people, outbox, inbox and audit.
--
-- Ids are text, times are microseconds since the Unix epoch, JSON is text. What is fixed by a type in the domain is
-- checked when it is read; the checks here keep out what no version of the program could mean.

CREATE TABLE person (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    email TEXT,
    member_of TEXT NOT NULL,
    active INTEGER NOT NULL CHECK (active IN (0, 1))
) STRICT;

CREATE TABLE identity (
    org TEXT NOT NULL,
    slack_user TEXT NOT NULL,
    person TEXT NOT NULL REFERENCES person (id),
    proven_at INTEGER NOT NULL,
    PRIMARY KEY (org, slack_user)
) STRICT, WITHOUT ROWID;

CREATE INDEX identity_of_person ON identity (person);

-- What Slack told of the teams that the app is installed in. Tokens are not here.
CREATE TABLE installation (
    team TEXT PRIMARY KEY NOT NULL,
    data TEXT NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE request (
    id TEXT PRIMARY KEY NOT NULL,
    key TEXT NOT NULL UNIQUE,
    token TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL,
    digest TEXT NOT NULL,
    requester TEXT NOT NULL,
    policy TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'denied', 'expired', 'cancelled')),
    state_data TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0)
) STRICT;

CREATE INDEX request_by_age ON request (asked_at, id);
CREATE INDEX request_pending_by_age ON request (asked_at, id) WHERE state = 'pending';
CREATE INDEX request_pending_by_expiry ON request (expires_at) WHERE state = 'pending';

CREATE TABLE vote (
    request TEXT NOT NULL REFERENCES request (id),
    person TEXT NOT NULL REFERENCES person (id),
    verdict TEXT NOT NULL CHECK (verdict IN ('approve', 'deny')),
    reason TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (request, person)
) STRICT, WITHOUT ROWID;

CREATE INDEX vote_of_person ON vote (person);

CREATE TABLE request_grant (
    request TEXT PRIMARY KEY NOT NULL REFERENCES request (id),
    state TEXT NOT NULL CHECK (state IN ('issued', 'claimed', 'finished', 'unknown', 'lapsed', 'revoked')),
    claim_by INTEGER NOT NULL,
    data TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX grant_open ON request_grant (claim_by) WHERE state IN ('issued', 'claimed');

-- One row for each message that shows a request. `due_at` is when it may be worked on: the end of a lease or of a
-- pause after a failure. A copy's destination is `copy:<channel>:<ts>`.
CREATE TABLE outbox (
    request TEXT NOT NULL REFERENCES request (id),
    destination TEXT NOT NULL,
    wanted INTEGER NOT NULL,
    shown INTEGER NOT NULL,
    channel TEXT,
    ts TEXT,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    error TEXT,
    parked_at INTEGER,
    PRIMARY KEY (request, destination),
    CHECK ((channel IS NULL) = (ts IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX outbox_due ON outbox (due_at) WHERE shown < wanted AND parked_at IS NULL;
CREATE INDEX outbox_parked ON outbox (parked_at) WHERE parked_at IS NOT NULL;

CREATE TABLE inbox (
    id TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    at INTEGER NOT NULL,
    handled_at INTEGER
) STRICT;

CREATE INDEX inbox_unhandled ON inbox (at, id) WHERE handled_at IS NULL;
CREATE INDEX inbox_handled ON inbox (handled_at) WHERE handled_at IS NOT NULL;

-- `seq`, `prev` and `link` stay empty until the chainer has linked the row. The request is no reference: the trail
-- outlives what it tells of.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    request TEXT,
    actor TEXT NOT NULL,
    detail TEXT NOT NULL,
    seq INTEGER UNIQUE,
    prev TEXT,
    link TEXT,
    CHECK ((seq IS NULL) = (prev IS NULL) AND (seq IS NULL) = (link IS NULL))
) STRICT;

CREATE INDEX audit_unchained ON audit (id) WHERE seq IS NULL;
CREATE INDEX audit_of_request ON audit (request) WHERE request IS NOT NULL;

CREATE TABLE audit_head (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    seq INTEGER NOT NULL,
    link TEXT NOT NULL,
    at INTEGER NOT NULL,
    key TEXT NOT NULL,
    signature TEXT NOT NULL
) STRICT;
