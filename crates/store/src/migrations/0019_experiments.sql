-- Experiments, and the arm by which an observation came.

CREATE TABLE experiments (
    id text NOT NULL PRIMARY KEY,
    name text NOT NULL,
    prompt text NOT NULL,
    environment text NOT NULL,
    -- Whoever changes the row says which revision they read.
    revision bigint NOT NULL,
    -- 1 while its arms serve.
    active bigint NOT NULL,
    created_at bigint NOT NULL,
    -- The deployment of the pointer that is control.
    deployment bigint NOT NULL,
    -- The last observation that is in the document.
    cursor bigint NOT NULL,
    -- When time alone may change it.
    due bigint NOT NULL,
    -- What the data plane is told; nothing if calls are not divided.
    division text,
    document text NOT NULL,
    -- What its calls showed, once it is over: its observations are forgotten then.
    report text
);
CREATE UNIQUE INDEX experiments_name ON experiments (name);
CREATE UNIQUE INDEX experiments_active ON experiments (prompt, environment) WHERE active = 1;

-- Nothing in observations from before there were several arms.
ALTER TABLE observations ADD COLUMN arm text;
