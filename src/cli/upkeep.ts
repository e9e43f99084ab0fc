// wb rerate, rollup, model: upkeep, and what holds now.

import { type Json } from './client.ts'
import { command, flag, required, shown, text, type Group } from './command.ts'
import { rowsOf } from './pages.ts'
import { recordOf, tableOf } from './table.ts'

export const rerate = command({
  words: 'Writes correcting entries for calls whose cost would be another with the prices of now. Try --dry-run first.',
  options: {
    from: required('time', 'calls that began then or later'),
    to: required('time', 'calls that began before'),
    model: text('model id', 'only this model id as called'),
    tenant: text('tenant id', 'only this tenant'),
    'dry-run': flag('only say what would be written'),
  },
  async run({ admin }, { options }) {
    const { from, to, model, tenant } = options
    const answer = await admin().ask('POST', 'rerate', {
      body: {
        from,
        to,
        dry_run: options['dry-run'],
        ...(model === undefined ? {} : { model_id: model }),
        ...(tenant === undefined ? {} : { tenant_id: tenant }),
      },
    })
    return shown(answer, recordOf(answer))
  },
})

export const closeDay = command({
  words:
    'Closes a day: writes its file of costs; when it was closed before, a file of corrections for what the ledger has learned since.',
  options: { date: text('YYYY-MM-DD', 'which day; the day before when left out') },
  async run({ admin }, { options: { date } }) {
    const answer = await admin().ask('POST', 'close-day', { body: date === undefined ? {} : { date } })
    return shown(answer, recordOf(answer))
  },
})

export const rollup: Group = {
  words: 'Rollups: the hourly sums that reports read.',
  commands: {
    rebuild: command({
      words: 'Folds the ledger into rollups anew.',
      options: { verify: flag('change nothing; exit with 1 when a stored sum differs from the ledger') },
      async run({ admin }, { options }) {
        const answer = await admin().ask('POST', 'rollups/rebuild', { body: { verify_only: options.verify } })
        const differing = Number(answer.differing)
        return shown(answer, rebuildText(answer), options.verify && differing > 0 ? 1 : 0)
      },
    }),
  },
}

function rebuildText({ entries, buckets, differing, differences, verify_only }: Json): string {
  const done = verify_only === true ? 'compared' : 'rebuilt'
  const said = Array.isArray(differences) ? differences.map((difference) => `  ${String(difference)}\n`).join('') : ''
  return `${String(entries)} entries folded into ${String(buckets)} buckets and ${done}: ${String(differing)} differ.\n${said}`
}

export const model: Group = {
  words: 'Models: what is known of them and what they cost.',
  commands: {
    list: command({
      words: 'All models that are known or have a price, with the list prices of now (USD per 1M tokens).',
      options: {
        region: text('region', 'whose prices; us-east-1 when left out'),
        tier: text('tier', 'standard when left out'),
        model: text('base model', 'only this one'),
      },
      async run({ admin }, { options }) {
        const { region, tier, model: only } = options
        const answer = await admin().ask('GET', 'models', { query: { region, tier, model_id: only } })
        return shown(answer, modelTable(rowsOf(answer.models)))
      },
    }),
  },
}

function modelTable(models: readonly Json[]): string {
  const rows = models.map((row) => {
    const prices = row.prices as Readonly<Record<string, Readonly<Record<string, string>> | undefined>>
    const one = prices.regional ?? prices.global
    const others = Object.entries(one ?? {}).filter(([name]) => name !== 'input_tokens' && name !== 'output_tokens')
    return [
      row.base_model,
      row.name,
      row.lifecycle,
      row.routings,
      one?.input_tokens,
      one?.output_tokens,
      others.map(([name, usd]) => `${name}=${usd}`).join(' '),
    ]
  })
  const titles = ['model', 'name', 'lifecycle', 'routing', 'input', 'output', 'others']
  return tableOf(
    titles.map((title) => ({ title, numeric: title === 'input' || title === 'output' })),
    rows,
  )
}
