-- What a plan calls in the place of a model that fails, as JSON.
ALTER TABLE plans ADD COLUMN fallbacks TEXT NOT NULL DEFAULT '[]';
