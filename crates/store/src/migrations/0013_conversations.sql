-- Conversations that callers asked to have kept.

CREATE TABLE conversations (
    uid text NOT NULL PRIMARY KEY,
    -- Of caller, prompt, environment and id.
    digest text NOT NULL,
    caller text NOT NULL,
    prompt text NOT NULL,
    environment text NOT NULL,
    id text NOT NULL,
    began_at bigint NOT NULL,
    last_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    turns bigint NOT NULL,
    summaries bigint NOT NULL,
    -- Grows with every change, so that servers find what is new.
    seq bigint NOT NULL,
    -- The row of an erased conversation stays for a while, so that a turn that comes late is not kept.
    erased_at bigint
);
CREATE INDEX conversations_by_digest ON conversations (digest);
CREATE INDEX conversations_by_seq ON conversations (seq);
CREATE INDEX conversations_by_time ON conversations (last_at, uid);
CREATE INDEX conversations_by_end ON conversations (expires_at) WHERE erased_at IS NULL;

CREATE TABLE conversation_turns (
    uid text NOT NULL,
    number bigint NOT NULL,
    call text NOT NULL,
    at bigint NOT NULL,
    opens bigint NOT NULL,
    messages text NOT NULL,
    PRIMARY KEY (uid, number)
);

CREATE TABLE conversation_summaries (
    uid text NOT NULL,
    number bigint NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (uid, number)
);

INSERT INTO counters (name, value) VALUES ('conversation', 0);
