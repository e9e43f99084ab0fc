// The tables as Kysely sees them; integers are read as bigint, whatever the dialect.

import type { ColumnType } from 'kysely'
import type { Dimension } from '../../core/usage.ts'

/** Read as bigint, written as either. */
export type Integer = ColumnType<bigint, number | bigint, number | bigint>
export type NullableInteger = ColumnType<bigint | null, number | bigint | null, number | bigint | null>

export type Schema = {
  settings: { name: string; value: string }
  change_counter: { id: Integer; changes: Integer }
  plans: {
    id: string
    name: string
    allowed_models: string
    access: string
    limits: string
    on_disconnect: string
    unpriced: string
    budgeting: string
    dialects: string
    fallbacks: string
    created_at: string
  }
  kept_answers: { id: string; tenant_id: string; region: string; kept_until: Integer }
  endpoints: { id: string; name: string; definition: string; created_at: string }
  aliases: { owner: string; name: string; targets: string; created_at: string }
  tenants: {
    id: string
    name: string
    parent_id: string | null
    plan_id: string | null
    attributes: string
    status: string
    allowed_models: string | null
    access: string
    limits: string
    plan_adjustments: string
    created_at: string
  }
  api_keys: {
    id: string
    tenant_id: string
    name: string
    secret_hash: string
    access_key_id: string
    may_act_for: string
    created_at: string
    expires_at: string | null
    revoked_at: string | null
    replaced_by: string | null
    limits: string
  }
  price_versions: {
    version: Integer
    created_at: string
    author: string
    note: string
    prices: string
    adjustments: string
    hourly: string
    checksum: Integer
  }
  audit: AuditColumns
  alert_targets: { id: string; settings: string; sealed_secret: string | null; created_at: string }
  alert_rules: { id: string; tenant_id: string | null; target_ids: string; definition: string; created_at: string }
  alerts: {
    /** given by the database */
    position: ColumnType<bigint, never, never>
    id: string
    identity: string
    rule_id: string
    tenant_id: string | null
    raised_at: Integer
    window_start: Integer
    window_end: NullableInteger
    facts: string
  }
  alert_deliveries: {
    alert_id: string
    target_id: string
    state: string
    attempts: Integer
    next_attempt_at: NullableInteger
    delivered_at: NullableInteger
    last_error: string | null
  }
  rollup_keys: RollupKeyColumns & { id: Integer }
  entries: EntryColumns
  rollups: RollupColumns
}

type AuditColumns = {
  sequence: Integer
  at: Integer
  actor_kind: string
  actor_id: string | null
  remote_address: string | null
  user_agent: string | null
  request_id: string | null
  action: string
  resource: string | null
  resource_id: string | null
  tenant_id: string | null
  outcome: string
  reason: string | null
  before: string | null
  after: string | null
  previous_hash: string
  hash: string
}

export type RollupKeyColumns = {
  tenant_id: string
  key_id: string
  model_id: string
  base_model: string
  routing: string
  tier: string
  region: string
  operation: string
  surface: string
  metadata: string
}

type EntryColumns = {
  position: Integer
  request_id: string
  tenant_id: string
  rollup_key_id: Integer
  quantities: string | null
  cost: NullableInteger
  input_cost: NullableInteger
  corrects: string | null
  marks: Integer
  details: string
  checksum: Integer
}

type RollupColumns = {
  hour: Integer
  rollup_key_id: Integer
  calls: Integer
  unpriced_calls: Integer
  estimated_calls: Integer
  input_cost_usd: Integer
  input_cost_pico: Integer
  output_cost_usd: Integer
  output_cost_pico: Integer
} & { [dimension in Dimension]: NullableInteger }
