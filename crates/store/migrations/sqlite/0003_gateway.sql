-- The access gateway: connections, agents, policies, settings, tokens, sessions, nodes.

-- A deleted connection keeps its row, so that one of the same name begins with a revision that nothing was approved for.
CREATE TABLE connection (
    name TEXT PRIMARY KEY NOT NULL,
    revision INTEGER NOT NULL CHECK (revision > 0),
    agent TEXT NOT NULL,
    target TEXT NOT NULL,
    env TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    gone INTEGER NOT NULL CHECK (gone IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE agent (
    name TEXT PRIMARY KEY NOT NULL,
    token TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    seen_at INTEGER,
    version TEXT
) STRICT;

CREATE TABLE policy (
    name TEXT PRIMARY KEY NOT NULL,
    priority INTEGER NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('review', 'jit', 'policy')),
    data TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE setting (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Tokens of people; one without a person makes the first administrator, once.
CREATE TABLE access_token (
    hash TEXT PRIMARY KEY NOT NULL,
    person TEXT REFERENCES person (id),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    used_at INTEGER,
    UNIQUE (person, name)
) STRICT;

CREATE TABLE session (
    id TEXT PRIMARY KEY NOT NULL,
    request TEXT,
    connection TEXT NOT NULL,
    revision INTEGER NOT NULL,
    agent TEXT NOT NULL,
    person TEXT NOT NULL,
    verb TEXT NOT NULL CHECK (verb IN ('exec', 'connect')),
    command TEXT NOT NULL,
    node TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('starting', 'running', 'ended')),
    state_data TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    recording TEXT
) STRICT;

CREATE INDEX session_by_age ON session (opened_at, id);
CREATE INDEX session_of_request ON session (request);
CREATE INDEX session_open ON session (opened_at) WHERE state <> 'ended';

-- Approvals that were taken back: no session begins on them any more, and those that run are ended.
CREATE TABLE revocation (
    request TEXT PRIMARY KEY NOT NULL,
    why TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE link_code (
    person TEXT PRIMARY KEY NOT NULL REFERENCES person (id),
    hash TEXT NOT NULL,
    org TEXT NOT NULL,
    slack_user TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    tries_left INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE node (
    name TEXT PRIMARY KEY NOT NULL,
    seen_at INTEGER NOT NULL,
    agents TEXT NOT NULL
) STRICT, WITHOUT ROWID;
