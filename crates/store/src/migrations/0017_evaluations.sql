-- Calls that are judged after they were answered. They enter in the transaction that stores them.

CREATE TABLE evaluations (
    call text NOT NULL PRIMARY KEY,
    at bigint NOT NULL,
    environment text NOT NULL,
    -- Prompt and arm: what has been judged least has the next turn.
    stratum text NOT NULL,
    -- Since when somebody is at it, and how often it was begun.
    taken_at bigint,
    tries bigint NOT NULL,
    -- When it was judged, or given up for a reason, and what that cost.
    done_at bigint,
    reason text,
    cost bigint NOT NULL
);
CREATE INDEX evaluations_waiting ON evaluations (environment, done_at, stratum, at);
