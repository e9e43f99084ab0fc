-- What a plan and a tenant say about model access beyond the list of allowed models. '{}': nothing.

ALTER TABLE plans ADD COLUMN access TEXT NOT NULL DEFAULT '{}'; -- JSON
ALTER TABLE tenants ADD COLUMN access TEXT NOT NULL DEFAULT '{}'; -- JSON
