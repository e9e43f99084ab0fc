// wb import: takes over the configuration and the prices of the SaaS gateway samples; shows first what it would do.

import { command, flag, list, shown, text, type Context, type Output } from './command.ts'
import type { AdminClient, Json } from './client.ts'
import { segment } from './client.ts'
import { CommandFailure, usage } from './failure.ts'
import { readUnits, type Unit } from './import-configs.ts'
import { distinctEndpoints, endpointSteps } from './import-endpoints.ts'
import { readPrices, type WrittenPrice } from './import-prices.ts'
import type { Step } from './import-step.ts'
import { allPages, rowsOf } from './pages.ts'
import { explained, fileOf } from './prices.ts'
import { recordOf, tableOf } from './table.ts'

export const importFile = command({
  words:
    'Takes over a configs.json (endpoints, plans, tenants, keys) or a models.json (prices) of the SaaS gateway samples: shows what it would do; with --apply, does it.',
  positionals: [{ name: 'file', words: 'configs.json, a list, or models.json, an object' }],
  options: {
    apply: flag('do it'),
    'allow-model': list('glob', 'for configs: models that new plans allow; every model when left out'),
    team: list('unit/team', 'for configs: a team that the key of a unit may act for; becomes a tenant below it'),
    from: text('time', 'for prices: when they begin to hold; now when left out'),
    source: text('text', 'for prices: where the figures are from; the name of the file when left out'),
    confirm: flag('for prices: store them although some look like a slip'),
  },
  async run(context, { positionals, options }) {
    const content = contentOf(context, positionals.file)
    if (Array.isArray(content)) return importUnits(context, readUnits(content), options)
    const prices = readPrices(content as Json)
    const source = options.source ?? `imported from ${positionals.file.split(/[/\\]/).at(-1)}`
    return importPrices(context, prices, { ...options, source })
  },
})

function contentOf({ readFile }: Context, path: string): object {
  const file = fileOf(readFile, path)
  let content: unknown
  try {
    content = JSON.parse(file.toString('utf8'))
  } catch (thrown) {
    throw new CommandFailure(1, `${path} is not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}.`)
  }
  if (typeof content === 'object' && content !== null) return content
  throw new CommandFailure(1, `${path} is neither a list of units nor an object of prices.`)
}

type UnitOptions = {
  readonly apply: boolean
  readonly 'allow-model': readonly string[]
  readonly team: readonly string[]
}

async function importUnits(context: Context, units: readonly Unit[], options: UnitOptions): Promise<Output> {
  const admin = context.admin()
  const teams = teamsOf(options.team, units)
  const steps = await stepsOf(admin, units, teams, options['allow-model'])
  const pending = steps.filter(({ change }) => change !== 'as it is')
  const keys: Json[] = []
  if (options.apply) {
    for (const step of pending) {
      const made = await step.apply(admin)
      if (step.kind === 'key' && step.change === 'create') keys.push({ tenant_id: step.id, ...made })
    }
  }
  const leftOut = units.flatMap(({ id, leftOut: words }) => words.map((sentence) => ({ unit: id, sentence })))
  const rows = steps.map(({ kind, id, change, words }) => ({ kind, id, change, words }))
  const human = [
    tableOf(
      ['what', 'of', 'change', ''].map((title) => ({ title })),
      rows.map(Object.values),
    ),
    ...leftOut.map(({ unit, sentence }) => `Not taken over of ${unit}: ${sentence}\n`),
    ...keys.map((made) => `\n${recordOf(keyForPeople(made))}`),
    keys.length > 0 ? '\nThe secrets are shown this once. The gateway keeps only a hash.\n' : '',
    closing(pending.length, options.apply),
  ]
  return shown({ applied: options.apply, steps: rows, not_taken_over: leftOut, keys }, human.join(''))
}

function closing(pending: number, apply: boolean): string {
  if (pending === 0) return 'Nothing to do.\n'
  return apply ? `${pending} done.\n` : `${pending} to do; nothing was done. Add --apply to do it.\n`
}

const keyForPeople = ({ tenant_id, secret, access_key_id, secret_access_key }: Json): Json => ({
  tenant_id,
  secret,
  access_key_id,
  secret_access_key,
})

function teamsOf(pairs: readonly string[], units: readonly Unit[]): ReadonlyMap<string, readonly string[]> {
  const teams = new Map<string, string[]>()
  for (const pair of pairs) {
    const [unit = '', team = '', ...rest] = pair.split('/')
    if (team === '' || rest.length > 0) throw usage(`--team "${pair.slice(0, 80)}" is not of the form unit/team.`)
    if (!units.some(({ id }) => id === unit))
      throw usage(`--team "${pair.slice(0, 80)}": the file has no unit "${unit}".`)
    teams.set(unit, [...(teams.get(unit) ?? []), team])
  }
  return teams
}

async function stepsOf(
  admin: AdminClient,
  units: readonly Unit[],
  teams: ReadonlyMap<string, readonly string[]>,
  globs: readonly string[],
): Promise<readonly Step[]> {
  const plans = rowsOf((await admin.ask('GET', 'plans')).plans)
  const tenants = await allPages(admin, 'tenants', 'tenants')
  const endpoints = distinctEndpoints(units.flatMap((unit) => unit.endpoints))
  const there = endpoints.length === 0 ? [] : rowsOf((await admin.ask('GET', 'endpoints')).endpoints)
  const steps: Step[] = [...endpointSteps(endpoints, there)]
  for (const unit of units) {
    const found = tenants.find(({ id }) => id === unit.id)
    const own = teams.get(unit.id) ?? []
    steps.push(
      planStep(
        unit,
        plans.find(({ id }) => id === unit.id),
        globs,
      ),
      tenantStep(unit, found),
    )
    for (const team of own)
      steps.push(
        teamStep(
          unit,
          team,
          tenants.find(({ id }) => id === team),
        ),
      )
    const keys = found === undefined ? [] : await allPages(admin, keysPath(unit.id), 'keys')
    steps.push(
      keyStep(
        unit,
        own,
        keys.find(({ name, status }) => name === KEY_NAME && status === 'active'),
      ),
    )
  }
  return steps
}

const KEY_NAME = 'imported'
const keysPath = (tenantId: string): string => `tenants/${segment(tenantId)}/keys`

/** The rate of a unit's stage; further limits of a plan that is there stay. */
function planStep(unit: Unit, found: Json | undefined, globs: readonly string[]): Step {
  const { id, requestsPerSecond: amount, burst } = unit
  const rate = { kind: 'requests', per: 'second', amount, burst, mode: 'hard' }
  const isRate = (limit: Json): boolean => limit['kind'] === rate.kind && limit['per'] === rate.per
  const limits = rowsOf(found?.limits)
  const same = limits.some((limit) => isRate(limit) && limit['amount'] === amount && limit['burst'] === burst)
  const body = {
    ...(found === undefined
      ? { name: `${id} (imported)` }
      : { name: found.name, on_disconnect: found.on_disconnect, unpriced: found.unpriced }),
    allowed_models: globs.length > 0 ? globs : (found?.allowed_models ?? ['*']),
    limits: [...limits.filter((limit) => !isRate(limit)), rate],
    // what stands in a plan was judged when it was written
    ...(globs.length > 0 ? {} : { allow_unknown_models: true }),
  }
  return {
    kind: 'plan',
    id,
    change: found === undefined ? 'create' : same ? 'as it is' : 'change',
    words: `${amount} requests a second, bursts of ${burst}; models: ${(body.allowed_models as string[]).join(', ')}`,
    apply: (admin) => admin.ask('PUT', `plans/${segment(id)}`, { body }),
  }
}

function tenantStep({ id, kind }: Unit, found: Json | undefined): Step {
  const words = `${kind}, with the plan ${id}`
  if (found === undefined) {
    const body = { id, name: id, plan_id: id, attributes: { imported_as: kind.replace(' ', '_') } }
    return { kind: 'tenant', id, change: 'create', words, apply: (admin) => admin.ask('POST', 'tenants', { body }) }
  }
  const change = found.plan_id === id ? 'as it is' : 'change'
  const apply = (admin: AdminClient) => admin.ask('PATCH', `tenants/${segment(id)}`, { body: { plan_id: id } })
  return { kind: 'tenant', id, change, words, apply }
}

function teamStep(unit: Unit, id: string, found: Json | undefined): Step {
  if (found !== undefined && found.parent_id !== unit.id)
    throw new CommandFailure(
      1,
      `--team ${unit.id}/${id}: there is a tenant "${id}" already, and it is not below ${unit.id}.`,
    )
  return {
    kind: 'tenant',
    id,
    change: found === undefined ? 'create' : 'as it is',
    words: `team of ${unit.id}`,
    apply: (admin) => admin.ask('POST', 'tenants', { body: { id, name: id, parent_id: unit.id } }),
  }
}

function keyStep({ id }: Unit, teams: readonly string[], found: Json | undefined): Step {
  const actsFor = Array.isArray(found?.may_act_for) ? (found.may_act_for as string[]) : []
  const missing = teams.filter((team) => !actsFor.includes(team))
  const all = [...actsFor, ...missing]
  const words = all.length === 0 ? 'acts for itself' : `may act for ${all.join(', ')}`
  if (found === undefined) {
    const body = { name: KEY_NAME, may_act_for: teams }
    return { kind: 'key', id, change: 'create', words, apply: (admin) => admin.ask('POST', keysPath(id), { body }) }
  }
  const change = missing.length === 0 ? 'as it is' : 'change'
  const path = `${keysPath(id)}/${segment(String(found.key_id))}`
  return { kind: 'key', id, change, words, apply: (admin) => admin.ask('PATCH', path, { body: { may_act_for: all } }) }
}

type PriceOptions = {
  readonly apply: boolean
  readonly confirm: boolean
  readonly from: string | undefined
  readonly source: string
}

const KEY_MEMBERS = ['base_model', 'dimension', 'region', 'routing', 'variant'] as const

async function importPrices(context: Context, prices: readonly WrittenPrice[], options: PriceOptions): Promise<Output> {
  const admin = context.admin()
  const from = options.from ?? new Date(context.now()).toISOString()
  const before = await pricesAt(admin, from)
  const changed = prices.filter((price) => before.get(keyOf(price))?.usd !== price.usd)
  const rows = changed.map((price) => [
    ...KEY_MEMBERS.map((name) => price[name]),
    before.get(keyOf(price))?.usd ?? null,
    price.usd,
  ])
  const body = {
    prices: changed.map((price) => ({ ...price, effective_from: from, source: options.source })),
    note: options.source,
    ...(options.apply ? {} : { dry_run: true }),
    ...(options.confirm ? { confirm: true } : {}),
  }
  // a dry run too is judged by the control plane: what it would refuse is refused now
  const answer = changed.length === 0 ? {} : await explained(() => admin.ask('POST', 'prices', { body }))
  const doubts = Array.isArray(answer.doubts) ? answer.doubts.map(String) : []
  const version = typeof answer.price_version === 'number' ? answer.price_version : null
  const human = [
    rows.length === 0 ? '' : tableOf(COLUMNS, rows),
    ...doubts.map((doubt) => `Looks like a slip: ${doubt}\n`),
    `${changed.length} to store, from ${from} on; ${prices.length - changed.length} as they are. `,
    priceClosing(changed.length, version),
  ]
  const data = { applied: version !== null, prices: body.prices, unchanged: prices.length - changed.length, doubts }
  return shown({ ...data, price_version: version }, human.join(''))
}

const COLUMNS = [...KEY_MEMBERS, 'before_usd', 'after_usd'].map((title) => ({ title, numeric: title.endsWith('_usd') }))

function priceClosing(changed: number, version: number | null): string {
  if (changed === 0) return 'Nothing to do.\n'
  return version === null ? 'Nothing was stored; add --apply to store them.\n' : `Stored as version ${version}.\n`
}

const keyOf = (price: Json | WrittenPrice): string =>
  JSON.stringify(KEY_MEMBERS.map((name) => (price as Readonly<Record<string, unknown>>)[name]))

/** List prices of the standard tier, which is all that the files know. */
async function pricesAt(admin: AdminClient, at: string): Promise<ReadonlyMap<string, Json>> {
  const all = await allPages(admin, 'prices', 'prices', { at })
  const listed = all.filter(
    ({ tier, context_above: above, tenant_id: of }) => tier === 'standard' && above === 0 && of === null,
  )
  return new Map(listed.map((price) => [keyOf(price), price]))
}
