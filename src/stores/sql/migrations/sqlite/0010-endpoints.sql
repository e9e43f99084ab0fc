-- SageMaker endpoints that can be called, and prices by the hour in versions of the price book.

CREATE TABLE endpoints (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  definition TEXT NOT NULL, -- JSON
  created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE price_versions ADD COLUMN hourly TEXT NOT NULL DEFAULT '[]'; -- JSON
