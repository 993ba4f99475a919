-- Who answered in a report, as JSON by model: evidence is of the providers that it was made with. Reports from
-- before say nothing about that, and neither do the deployments that rest on them.

ALTER TABLE reports ADD COLUMN upstreams text NOT NULL DEFAULT '{}';
ALTER TABLE deployments ADD COLUMN upstreams text NOT NULL DEFAULT '{}';
