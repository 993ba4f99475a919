-- Tags of a call as a JSON object with sorted names; NULL without tags. Budgets by tag are seeded from it.
ALTER TABLE calls ADD COLUMN tags text;
