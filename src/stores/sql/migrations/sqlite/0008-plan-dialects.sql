-- What a plan lets through of other dialects, as JSON; what it leaves out is as usual.
ALTER TABLE plans ADD COLUMN dialects TEXT NOT NULL DEFAULT '{}';
