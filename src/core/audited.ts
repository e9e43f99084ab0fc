// What the audit trail shows of each resource: only the fields that a table lists, so that a field nobody thought of stays out.

import type { AccessPolicy } from './access.ts'
import type { AlertRule, ErrorRule, ForecastRule, ThresholdRule } from './alert.ts'
import type { AlertTarget } from './alert-delivery.ts'
import type { Alias } from './alias.ts'
import { auditJson, type AuditFact } from './audit.ts'
import type { Endpoint } from './endpoint.ts'
import type { FallbackPrice } from './budgeting.ts'
import type { Limit } from './limit.ts'
import { formatPicoUsd, picoUsd } from './money.ts'
import type { Plan } from './plan.ts'
import type { PriceVersion } from './price-book.ts'
import type { ApiKey, Tenant } from './tenant.ts'

/** Every field of a type must be named here: shown as it is, shown in another form, or never shown. */
type Shown<Type> = { readonly [Name in keyof Required<Type>]: 'shown' | 'secret' | ((value: Type[Name]) => unknown) }

const TENANT: Shown<Tenant> = {
  id: 'shown',
  name: 'shown',
  parentId: 'shown',
  planId: 'shown',
  attributes: 'shown',
  status: 'shown',
  allowedModels: 'shown',
  access: accessShown,
  limits: limitsShown,
  planAdjustments: adjustmentsShown,
  createdAt: 'shown',
}

const API_KEY: Shown<ApiKey> = {
  id: 'shown',
  tenantId: 'shown',
  name: 'shown',
  secretHash: 'secret',
  accessKeyId: 'shown',
  mayActFor: 'shown',
  createdAt: 'shown',
  expiresAt: 'shown',
  revokedAt: 'shown',
  replacedBy: 'shown',
  limits: limitsShown,
}

const PLAN: Shown<Plan> = {
  id: 'shown',
  name: 'shown',
  allowedModels: 'shown',
  access: accessShown,
  limits: limitsShown,
  onDisconnect: 'shown',
  unpriced: 'shown',
  budgeting: ({ fallbackPrice, ...rest }) => ({
    ...rest,
    fallbackPrice: fallbackPrice && fallbackShown(fallbackPrice),
  }),
  dialects: (dialects) => ({ ...dialects }),
  fallbacks: 'shown',
  createdAt: 'shown',
}

const fallbackShown = ({ inputToken, outputToken }: FallbackPrice): Record<string, string> => ({
  inputToken: formatPicoUsd(inputToken),
  outputToken: formatPicoUsd(outputToken),
})

const ALIAS: Shown<Alias> = {
  name: 'shown',
  tenantId: 'shown',
  targets: 'shown',
  createdAt: 'shown',
}

const ENDPOINT: Shown<Endpoint> = {
  id: 'shown',
  name: 'shown',
  endpointName: 'shown',
  inferenceComponent: 'shown',
  region: 'shown',
  kind: 'shown',
  maxOutputTokens: 'shown',
  createdAt: 'shown',
}

const PRICE_VERSION: Shown<PriceVersion> = {
  version: 'shown',
  createdAt: 'shown',
  author: 'shown',
  note: 'shown',
  prices: firstShown,
  adjustments: firstShown,
  hourly: (hourly = []) => firstShown(hourly),
}

/** What rules of any kind have; what a rule has not is left out. */
type AnyAlertRule = Pick<AlertRule, 'kind'> &
  Omit<ThresholdRule, 'kind'> &
  Omit<ForecastRule, 'kind'> &
  Omit<ErrorRule, 'kind'>

const ALERT_RULE: Shown<Partial<AnyAlertRule>> = {
  id: 'shown',
  kind: 'shown',
  tenantId: 'shown',
  targetIds: 'shown',
  createdAt: 'shown',
  percents: 'shown',
  limitKinds: 'shown',
  counting: 'shown',
  minimumElapsedPercent: 'shown',
  windowMinutes: 'shown',
  minimumCalls: 'shown',
}

const ALERT_TARGET: Shown<AlertTarget> = {
  id: 'shown',
  settings: membersNamed,
  sealedSecret: 'secret',
  createdAt: 'shown',
}

const CHANGED = { outcome: 'changed', reason: null } as const

export const tenantChange = (before: Tenant | null, after: Tenant): AuditFact => ({
  ...CHANGED,
  resource: 'tenant',
  resourceId: after.id,
  tenantId: after.id,
  before: before && jsonOf(TENANT, before),
  after: jsonOf(TENANT, after),
})

export const keyChange = (before: ApiKey | null, after: ApiKey): AuditFact => ({
  ...CHANGED,
  resource: 'api_key',
  resourceId: after.id,
  tenantId: after.tenantId,
  before: before && jsonOf(API_KEY, before),
  after: jsonOf(API_KEY, after),
})

/** `after` null: it was deleted. */
export const planChange = (planId: string, before: Plan | null, after: Plan | null): AuditFact => ({
  ...CHANGED,
  resource: 'plan',
  resourceId: planId,
  tenantId: null,
  before: before && jsonOf(PLAN, before),
  after: after && jsonOf(PLAN, after),
})

/** One of them may be null: there was none, or there is none any more. */
export const aliasChange = (before: Alias | null, after: Alias | null): AuditFact => ({
  ...CHANGED,
  resource: 'alias',
  resourceId: (after ?? before)?.name ?? null,
  tenantId: (after ?? before)?.tenantId ?? null,
  before: before && jsonOf(ALIAS, before),
  after: after && jsonOf(ALIAS, after),
})

export const endpointChange = (before: Endpoint | null, after: Endpoint | null): AuditFact => ({
  ...CHANGED,
  resource: 'endpoint',
  resourceId: (after ?? before)?.id ?? null,
  tenantId: null,
  before: before && jsonOf(ENDPOINT, before),
  after: after && jsonOf(ENDPOINT, after),
})

export const alertRuleChange = (ruleId: string, before: AlertRule | null, after: AlertRule | null): AuditFact => ({
  ...CHANGED,
  resource: 'alert_rule',
  resourceId: ruleId,
  tenantId: (after ?? before)?.tenantId ?? null,
  before: before && ruleJson(before),
  after: after && ruleJson(after),
})

const ruleJson = (rule: AlertRule): string => jsonOf(ALERT_RULE, rule)

export const alertTargetChange = (
  targetId: string,
  before: AlertTarget | null,
  after: AlertTarget | null,
): AuditFact => ({
  ...CHANGED,
  resource: 'alert_target',
  resourceId: targetId,
  tenantId: null,
  before: before && jsonOf(ALERT_TARGET, before),
  after: after && jsonOf(ALERT_TARGET, after),
})

/** A version is never edited, so what was before it is the version before it. */
export const priceVersionChange = (version: PriceVersion): AuditFact => ({
  ...CHANGED,
  resource: 'price_version',
  resourceId: String(version.version),
  tenantId: null,
  before: null,
  after: jsonOf(PRICE_VERSION, version),
})

function jsonOf<Type extends object>(table: Shown<Type>, value: Type): string {
  const members = (Object.keys(table) as (keyof Type & string)[]).flatMap((name) => {
    const how = table[name]
    if (how === 'secret') return []
    return [[named(name), how === 'shown' ? value[name] : how(value[name])] as const]
  })
  return auditJson(Object.fromEntries(members))
}

/** "parentId" as the admin API writes it: "parent_id". */
const named = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

function membersNamed(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [named(name), member]))
}

/** Whole numbers of a limit on cost are pico-USD; they are shown in USD, as the admin API takes them. */
function accessShown({ guardrail, assumeRole, ...rest }: AccessPolicy): unknown {
  return {
    ...membersNamed(rest),
    guardrail: guardrail && membersNamed(guardrail),
    assume_role: assumeRole && membersNamed(assumeRole),
  }
}

function limitsShown(limits: readonly Limit[]): unknown {
  return limits.map((limit) =>
    Object.fromEntries(
      Object.entries(membersNamed(limit)).map(([name, member]) => [
        name,
        limit.kind === 'cost' ? inUsd(member) : member,
      ]),
    ),
  )
}

/** The kind of the limit stands with the plan: amounts are shown in its smallest unit, as they are kept. */
function adjustmentsShown(adjustments: Tenant['planAdjustments']): unknown {
  return Object.fromEntries(Object.entries(adjustments).map(([limitId, list]) => [limitId, list.map(membersNamed)]))
}

function inUsd(value: unknown): unknown {
  if (typeof value === 'bigint') return formatPicoUsd(picoUsd(value))
  if (Array.isArray(value)) return value.map(inUsd)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, inUsd(member)]))
}

const MOST_LISTED = 100

/** Unit prices are pico-USD for one unit, as the price book holds them. The book keeps every version whole; here the first are enough. */
function firstShown(list: readonly object[]): unknown {
  return { count: list.length, first: list.slice(0, MOST_LISTED).map(membersNamed) }
}
