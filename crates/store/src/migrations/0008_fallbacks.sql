-- The other models that a deployment admitted for its version, as a JSON list of model and report. Deployments
-- from before had none.

ALTER TABLE deployments ADD COLUMN fallbacks text NOT NULL DEFAULT '[]';
