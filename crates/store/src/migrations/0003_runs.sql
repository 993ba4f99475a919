-- A run is journalled row by row, so that it can go on after the process died.

CREATE TABLE runs (
    id text NOT NULL PRIMARY KEY,
    -- What exactly is run: version, suite, model, repeats, judges. An unfinished run with the same key is
    -- gone on with.
    key text NOT NULL,
    started_at bigint NOT NULL,
    finished_at bigint
);
CREATE INDEX runs_by_key ON runs (key, started_at);

CREATE TABLE run_rows (
    run text NOT NULL,
    -- (repeat - 1) * cases + (the case's place in its suite)
    ordinal bigint NOT NULL,
    verdict text NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (run, ordinal),
    FOREIGN KEY (run) REFERENCES runs (id)
);

-- Answers by what exactly was asked, for later runs.
CREATE TABLE answers (
    key text NOT NULL PRIMARY KEY,
    at bigint NOT NULL,
    document text NOT NULL
);
