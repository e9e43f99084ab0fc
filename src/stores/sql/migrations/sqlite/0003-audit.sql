-- The audit trail: a chain of rows, each with the hash of the one before it. It only grows.

CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_id TEXT,
  remote_address TEXT,
  user_agent TEXT,
  request_id TEXT,
  action TEXT NOT NULL,
  resource TEXT,
  resource_id TEXT,
  tenant_id TEXT,
  outcome TEXT NOT NULL,
  reason TEXT,
  before TEXT, -- JSON, members sorted
  after TEXT, -- JSON, members sorted
  previous_hash TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_tenant ON audit (tenant_id) WHERE tenant_id IS NOT NULL;

CREATE TRIGGER audit_never_updated BEFORE UPDATE ON audit BEGIN
  SELECT RAISE(ABORT, 'rows of the audit trail are never changed');
END;
CREATE TRIGGER audit_never_deleted BEFORE DELETE ON audit BEGIN
  SELECT RAISE(ABORT, 'rows of the audit trail are never deleted');
END;
-- Also keeps INSERT OR REPLACE, which fires no trigger of a deletion, from taking the place of a row.
CREATE TRIGGER audit_only_appended BEFORE INSERT ON audit
WHEN NEW.sequence IS NOT (SELECT coalesce(max(sequence), 0) + 1 FROM audit)
  OR NEW.previous_hash IS NOT coalesce((SELECT hash FROM audit ORDER BY sequence DESC LIMIT 1), printf('%064d', 0))
BEGIN
  SELECT RAISE(ABORT, 'a row of the audit trail must follow the last one');
END;
