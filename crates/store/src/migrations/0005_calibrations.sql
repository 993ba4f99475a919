-- How far judges agree with people. The whole calibration is the document; what it is looked up by has a
-- column.

CREATE TABLE calibrations (
    id text NOT NULL PRIMARY KEY,
    judge text NOT NULL,
    version text NOT NULL,
    model text NOT NULL,
    finished_at bigint NOT NULL,
    document text NOT NULL
);
CREATE INDEX calibrations_of_judge ON calibrations (judge, finished_at, id);
