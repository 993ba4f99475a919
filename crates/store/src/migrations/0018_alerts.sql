-- Alerts, as they stand. Whoever changes a row says which revision they read.

CREATE TABLE alerts (
    key text NOT NULL PRIMARY KEY,
    revision bigint NOT NULL,
    status text NOT NULL,
    since bigint NOT NULL,
    -- 1 while it is to be looked at: it is not over, or that it is over is not told yet.
    looked_at bigint NOT NULL,
    document text NOT NULL
);
CREATE INDEX alerts_looked_at ON alerts (looked_at, key);

CREATE TABLE alert_silences (
    id text NOT NULL PRIMARY KEY,
    until bigint NOT NULL,
    document text NOT NULL
);

-- What is to be told. A row is written in the transaction of what it tells, and is over when it was delivered or
-- given up.

CREATE TABLE alert_outbox (
    id text NOT NULL PRIMARY KEY,
    -- A channel's name; for what an alert does by itself, `!` and the deed.
    channel text NOT NULL,
    grouping text NOT NULL,
    -- 'waiting', 'sent' or 'dead'
    state text NOT NULL,
    -- When it is to be tried next.
    due bigint NOT NULL,
    attempts bigint NOT NULL,
    at bigint NOT NULL,
    -- When it was delivered or given up.
    ended_at bigint,
    error text,
    document text NOT NULL
);
CREATE INDEX alert_outbox_due ON alert_outbox (state, due);

-- The last entry of the audit log that was looked at for what announces itself; -1 before the first look.
INSERT INTO counters (name, value) VALUES ('alert_announced', -1);
