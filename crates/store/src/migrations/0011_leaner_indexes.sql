-- Every recorded call pays for these. Ids are unique and ties of time are few, so they need no place in an index;
-- plain calls have no prompt to be found by.

DROP INDEX calls_by_time;
DROP INDEX calls_of_prompt;
CREATE INDEX calls_by_time ON calls (at);
CREATE INDEX calls_of_prompt ON calls (prompt, at) WHERE prompt IS NOT NULL;
