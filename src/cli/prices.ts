// wb price …: the price book, as it holds, as it was, and changes to it.

import type { Json } from './client.ts'
import { command, flag, list, required, shown, text, type Context, type Group, type Output } from './command.ts'
import { CommandFailure, usage } from './failure.ts'
import { allPages, rowsOf } from './pages.ts'
import { cellText, recordOf, tableOf } from './table.ts'
import { wholeNumber } from './whole-number.ts'

const MODEL = { name: 'base model', words: 'the model id without geographic prefix' } as const

const CHANGE = {
  note: text('text', 'why, kept with the version'),
  confirm: flag('store it although it looks like a slip'),
  'dry-run': flag('check it and store nothing'),
} as const

export const price: Group = {
  words: 'Prices: USD per 1M tokens, or per image, second, search; each from a date on.',
  commands: {
    list: command({
      words: 'The prices that hold now, or at a time.',
      options: {
        model: text('model id', 'only this model; a profile shows the prices of its routing'),
        at: text('time', 'those that held then; now when left out'),
        all: flag('those of all times'),
        tenant: text('tenant id', "only this tenant's own prices"),
      },
      async run({ admin }, { options }) {
        if (options.all && options.at !== undefined) throw usage('--all and --at exclude each other.')
        const at = options.all ? undefined : (options.at ?? 'now')
        const query = { model_id: options.model, at, tenant: options.tenant }
        const prices = await allPages(admin(), 'prices', 'prices', query)
        return shown({ prices }, priceTable(prices))
      },
    }),
    set: command({
      words:
        'Stores a dated price of one model. Several dimensions may come at once: --price input_tokens=3 --price output_tokens=15.',
      positionals: [MODEL],
      options: {
        price: list('dimension=usd', 'USD per 1M tokens, or per one of what is not tokens'),
        from: text('time', 'when it begins to hold; now when left out'),
        to: text('time', 'when it ends; never when left out'),
        region: text('region', 'any when left out'),
        routing: text('global|regional', 'any when left out'),
        tier: text('tier', 'standard when left out'),
        'context-above': text('tokens', 'holds for calls that read more than so many tokens'),
        variant: text('variant', 'image size and quality, video resolution'),
        tenant: text('tenant id', 'a price of this tenant alone'),
        source: text('text', 'where the figure is from'),
        ...CHANGE,
      },
      async run(context, { positionals, options }) {
        if (options.price.length === 0) throw usage('--price is missing, such as --price input_tokens=3.')
        const shared = {
          base_model: positionals['base model'],
          effective_from: options.from ?? new Date(context.now()).toISOString(),
          ...given({
            effective_to: options.to,
            region: options.region,
            routing: options.routing,
            tier: options.tier,
            variant: options.variant,
            tenant_id: options.tenant,
            source: options.source,
          }),
          ...(options['context-above'] === undefined
            ? {}
            : { context_above: wholeNumber(options['context-above'], 'context-above') }),
        }
        const prices = options.price.map((pair) => ({ ...shared, ...dimensionOf(pair) }))
        return store(context, { prices }, options)
      },
    }),
    adjust: command({
      words: 'Gives one tenant a percentage of list prices from a time on: 90 is ten percent off.',
      options: {
        tenant: required('tenant id', 'whose prices change'),
        percent: required('percent', 'of the list price; at most two decimals'),
        from: text('time', 'when it begins to hold; now when left out'),
        to: text('time', 'when it ends; never when left out'),
        ...CHANGE,
      },
      async run(context, { options }) {
        const adjustment = {
          tenant_id: options.tenant,
          basis_points: basisPoints(options.percent),
          effective_from: options.from ?? new Date(context.now()).toISOString(),
          ...given({ effective_to: options.to }),
        }
        return store(context, { adjustments: [adjustment] }, options)
      },
    }),
    hourly: command({
      words: 'Stores what capacity costs by the hour, used or not: it is divided among the calls of each hour.',
      positionals: [
        { name: 'model', words: '"sagemaker." and the id of an endpoint, or the ARN of provisioned throughput' },
      ],
      options: {
        usd: required('usd', 'for one instance, or model unit, for one hour'),
        units: text('number', 'instances, or model units; one when left out'),
        from: required('time', 'the full hour at which it begins to hold'),
        to: text('time', 'the full hour at which it ends; never when left out'),
        'idle-tenant': text('tenant id', 'who pays for hours in which nobody calls; nobody when left out'),
        source: text('text', 'where the figure is from'),
        ...CHANGE,
      },
      async run(context, { positionals, options }) {
        const hourly = {
          model_id: positionals.model,
          usd: options.usd,
          effective_from: options.from,
          ...(options.units === undefined ? {} : { units: wholeNumber(options.units, 'units') }),
          ...given({
            effective_to: options.to,
            idle_tenant_id: options['idle-tenant'],
            source: options.source,
          }),
        }
        return store(context, { hourly: [hourly] }, options)
      },
    }),
    import: command({
      words: 'Shows what an AWS Price List file would change; with --apply, stores it.',
      options: {
        'aws-price-list': required('file or url', 'JSON of the service AmazonBedrock or AmazonBedrockFoundationModels'),
        apply: flag('store it'),
        confirm: flag('store it although some of it looks like a slip'),
      },
      run: importList,
    }),
    missing: command({
      words: 'Calls without a cost, by model and the price that is missing.',
      options: { from: text('time', 'calls from then on'), to: text('time', 'calls before then') },
      async run({ admin }, { options }) {
        const answer = await admin().ask('GET', 'prices/missing', { query: options })
        const names = ['model_id', 'routing', 'region', 'tier', 'variant', 'reason', 'dimensions', 'calls', 'last_at']
        const rows = rowsOf(answer.missing).map((row) => names.map((name) => row[name]))
        const human = rows.length === 0 ? 'Every call has a cost.\n' : tableOf(columnsOf(names, ['calls']), rows)
        return shown(answer, human)
      },
    }),
    versions: command({
      words: 'All versions of the price book, newest first.',
      async run({ admin }) {
        const versions = await allPages(admin(), 'prices/versions', 'versions')
        const names = ['version', 'created_at', 'author', 'prices', 'adjustments', 'note']
        const rows = versions.map((row) => names.map((name) => row[name]))
        return shown({ versions }, tableOf(columnsOf(names, ['version', 'prices', 'adjustments']), rows))
      },
    }),
  },
}

const columnsOf = (names: readonly string[], numeric: readonly string[]) =>
  names.map((title) => ({ title, numeric: numeric.includes(title) }))

function priceTable(prices: readonly Json[]): string {
  const names = [
    'base_model',
    'dimension',
    'usd',
    'per',
    'region',
    'routing',
    'tier',
    'context_above',
    'variant',
    'tenant_id',
  ]
  const dates = ['effective_from', 'effective_to']
  const rows = prices.map((row) => [...names, ...dates].map((name) => row[name]))
  return tableOf(columnsOf([...names, ...dates], ['usd', 'context_above']), rows)
}

type ChangeOptions = { readonly note: string | undefined; readonly confirm: boolean; readonly 'dry-run': boolean }

async function store({ admin }: Context, change: Json, options: ChangeOptions): Promise<Output> {
  const body = {
    ...change,
    ...given({ note: options.note }),
    ...(options.confirm ? { confirm: true } : {}),
    ...(options['dry-run'] ? { dry_run: true } : {}),
  }
  const stored = await explained(() => admin().ask('POST', 'prices', { body }))
  return shown(stored, recordOf(stored))
}

/** The API speaks of its own field; here it is an option. */
export async function explained(work: () => Promise<Json>): Promise<Json> {
  try {
    return await work()
  } catch (thrown) {
    if (!(thrown instanceof CommandFailure)) throw thrown
    throw new CommandFailure(
      thrown.exitCode,
      thrown.message.replace('Send it again with "confirm": true if', 'Add --confirm if'),
    )
  }
}

async function importList(
  context: Context,
  { options }: { options: { readonly 'aws-price-list': string; readonly apply: boolean; readonly confirm: boolean } },
): Promise<Output> {
  const file = await priceListFile(context, options['aws-price-list'])
  const admin = context.admin()
  const query = { dry_run: !options.apply, confirm: options.confirm }
  const answer = await explained(() => admin.upload('prices/import', query, file))
  const names = [
    'base_model',
    'dimension',
    'region',
    'routing',
    'tier',
    'variant',
    'before_usd',
    'after_usd',
    'per',
    'effective_from',
  ]
  const changes = rowsOf(answer.changes).map((row) => names.map((name) => row[name]))
  const skipped = rowsOf(answer.skipped).map((row) => [row.reason, row.count, row.example])
  const doubts = Array.isArray(answer.doubts)
    ? answer.doubts.map((doubt) => `Looks like a slip: ${String(doubt)}\n`)
    : []
  const human = [
    changes.length === 0 ? '' : `${tableOf(columnsOf(names, ['before_usd', 'after_usd']), changes)}\n`,
    skipped.length === 0 ? '' : `${tableOf(columnsOf(['not understood', 'rows', 'for example'], ['rows']), skipped)}\n`,
    ...doubts,
    `${String(answer.added)} new, ${String(answer.changed)} changed, ${String(answer.unchanged)} as they are. `,
    answer.price_version === null
      ? options.apply
        ? 'Nothing to store.\n'
        : 'Nothing was stored; add --apply to store it.\n'
      : `Stored as version ${cellText(answer.price_version)}; ${cellText(answer.rated_calls)} calls have a price now.\n`,
  ]
  return shown(answer, human.join(''))
}

const MOST_FILE_BYTES = 67_108_864

async function priceListFile({ fetch, readFile }: Context, place: string): Promise<Buffer> {
  if (!/^https?:\/\//.test(place)) return fileOf(readFile, place)
  let response: Response
  try {
    response = await fetch(place, { signal: AbortSignal.timeout(300_000) })
  } catch (thrown) {
    throw new CommandFailure(
      1,
      `${place} cannot be fetched: ${thrown instanceof Error ? thrown.message : String(thrown)}.`,
    )
  }
  if (!response.ok) throw new CommandFailure(1, `${place} answered with status ${response.status}.`)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > MOST_FILE_BYTES) throw tooLarge(place)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

export function fileOf(readFile: (path: string) => Buffer, path: string): Buffer {
  let file: Buffer
  try {
    file = readFile(path)
  } catch (thrown) {
    throw usage(`${path} cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}.`)
  }
  if (file.length > MOST_FILE_BYTES) throw tooLarge(path)
  return file
}

const tooLarge = (place: string): CommandFailure =>
  new CommandFailure(1, `${place} is larger than ${MOST_FILE_BYTES} bytes. Take the file of one region.`)

/** What was given, and nothing of what was not. */
const given = (values: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).filter((pair): pair is [string, string] => pair[1] !== undefined))

function dimensionOf(pair: string): { dimension: string; usd: string } {
  const match = /^(\w+)=([\d.]+)$/.exec(pair)
  if (match === null)
    throw usage(`--price "${pair.slice(0, 80)}" is not of the form dimension=usd, such as input_tokens=3.`)
  return { dimension: match[1] ?? '', usd: match[2] ?? '' }
}

function basisPoints(percent: string): number {
  const match = /^(\d{1,5})(?:\.(\d{1,2}))?$/.exec(percent)
  if (match === null) throw usage('--percent must be a number with at most two decimals, such as 90 or 87.5.')
  return Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'))
}
