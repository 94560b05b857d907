-- The access gateway: connections, agents, policies, settings, tokens, sessions, nodes.

-- A deleted connection keeps its row, so that one of the same name begins with a revision that nothing was approved for.
CREATE TABLE connection (
    name TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    revision BIGINT NOT NULL CHECK (revision > 0),
    agent TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    env TEXT COLLATE "C" NOT NULL,
    changed_at BIGINT NOT NULL,
    gone BIGINT NOT NULL CHECK (gone IN (0, 1))
);

CREATE TABLE agent (
    name TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    token TEXT COLLATE "C" NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    seen_at BIGINT,
    version TEXT COLLATE "C"
);

CREATE TABLE policy (
    name TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    priority BIGINT NOT NULL,
    source TEXT COLLATE "C" NOT NULL CHECK (source IN ('review', 'jit', 'policy')),
    data TEXT COLLATE "C" NOT NULL
);

CREATE TABLE setting (
    name TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    value TEXT COLLATE "C" NOT NULL
);

-- Tokens of people; one without a person makes the first administrator, once.
CREATE TABLE access_token (
    hash TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    person TEXT COLLATE "C" REFERENCES person (id),
    name TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    used_at BIGINT,
    UNIQUE (person, name)
);

CREATE TABLE session (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    request TEXT COLLATE "C",
    connection TEXT COLLATE "C" NOT NULL,
    revision BIGINT NOT NULL,
    agent TEXT COLLATE "C" NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    verb TEXT COLLATE "C" NOT NULL CHECK (verb IN ('exec', 'connect')),
    command TEXT COLLATE "C" NOT NULL,
    node TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('starting', 'running', 'ended')),
    state_data TEXT COLLATE "C" NOT NULL,
    opened_at BIGINT NOT NULL,
    recording TEXT COLLATE "C"
);

CREATE INDEX session_by_age ON session (opened_at, id);
CREATE INDEX session_of_request ON session (request);
CREATE INDEX session_open ON session (opened_at) WHERE state <> 'ended';

-- Approvals that were taken back: no session begins on them any more, and those that run are ended.
CREATE TABLE revocation (
    request TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    why TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL
);

CREATE TABLE link_code (
    person TEXT COLLATE "C" PRIMARY KEY NOT NULL REFERENCES person (id),
    hash TEXT COLLATE "C" NOT NULL,
    org TEXT COLLATE "C" NOT NULL,
    slack_user TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL,
    tries_left BIGINT NOT NULL
);

CREATE TABLE node (
    name TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    seen_at BIGINT NOT NULL,
    agents TEXT COLLATE "C" NOT NULL
);
