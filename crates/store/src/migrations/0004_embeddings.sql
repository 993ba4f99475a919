-- Vectors of texts, so that none is asked for twice.

CREATE TABLE embeddings (
    -- The SHA-256 of what identifies the model, and of the text.
    key text NOT NULL PRIMARY KEY,
    at bigint NOT NULL,
    -- Numbers of 32 bits, little-endian.
    vector bytea NOT NULL
);
