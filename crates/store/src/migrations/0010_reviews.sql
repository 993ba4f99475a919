-- Calls whose answers a person looks at afterwards.

CREATE TABLE reviews (
    call text NOT NULL PRIMARY KEY,
    at bigint NOT NULL,
    prompt text NOT NULL,
    number bigint NOT NULL,
    environment text,
    -- The version's condition that held.
    reason text NOT NULL,
    -- Nothing in the rest until someone has looked.
    finding text,
    note text,
    actor text,
    resolved_at bigint
);
CREATE INDEX reviews_by_time ON reviews (at, call);
CREATE INDEX reviews_open ON reviews (at, call) WHERE finding IS NULL;
