// The table of all routes of the control plane. What is not in it cannot be registered.

import { REPORTS } from '../reports/index.ts'
import { addAdjustment, removeAdjustments } from './adjustments.ts'
import { deleteAlias, listAliases, putAlias } from './aliases.ts'
import { listAudit } from './audit.ts'
import { listCalls } from './calls.ts'
import { deleteAlertRule, getAlertRule, listAlertRules, putAlertRule } from './alert-rules.ts'
import { deleteAlertTarget, listAlertTargets, putAlertTarget, testAlertTarget } from './alert-targets.ts'
import { listAlerts } from './alerts.ts'
import { verifyCounters } from './counters.ts'
import { deleteEndpoint, getEndpoint, listEndpoints, putEndpoint } from './endpoints.ts'
import { createKey, getKey, listKeys, revokeKey, rotateKey, updateKey } from './keys.ts'
import { listLedger } from './ledger.ts'
import { getLimits } from './limits.ts'
import { listModels } from './models.ts'
import type { Operation } from './operation.ts'
import { deletePlan, getPlan, listPlans, putPlan } from './plans.ts'
import { listMissingPrices } from './price-gaps.ts'
import { importPriceList } from './price-import.ts'
import { changePrices, getVersion, listPrices, listVersions } from './prices.ts'
import { listReports, reportOperation } from './reports.ts'
import { explainRequest } from './requests.ts'
import { createTenant, disableTenant, getTenant, listTenants, updateTenant } from './tenants.ts'
import { checkStore, closeDay, getOpenApi, rebuildRollups, rerate } from './upkeep.ts'

export const ADMIN_PREFIX = '/admin/v1'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/**
 * Who may call: `admin`, only who sees all tenants; `tenants`, who sees some, and is answered from those alone. Today every caller holds
 * the admin token and sees all.
 */
export type RouteScope = 'admin' | 'tenants'

export type Route = {
  readonly method: Method
  /** below the prefix, parameters in braces */
  readonly path: string
  readonly scope: RouteScope
  /** what in the request names something of one tenant: "path.tenant_id", "query.tenant", "body.parent_id" */
  readonly tenantIds: readonly string[]
  readonly operation: Operation
}

const KEYS = '/tenants/{tenant_id}/keys'

export const ROUTES: readonly Route[] = [
  route('GET', '/tenants', 'tenants', [], listTenants),
  route('POST', '/tenants', 'tenants', ['body.parent_id'], createTenant),
  route('GET', '/tenants/{tenant_id}', 'tenants', ['path.tenant_id'], getTenant),
  route('PATCH', '/tenants/{tenant_id}', 'tenants', ['path.tenant_id', 'body.parent_id'], updateTenant),
  route('DELETE', '/tenants/{tenant_id}', 'tenants', ['path.tenant_id'], disableTenant),

  route('GET', KEYS, 'tenants', ['path.tenant_id'], listKeys),
  route('POST', KEYS, 'tenants', ['path.tenant_id', 'body.may_act_for'], createKey),
  route('GET', `${KEYS}/{key_id}`, 'tenants', ['path.tenant_id', 'path.key_id'], getKey),
  route('PATCH', `${KEYS}/{key_id}`, 'tenants', ['path.tenant_id', 'path.key_id', 'body.may_act_for'], updateKey),
  route('POST', `${KEYS}/{key_id}/rotate`, 'tenants', ['path.tenant_id', 'path.key_id'], rotateKey),
  route('DELETE', `${KEYS}/{key_id}`, 'tenants', ['path.tenant_id', 'path.key_id'], revokeKey),

  route('GET', '/plans', 'admin', [], listPlans),
  route('GET', '/plans/{plan_id}', 'admin', [], getPlan),
  route('PUT', '/plans/{plan_id}', 'admin', [], putPlan),
  route('DELETE', '/plans/{plan_id}', 'admin', [], deletePlan),

  route('GET', '/alerts', 'tenants', [], listAlerts),
  route('GET', '/alert-rules', 'admin', [], listAlertRules),
  route('GET', '/alert-rules/{rule_id}', 'admin', [], getAlertRule),
  route('PUT', '/alert-rules/{rule_id}', 'admin', [], putAlertRule),
  route('DELETE', '/alert-rules/{rule_id}', 'admin', [], deleteAlertRule),
  route('GET', '/alert-targets', 'admin', [], listAlertTargets),
  route('PUT', '/alert-targets/{target_id}', 'admin', [], putAlertTarget),
  route('DELETE', '/alert-targets/{target_id}', 'admin', [], deleteAlertTarget),
  route('POST', '/alert-tests', 'admin', [], testAlertTarget),
  route('GET', '/aliases', 'admin', [], listAliases),
  route('PUT', '/aliases/{alias}', 'admin', [], putAlias),
  route('DELETE', '/aliases/{alias}', 'admin', [], deleteAlias),

  route('GET', '/endpoints', 'admin', [], listEndpoints),
  route('GET', '/endpoints/{endpoint_id}', 'admin', [], getEndpoint),
  route('PUT', '/endpoints/{endpoint_id}', 'admin', [], putEndpoint),
  route('DELETE', '/endpoints/{endpoint_id}', 'admin', [], deleteEndpoint),

  route('GET', '/prices', 'admin', [], listPrices),
  route('POST', '/prices', 'admin', [], changePrices),
  route('GET', '/prices/missing', 'admin', [], listMissingPrices),
  route('POST', '/prices/import', 'admin', [], importPriceList),
  route('GET', '/prices/versions', 'admin', [], listVersions),
  route('GET', '/prices/versions/{version}', 'admin', [], getVersion),
  route('GET', '/models', 'admin', [], listModels),

  route('GET', '/limits/{tenant_id}', 'tenants', ['path.tenant_id'], getLimits),
  route('POST', '/limits/{tenant_id}/adjustments', 'tenants', ['path.tenant_id', 'body.key_id'], addAdjustment),
  route('DELETE', '/limits/{tenant_id}/adjustments', 'tenants', ['path.tenant_id', 'query.key'], removeAdjustments),
  route('GET', '/requests/{request_id}', 'tenants', ['path.request_id'], explainRequest),
  route('GET', '/ledger', 'tenants', ['query.tenant', 'query.key'], listLedger),

  route('GET', '/reports', 'tenants', [], listReports),
  ...REPORTS.map((report) =>
    route('GET', `/reports/${report.name}`, 'tenants', ['query.tenant'], reportOperation(report)),
  ),

  route('GET', '/calls', 'tenants', [], listCalls),
  route('GET', '/audit', 'admin', [], listAudit),
  route('POST', '/rerate', 'admin', [], rerate),
  route('POST', '/close-day', 'admin', [], closeDay),
  route('POST', '/rollups/rebuild', 'admin', [], rebuildRollups),
  route('POST', '/counters/verify', 'admin', [], verifyCounters),
  route('GET', '/store/check', 'admin', [], checkStore),
  route('GET', '/openapi.json', 'tenants', [], getOpenApi),
]

function route(
  method: Method,
  path: string,
  scope: RouteScope,
  tenantIds: readonly string[],
  operation: Operation,
): Route {
  return { method, path, scope, tenantIds, operation }
}
