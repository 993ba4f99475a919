-- Tokens read from the vendor's prompt cache, and what answers given again would have cost, to be summed.

ALTER TABLE calls ADD COLUMN cached_tokens bigint NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN saved bigint NOT NULL DEFAULT 0;
