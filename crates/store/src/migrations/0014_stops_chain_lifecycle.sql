-- Orders to stop and to resume; the newest for each scope counts. They are never changed.

CREATE TABLE stop_orders (
    id text NOT NULL PRIMARY KEY,
    scope text NOT NULL,
    at bigint NOT NULL,
    document text NOT NULL
);
CREATE INDEX stop_orders_newest ON stop_orders (scope, at);

-- Audit entries are bound to one another. Those that are there are bound by the program after this, which then
-- writes down how many they were.

ALTER TABLE audit_entries ADD COLUMN hash text;
INSERT INTO counters (name, value) VALUES ('audit_sealed', -1);

-- Versions that are not to be deployed any more, and those whose review was asked for.

CREATE TABLE retirements (
    prompt text NOT NULL,
    number bigint NOT NULL,
    actor text NOT NULL,
    reason text,
    at bigint NOT NULL,
    PRIMARY KEY (prompt, number),
    FOREIGN KEY (prompt, number) REFERENCES versions (prompt, number)
);

CREATE TABLE review_requests (
    prompt text NOT NULL,
    number bigint NOT NULL,
    actor text NOT NULL,
    evidence text NOT NULL REFERENCES reports (id),
    comment text,
    at bigint NOT NULL,
    -- When it was deployed after that.
    closed_at bigint,
    PRIMARY KEY (prompt, number),
    FOREIGN KEY (prompt, number) REFERENCES versions (prompt, number)
);
