-- Alert rules and targets, the alerts that were raised, and the outbox of their deliveries.

CREATE TABLE alert_targets (
  id TEXT PRIMARY KEY,
  settings TEXT NOT NULL, -- JSON, nothing secret
  sealed_secret TEXT,
  created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE alert_rules (
  id TEXT PRIMARY KEY,
  tenant_id TEXT REFERENCES tenants (id), -- null: all
  target_ids TEXT NOT NULL, -- JSON
  definition TEXT NOT NULL, -- JSON
  created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Never deleted: that a row with an id stands here is what makes an alert fire once.
CREATE TABLE alerts (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  identity TEXT NOT NULL,
  rule_id TEXT NOT NULL,
  tenant_id TEXT,
  raised_at INTEGER NOT NULL,
  window_start INTEGER NOT NULL,
  window_end INTEGER,
  facts TEXT NOT NULL -- JSON
) STRICT;
CREATE INDEX alerts_tenant ON alerts (tenant_id, position);

CREATE TABLE alert_deliveries (
  alert_id TEXT NOT NULL REFERENCES alerts (id),
  target_id TEXT NOT NULL,
  state TEXT NOT NULL, -- pending, failed, delivered, dead
  attempts INTEGER NOT NULL,
  next_attempt_at INTEGER, -- null: delivered or given up
  delivered_at INTEGER,
  last_error TEXT,
  PRIMARY KEY (alert_id, target_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_deliveries_due ON alert_deliveries (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
