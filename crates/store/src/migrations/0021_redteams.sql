-- What a red team's attacks did to a version. The whole report is the document; what it is looked up by has a
-- column.

CREATE TABLE redteams (
    id text NOT NULL PRIMARY KEY,
    prompt text NOT NULL,
    version text NOT NULL,
    model text NOT NULL,
    environment text NOT NULL,
    -- A digest of the guards that were in force.
    guards text NOT NULL,
    at bigint NOT NULL,
    document text NOT NULL
);
CREATE INDEX redteams_of_version ON redteams (version, model, environment, guards, at);
CREATE INDEX redteams_of_prompt ON redteams (prompt, at, id);
