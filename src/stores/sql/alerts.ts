// Alert rules, targets and the outbox in SQL: an alert is raised by the one insert that finds no row with its id.

import type { Kysely, Selectable, Transaction } from 'kysely'
import type { AlertFacts, AlertRule } from '../../core/alert.ts'
import type {
  AlertStore,
  AlertTarget,
  ClaimedDelivery,
  Delivery,
  DeliveryOutcome,
  DeliveryState,
  RaisedAlert,
  TargetSettings,
} from '../../core/alert-delivery.ts'
import { alertRuleChange, alertTargetChange } from '../../core/audited.ts'
import { StoreConflict } from '../../core/tenant.ts'
import { changing, type Writer } from './changes.ts'
import type { Schema } from './schema.ts'

/** Changes of rules and targets are the control plane's, and audited; what happens in the outbox is told by the outbox itself. */
export const createAlertStore = (writer: Writer): AlertStore => ({
  ...ruleMethods(writer),
  ...targetMethods(writer),
  ...outboxMethods(writer.database),
})

type RuleMethods = Pick<AlertStore, 'putRule' | 'getRule' | 'listRules' | 'deleteRule'>
type TargetMethods = Pick<AlertStore, 'putTarget' | 'getTarget' | 'listTargets' | 'deleteTarget'>
type Reader = Kysely<Schema> | Transaction<Schema>

function ruleMethods(writer: Writer): RuleMethods {
  const { database } = writer
  return {
    async putRule(rule) {
      const row = rowFromRule(rule)
      const { id: _, ...changes } = row
      await changing(writer, async (transaction) => {
        await checkRule(transaction, rule)
        const before = await findRule(transaction, rule.id)
        await transaction
          .insertInto('alert_rules')
          .values(row)
          .onConflict((conflict) => conflict.column('id').doUpdateSet(changes))
          .execute()
        return { result: undefined, facts: [alertRuleChange(rule.id, before, rule)] }
      })
    },
    getRule: (ruleId) => findRule(database, ruleId),
    listRules: () => rulesOf(database),
    deleteRule: (ruleId) =>
      changing(writer, async (transaction) => {
        const before = await findRule(transaction, ruleId)
        if (before === null) return { result: false, facts: [] }
        await transaction.deleteFrom('alert_rules').where('id', '=', ruleId).execute()
        return { result: true, facts: [alertRuleChange(ruleId, before, null)] }
      }),
  }
}

async function checkRule(transaction: Transaction<Schema>, rule: AlertRule): Promise<void> {
  if (rule.tenantId !== null) {
    const tenant = await transaction
      .selectFrom('tenants')
      .select('id')
      .where('id', '=', rule.tenantId)
      .executeTakeFirst()
    if (tenant === undefined) throw new StoreConflict('tenant_id', `there is no tenant ${rule.tenantId}`)
  }
  for (const [index, targetId] of rule.targetIds.entries()) {
    if ((await findTarget(transaction, targetId)) === null) {
      throw new StoreConflict(`target_ids[${index}]`, `there is no target ${targetId}`)
    }
  }
}

async function findRule(database: Reader, ruleId: string): Promise<AlertRule | null> {
  const row = await database.selectFrom('alert_rules').selectAll().where('id', '=', ruleId).executeTakeFirst()
  return row === undefined ? null : ruleFromRow(row)
}

async function rulesOf(database: Reader): Promise<readonly AlertRule[]> {
  return (await database.selectFrom('alert_rules').selectAll().orderBy('id').execute()).map(ruleFromRow)
}

function targetMethods(writer: Writer): TargetMethods {
  const { database } = writer
  return {
    async putTarget(target) {
      const row = rowFromTarget(target)
      const { id: _, ...changes } = row
      await changing(writer, async (transaction) => {
        const before = await findTarget(transaction, target.id)
        await transaction
          .insertInto('alert_targets')
          .values(row)
          .onConflict((conflict) => conflict.column('id').doUpdateSet(changes))
          .execute()
        return { result: undefined, facts: [alertTargetChange(target.id, before, target)] }
      })
    },
    getTarget: (targetId) => findTarget(database, targetId),
    async listTargets() {
      return (await database.selectFrom('alert_targets').selectAll().orderBy('id').execute()).map(targetFromRow)
    },
    deleteTarget: (targetId) =>
      changing(writer, async (transaction) => {
        const user = (await rulesOf(transaction)).find(({ targetIds }) => targetIds.includes(targetId))
        if (user !== undefined) {
          throw new StoreConflict('target_id', `target ${targetId} is still a target of rule ${user.id}`)
        }
        const before = await findTarget(transaction, targetId)
        if (before === null) return { result: false, facts: [] }
        await transaction.deleteFrom('alert_targets').where('id', '=', targetId).execute()
        return { result: true, facts: [alertTargetChange(targetId, before, null)] }
      }),
  }
}

async function findTarget(database: Reader, targetId: string): Promise<AlertTarget | null> {
  const row = await database.selectFrom('alert_targets').selectAll().where('id', '=', targetId).executeTakeFirst()
  return row === undefined ? null : targetFromRow(row)
}

function outboxMethods(database: Kysely<Schema>): Omit<AlertStore, keyof RuleMethods | keyof TargetMethods> {
  return {
    raise: (alert, targetIds) =>
      database.transaction().execute(async (transaction) => {
        const inserted = await transaction
          .insertInto('alerts')
          .values(rowFromAlert(alert))
          .onConflict((conflict) => conflict.column('id').doNothing())
          .executeTakeFirst()
        if ((inserted.numInsertedOrUpdatedRows ?? 0n) === 0n) return 'exists'
        const deliveries = [...new Set(targetIds)].map((targetId) => ({
          alert_id: alert.id,
          target_id: targetId,
          state: 'pending',
          attempts: 0,
          next_attempt_at: alert.raisedAt,
          delivered_at: null,
          last_error: null,
        }))
        if (deliveries.length > 0) await transaction.insertInto('alert_deliveries').values(deliveries).execute()
        return 'raised'
      }),
    async page(scope, { cursor, limit }) {
      const tenantIds = scope.kind === 'tenants' ? [...scope.tenantIds] : null
      if (tenantIds?.length === 0) return { alerts: [], nextCursor: null }
      const rows = await database
        .selectFrom('alerts')
        .selectAll()
        .$if(tenantIds !== null, (query) => query.where('tenant_id', 'in', tenantIds ?? []))
        .$if(cursor !== null, (query) => query.where('position', '<', positionOf(cursor ?? '')))
        .orderBy('position', 'desc')
        .limit(limit + 1)
        .execute()
      const shown = rows.slice(0, limit)
      const deliveries = await deliveriesOf(
        database,
        shown.map(({ id }) => id),
      )
      return {
        alerts: shown.map((row) => ({ ...alertFromRow(row), deliveries: deliveries.get(row.id) ?? [] })),
        nextCursor: rows.length > limit ? String(shown.at(-1)?.position) : null,
      }
    },
    claim: (asked) => claim(database, asked),
    async finish({ alertId, targetId }, outcome) {
      await database
        .updateTable('alert_deliveries')
        .set(changesOf(outcome))
        .where('alert_id', '=', alertId)
        .where('target_id', '=', targetId)
        .where('next_attempt_at', 'is not', null)
        .execute()
    },
  }
}

/** One statement, so that no two can take the same. */
async function claim(
  database: Kysely<Schema>,
  { now, until, limit, limitPerTarget, busyTargetIds }: Parameters<AlertStore['claim']>[0],
): Promise<readonly ClaimedDelivery[]> {
  const waiting = database
    .selectFrom('alert_deliveries')
    .select((select) => [
      'alert_id',
      'target_id',
      'next_attempt_at',
      select.fn
        .agg<bigint>('row_number')
        .over((over) => over.partitionBy('target_id').orderBy('next_attempt_at'))
        .as('turn'),
    ])
    .where('next_attempt_at', '<=', BigInt(now))
    .$if(busyTargetIds.length > 0, (query) => query.where('target_id', 'not in', busyTargetIds))
  const due = database
    .selectFrom(waiting.as('waiting'))
    .select(['alert_id', 'target_id'])
    .where('turn', '<=', BigInt(limitPerTarget))
    .orderBy('next_attempt_at')
    .limit(limit)
  const claimed = await database
    .updateTable('alert_deliveries')
    .set((update) => ({ attempts: update('attempts', '+', 1n), next_attempt_at: until }))
    .where((where) => where(where.refTuple('alert_id', 'target_id'), 'in', due.$asTuple('alert_id', 'target_id')))
    .returning(['alert_id', 'target_id', 'attempts'])
    .execute()
  const alerts = await alertsOf(
    database,
    claimed.map((row) => row.alert_id),
  )
  return claimed.flatMap((row): ClaimedDelivery[] => {
    const alert = alerts.get(row.alert_id)
    return alert === undefined ? [] : [{ alert, targetId: row.target_id, attempt: Number(row.attempts) }]
  })
}

function positionOf(cursor: string): bigint {
  if (!/^\d{1,15}$/.test(cursor)) throw new RangeError('not a cursor')
  return BigInt(cursor)
}

async function deliveriesOf(
  database: Kysely<Schema>,
  alertIds: readonly string[],
): Promise<ReadonlyMap<string, Delivery[]>> {
  const found = new Map<string, Delivery[]>()
  if (alertIds.length === 0) return found
  const rows = await database
    .selectFrom('alert_deliveries')
    .selectAll()
    .where('alert_id', 'in', alertIds)
    .orderBy('target_id')
    .execute()
  for (const row of rows) found.set(row.alert_id, [...(found.get(row.alert_id) ?? []), deliveryFromRow(row)])
  return found
}

async function alertsOf(
  database: Kysely<Schema>,
  alertIds: readonly string[],
): Promise<ReadonlyMap<string, RaisedAlert>> {
  if (alertIds.length === 0) return new Map()
  const rows = await database.selectFrom('alerts').selectAll().where('id', 'in', alertIds).execute()
  return new Map(rows.map((row) => [row.id, alertFromRow(row)]))
}

const changesOf = (outcome: DeliveryOutcome) => ({
  state: outcome.state,
  next_attempt_at: outcome.state === 'failed' ? outcome.nextAttemptAt : null,
  delivered_at: outcome.state === 'delivered' ? outcome.at : null,
  last_error: outcome.state === 'delivered' ? null : outcome.error,
})

const rowFromRule = ({ id, tenantId, targetIds, createdAt, ...definition }: AlertRule) => ({
  id,
  tenant_id: tenantId,
  target_ids: JSON.stringify(targetIds),
  definition: JSON.stringify(definition),
  created_at: createdAt,
})

const ruleFromRow = (row: Selectable<Schema['alert_rules']>): AlertRule => ({
  ...(JSON.parse(row.definition) as AlertRule),
  id: row.id,
  tenantId: row.tenant_id,
  targetIds: JSON.parse(row.target_ids) as string[],
  createdAt: row.created_at,
})

const rowFromTarget = (target: AlertTarget): Selectable<Schema['alert_targets']> => ({
  id: target.id,
  settings: JSON.stringify(target.settings),
  sealed_secret: target.sealedSecret,
  created_at: target.createdAt,
})

const targetFromRow = (row: Selectable<Schema['alert_targets']>): AlertTarget => ({
  id: row.id,
  settings: JSON.parse(row.settings) as TargetSettings,
  sealedSecret: row.sealed_secret,
  createdAt: row.created_at,
})

const rowFromAlert = (alert: RaisedAlert) => ({
  id: alert.id,
  identity: alert.identity,
  rule_id: alert.ruleId,
  tenant_id: alert.tenantId,
  raised_at: alert.raisedAt,
  window_start: alert.windowStart,
  window_end: alert.windowEnd,
  facts: JSON.stringify(alert.facts, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
})

const alertFromRow = (row: Selectable<Schema['alerts']>): RaisedAlert => ({
  id: row.id,
  identity: row.identity,
  ruleId: row.rule_id,
  tenantId: row.tenant_id,
  raisedAt: Number(row.raised_at),
  windowStart: Number(row.window_start),
  windowEnd: numberOrNull(row.window_end),
  facts: factsFromJson(row.facts),
})

type Stored<Facts> = {
  readonly [Name in keyof Facts]: bigint extends Facts[Name] ? StoredAmount<Facts[Name]> : Facts[Name]
}
type StoredAmount<Amount> = null extends Amount ? string | null : string
type StoredFacts = AlertFacts extends infer Facts ? (Facts extends AlertFacts ? Stored<Facts> : never) : never

function factsFromJson(json: string): AlertFacts {
  const facts = JSON.parse(json) as StoredFacts
  switch (facts.kind) {
    case 'unpriced':
      return { ...facts, calls: BigInt(facts.calls) }
    case 'errors':
      return facts
    default:
      return {
        ...facts,
        amount: BigInt(facts.amount),
        used: BigInt(facts.used),
        held: BigInt(facts.held),
        forecast: facts.forecast === null ? null : BigInt(facts.forecast),
      }
  }
}

const deliveryFromRow = (row: Selectable<Schema['alert_deliveries']>): Delivery => ({
  targetId: row.target_id,
  state: row.state as DeliveryState,
  attempts: Number(row.attempts),
  nextAttemptAt: numberOrNull(row.next_attempt_at),
  deliveredAt: numberOrNull(row.delivered_at),
  lastError: row.last_error,
})

const numberOrNull = (value: bigint | null): number | null => (value === null ? null : Number(value))
