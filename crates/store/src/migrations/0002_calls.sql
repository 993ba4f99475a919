-- What calls are searched by and summed over has a column; the whole record is the document.

CREATE TABLE calls (
    id text NOT NULL PRIMARY KEY,
    at bigint NOT NULL,
    purpose text NOT NULL,
    caller text NOT NULL,
    prompt text,
    number bigint,
    environment text,
    arm text NOT NULL,
    model text NOT NULL,
    outcome text NOT NULL,
    cost bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    latency_us bigint NOT NULL,
    document text NOT NULL
);
CREATE INDEX calls_by_time ON calls (at, id);
CREATE INDEX calls_of_prompt ON calls (prompt, at, id);
