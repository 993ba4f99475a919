-- An approval is of a version, of its suite, and of who judges by that suite. What was approved before this
-- was known names no judges, and so does not count where some judge.

CREATE TABLE approvals_by_judges (
    version text NOT NULL,
    actor text NOT NULL,
    prompt text NOT NULL,
    number bigint NOT NULL,
    comment text,
    at bigint NOT NULL,
    -- Empty where the prompt had no suite.
    suite text NOT NULL,
    -- The judges' names in order, as a JSON list.
    judges text NOT NULL,
    PRIMARY KEY (prompt, version, suite, judges, actor),
    FOREIGN KEY (prompt, number) REFERENCES versions (prompt, number)
);

INSERT INTO approvals_by_judges (version, actor, prompt, number, comment, at, suite, judges)
SELECT version, actor, prompt, number, comment, at, suite, '[]' FROM approvals;

DROP TABLE approvals;

ALTER TABLE approvals_by_judges RENAME TO approvals;
