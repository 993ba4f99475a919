-- What calls were like, in sums that add up. A row is a part of a bucket: parts of the same bucket are added when
-- they are read, and put together by a background task. Absent names are empty texts, an absent number is 0.

CREATE TABLE rollups (
    id bigint NOT NULL PRIMARY KEY,
    -- The bucket's length in seconds: 60, 3600 or 86400; 0 for a part of a minute that was not put together yet.
    span bigint NOT NULL,
    -- When the bucket begins.
    at bigint NOT NULL,
    prompt text NOT NULL,
    environment text NOT NULL,
    number bigint NOT NULL,
    model text NOT NULL,
    arm text NOT NULL,
    document text NOT NULL
);
CREATE INDEX rollups_of_prompt ON rollups (prompt, at);
CREATE INDEX rollups_by_span ON rollups (span, at);

INSERT INTO counters (name, value) VALUES ('rollup', 0);

-- Judgements on calls. The same author's second one of a name takes the place of the first.

CREATE TABLE scores (
    call text NOT NULL,
    name text NOT NULL,
    source text NOT NULL,
    author text NOT NULL,
    at bigint NOT NULL,
    -- Nothing for a category.
    value double precision,
    category text,
    comment text,
    PRIMARY KEY (call, name, source, author)
);

-- What the calls of the version before were like when a deployment took its place.

CREATE TABLE baselines (
    deployment bigint NOT NULL PRIMARY KEY,
    document text NOT NULL
);

-- What monitors saw at their last look.

CREATE TABLE signals (
    key text NOT NULL PRIMARY KEY,
    document text NOT NULL
);
