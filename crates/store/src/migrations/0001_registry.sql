-- Times are microseconds since 1970, hashes lower-case hexadecimal, money nano-USD, documents JSON.
-- Only SQL that SQLite and PostgreSQL both understand.

CREATE TABLE counters (
    name text NOT NULL PRIMARY KEY,
    value bigint NOT NULL
);
INSERT INTO counters (name, value) VALUES ('revision', 0), ('audit', 0), ('deployment', 0);

CREATE TABLE suites (
    digest text NOT NULL PRIMARY KEY,
    document text NOT NULL,
    created_at bigint NOT NULL
);

CREATE TABLE prompts (
    name text NOT NULL PRIMARY KEY,
    description text,
    owner text,
    suite text REFERENCES suites (digest),
    updated_at bigint NOT NULL
);

CREATE TABLE versions (
    prompt text NOT NULL REFERENCES prompts (name),
    number bigint NOT NULL,
    semver text NOT NULL,
    hash text NOT NULL,
    document text NOT NULL,
    changelog text,
    author text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (prompt, number),
    UNIQUE (prompt, semver)
);

CREATE TABLE reports (
    id text NOT NULL PRIMARY KEY,
    prompt text NOT NULL,
    number bigint NOT NULL,
    version text NOT NULL,
    suite text NOT NULL,
    model text NOT NULL,
    finished_at bigint NOT NULL,
    document text NOT NULL,
    results text NOT NULL
);
CREATE INDEX reports_of_version ON reports (version, suite, model, finished_at);
CREATE INDEX reports_of_prompt ON reports (prompt, finished_at);

CREATE TABLE deployments (
    id bigint NOT NULL PRIMARY KEY,
    prompt text NOT NULL,
    environment text NOT NULL,
    number bigint NOT NULL,
    version text NOT NULL,
    replaced bigint,
    purpose text NOT NULL,
    evidence text REFERENCES reports (id),
    actor text NOT NULL,
    at bigint NOT NULL,
    FOREIGN KEY (prompt, number) REFERENCES versions (prompt, number)
);
CREATE INDEX deployments_of_prompt ON deployments (prompt, environment, id);

CREATE TABLE pointers (
    prompt text NOT NULL,
    environment text NOT NULL,
    deployment bigint NOT NULL REFERENCES deployments (id),
    PRIMARY KEY (prompt, environment)
);

CREATE TABLE approvals (
    version text NOT NULL,
    actor text NOT NULL,
    prompt text NOT NULL,
    number bigint NOT NULL,
    comment text,
    at bigint NOT NULL,
    -- Empty where the prompt had no suite.
    suite text NOT NULL,
    PRIMARY KEY (prompt, version, suite, actor),
    FOREIGN KEY (prompt, number) REFERENCES versions (prompt, number)
);

CREATE TABLE access_keys (
    secret_hash text NOT NULL PRIMARY KEY,
    name text NOT NULL,
    prefix text NOT NULL,
    roles text NOT NULL,
    created_at bigint NOT NULL,
    created_by text NOT NULL,
    revoked_at bigint,
    revoked_by text
);
CREATE UNIQUE INDEX access_keys_active_name ON access_keys (name) WHERE revoked_at IS NULL;

CREATE TABLE audit_entries (
    id bigint NOT NULL PRIMARY KEY,
    at bigint NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail text NOT NULL
);
