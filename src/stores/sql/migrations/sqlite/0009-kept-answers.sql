-- Whose answers Bedrock keeps, and where.

CREATE TABLE kept_answers (
  id TEXT NOT NULL PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  region TEXT NOT NULL,
  kept_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX kept_answers_by_end ON kept_answers (kept_until);
