-- The queue of calls that people look at: several reasons, claims, decisions, labels.

ALTER TABLE reviews RENAME COLUMN finding TO decision;
UPDATE reviews SET decision = 'approve' WHERE decision = 'right';
UPDATE reviews SET decision = 'reject' WHERE decision = 'wrong';

-- A list in JSON where there are several reasons; `reason` is the first of them.
ALTER TABLE reviews ADD COLUMN reasons text;
-- The most pressing kind of them, and 0 to 2.
ALTER TABLE reviews ADD COLUMN cause text NOT NULL DEFAULT 'condition';
ALTER TABLE reviews ADD COLUMN priority bigint NOT NULL DEFAULT 1;
-- Whoever changes a row says which revision they read.
ALTER TABLE reviews ADD COLUMN revision bigint NOT NULL DEFAULT 0;
-- The answer as it should have been, of an edit.
ALTER TABLE reviews ADD COLUMN answer text;
ALTER TABLE reviews ADD COLUMN assignee text;
ALTER TABLE reviews ADD COLUMN claimed_by text;
ALTER TABLE reviews ADD COLUMN claimed_until bigint;
-- A list in JSON.
ALTER TABLE reviews ADD COLUMN labels text;

DROP INDEX reviews_open;
CREATE INDEX reviews_open ON reviews (priority DESC, at, call) WHERE decision IS NULL;
CREATE INDEX reviews_waiting ON reviews (COALESCE(environment, ''), at, priority) WHERE decision IS NULL;
CREATE INDEX reviews_decided ON reviews (prompt, resolved_at) WHERE decision IS NOT NULL;

-- How many calls found no room.
CREATE TABLE review_turned_away (
    environment text NOT NULL,
    cause text NOT NULL,
    calls bigint NOT NULL,
    PRIMARY KEY (environment, cause)
);
