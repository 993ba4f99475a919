-- Rollouts, and what calls that take part in one showed.

CREATE TABLE rollouts (
    id text NOT NULL PRIMARY KEY,
    prompt text NOT NULL,
    environment text NOT NULL,
    -- Whoever changes the row says which revision they read.
    revision bigint NOT NULL,
    -- 1 until it is over.
    active bigint NOT NULL,
    started_at bigint NOT NULL,
    -- The deployment of the pointer while this rollout is what moves it.
    deployment bigint NOT NULL,
    -- The last observation that is in the document.
    cursor bigint NOT NULL,
    -- When time alone may change it.
    due bigint NOT NULL,
    -- What the data plane is told; nothing if calls are not divided.
    division text,
    document text NOT NULL
);
CREATE UNIQUE INDEX rollouts_active ON rollouts (prompt, environment) WHERE active = 1;
CREATE INDEX rollouts_of_prompt ON rollouts (prompt, environment, started_at);

CREATE TABLE observations (
    seq bigint NOT NULL PRIMARY KEY,
    split text NOT NULL,
    epoch bigint NOT NULL,
    call text NOT NULL,
    -- `call` for how it ended, else a score's name.
    name text NOT NULL,
    candidate bigint NOT NULL,
    -- Nothing if the call itself is the unit.
    unit text,
    share bigint NOT NULL,
    at bigint NOT NULL,
    document text NOT NULL
);
-- A call that is shipped twice is observed once.
CREATE UNIQUE INDEX observations_of_call ON observations (call, name);
CREATE INDEX observations_of_split ON observations (split, seq);

-- Units that count already, with the share by which they did.
CREATE TABLE counted_units (
    split text NOT NULL,
    epoch bigint NOT NULL,
    unit text NOT NULL,
    name text NOT NULL,
    share bigint NOT NULL,
    candidate bigint NOT NULL,
    PRIMARY KEY (split, epoch, unit, name)
);

INSERT INTO counters (name, value) VALUES ('observation', 0);

-- The model that serves, if not the version's first.
ALTER TABLE deployments ADD COLUMN model text;
