-- The first schema. Times are milliseconds since the epoch, money is integer pico-USD, texts that hold JSON say so.

CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row; bumped by every write of tenants, keys, plans and prices.
CREATE TABLE change_counter (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  changes INTEGER NOT NULL
) STRICT;
INSERT INTO change_counter (id, changes) VALUES (1, 0);

CREATE TABLE plans (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  allowed_models TEXT NOT NULL, -- JSON
  limits TEXT NOT NULL, -- JSON
  on_disconnect TEXT NOT NULL,
  unpriced TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tenants (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  parent_id TEXT REFERENCES tenants (id),
  plan_id TEXT REFERENCES plans (id),
  attributes TEXT NOT NULL, -- JSON
  status TEXT NOT NULL,
  allowed_models TEXT, -- JSON
  limits TEXT NOT NULL, -- JSON
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  secret_hash TEXT NOT NULL UNIQUE,
  access_key_id TEXT NOT NULL UNIQUE,
  may_act_for TEXT NOT NULL, -- JSON
  created_at TEXT NOT NULL,
  expires_at TEXT,
  revoked_at TEXT,
  replaced_by TEXT
) STRICT;
CREATE INDEX api_keys_tenant ON api_keys (tenant_id, id);

-- Changes of the price book, whole, never edited.
CREATE TABLE price_versions (
  version INTEGER PRIMARY KEY,
  created_at TEXT NOT NULL,
  author TEXT NOT NULL,
  note TEXT NOT NULL,
  prices TEXT NOT NULL, -- JSON
  adjustments TEXT NOT NULL, -- JSON
  checksum INTEGER NOT NULL
) STRICT;

-- What entries and rollups are grouped by; each combination stands here once.
CREATE TABLE rollup_keys (
  id INTEGER PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  model_id TEXT NOT NULL,
  base_model TEXT NOT NULL, -- empty: unknown
  routing TEXT NOT NULL,
  tier TEXT NOT NULL,
  region TEXT NOT NULL,
  operation TEXT NOT NULL,
  surface TEXT NOT NULL,
  metadata TEXT NOT NULL, -- JSON, keys sorted
  UNIQUE (tenant_id, key_id, model_id, base_model, routing, tier, region, operation, surface, metadata)
) STRICT;

-- The ledger. Rows lie in the order of their start: position is started_at * 2^20 + a number that makes it unique,
-- so the table itself is the index by time, and the index by tenant is one by tenant and time.
-- What nothing is summed, filtered or sorted by stands together in details: every column costs each append its share.
CREATE TABLE entries (
  position INTEGER PRIMARY KEY,
  request_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  rollup_key_id INTEGER NOT NULL,
  quantities TEXT, -- JSON, keys sorted; null: usage unknown
  cost INTEGER,
  input_cost INTEGER,
  corrects TEXT,
  marks INTEGER NOT NULL, -- 1 estimated, 2 correction, 4 rates an unpriced call
  details TEXT NOT NULL, -- JSON array, as the view ledger reads it
  checksum INTEGER NOT NULL -- CRC-32 of the entry's content
) STRICT;
CREATE UNIQUE INDEX entries_request ON entries (request_id);
CREATE INDEX entries_tenant ON entries (tenant_id);
CREATE INDEX entries_unpriced ON entries (cost) WHERE cost IS NULL;
CREATE INDEX entries_corrections ON entries (corrects) WHERE corrects IS NOT NULL;

-- For people with a SQL shell; the service does not read it.
CREATE VIEW ledger AS SELECT
  strftime('%Y-%m-%dT%H:%M:%fZ', (position >> 20) / 1000.0, 'unixepoch') AS started_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', (details ->> 1) / 1000.0, 'unixepoch') AS ended_at,
  request_id,
  details ->> 0 AS upstream_request_id,
  k.tenant_id, k.key_id, k.model_id, k.base_model, k.routing, k.tier, k.region, k.operation, k.surface, k.metadata,
  details ->> 2 AS ending,
  details ->> 3 AS status,
  details ->> 4 AS attempts,
  quantities,
  details ->> 9 AS reasoning_tokens,
  details ->> 10 AS variant,
  cost AS cost_pico_usd,
  input_cost AS input_cost_pico_usd,
  details ->> 5 AS price_version,
  marks & 1 AS estimated,
  details ->> 6 AS delivered_bytes,
  details ->> 7 AS notes,
  corrects
FROM entries e JOIN rollup_keys k ON k.id = e.rollup_key_id;

-- Hourly sums. Money stands in two columns, whole USD and pico-USD, so that no sum of sums leaves 64 bits.
CREATE TABLE rollups (
  hour INTEGER NOT NULL,
  rollup_key_id INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  unpriced_calls INTEGER NOT NULL,
  estimated_calls INTEGER NOT NULL,
  input_cost_usd INTEGER NOT NULL,
  input_cost_pico INTEGER NOT NULL,
  output_cost_usd INTEGER NOT NULL,
  output_cost_pico INTEGER NOT NULL,
  input_tokens INTEGER,
  output_tokens INTEGER,
  cache_read_tokens INTEGER,
  cache_write_5m_tokens INTEGER,
  cache_write_1h_tokens INTEGER,
  cache_write_30m_tokens INTEGER,
  input_images INTEGER,
  images INTEGER,
  input_seconds INTEGER,
  seconds INTEGER,
  search_units INTEGER,
  guardrail_topic_units INTEGER,
  guardrail_content_units INTEGER,
  guardrail_content_image_units INTEGER,
  guardrail_word_units INTEGER,
  guardrail_sensitive_units INTEGER,
  guardrail_sensitive_free_units INTEGER,
  guardrail_grounding_units INTEGER,
  guardrail_reasoning_units INTEGER,
  requests INTEGER,
  PRIMARY KEY (hour, rollup_key_id)
) STRICT, WITHOUT ROWID;
