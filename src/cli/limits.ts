// wb limits …: what is used, held and left, and more of it for a while.

import { segment, type AdminClient, type Json } from './client.ts'
import { command, required, shown, text, type Group } from './command.ts'
import { limitTable } from './limit-table.ts'
import { rowsOf } from './pages.ts'

const TENANT = { name: 'tenant', words: 'the tenant id' } as const
const LIMIT = { name: 'limit id', words: 'the id of the limit, as "limits show" has it' } as const

const WHICH = {
  key: text('key id', 'the key that the limit stands on'),
  source: text('tenant|plan', 'needed where the tenant and its plan have a limit of the same id'),
} as const

export const limits: Group = {
  words: 'Limits: what is used, held and left; top-ups and temporary increases.',
  commands: {
    show: command({
      words: 'Every limit that applies to a tenant, its own and those above it.',
      positionals: [TENANT],
      async run({ admin }, { positionals }) {
        const answer = await admin().ask('GET', pathOf(positionals.tenant))
        return shown(answer, tableText(answer))
      },
    }),
    add: command({
      words:
        'Adds to a limit: to the end of its running window (a top-up), or until a time (a temporary increase). A limit of the plan grows for this tenant alone.',
      positionals: [TENANT, LIMIT],
      options: {
        amount: required('amount', 'how much more: calls, tokens, calls at once, or USD'),
        until: text('time', 'when it ends: 2026-12-24 or 2026-12-24T18:00:00Z; the end of the window when left out'),
        from: text('time', 'when it begins; now when left out'),
        reason: text('words', 'why; it stands in the audit trail'),
        ...WHICH,
      },
      async run({ admin }, { positionals, options }) {
        const { amount, until, from, reason, key, source } = options
        const client = admin()
        const body = {
          limit_id: positionals['limit id'],
          amount: await amountOf(client, positionals.tenant, { id: positionals['limit id'], amount }),
          ...(until === undefined ? {} : { until }),
          ...(from === undefined ? {} : { from }),
          ...(reason === undefined ? {} : { reason }),
          ...(key === undefined ? {} : { key_id: key }),
          ...(source === undefined ? {} : { source }),
        }
        const answer = await client.ask('POST', `${pathOf(positionals.tenant)}/adjustments`, { body })
        return shown(answer, tableText(answer))
      },
    }),
    withdraw: command({
      words: 'Takes away all that was added to a limit.',
      positionals: [TENANT, LIMIT],
      options: WHICH,
      async run({ admin }, { positionals, options }) {
        const query = { limit_id: positionals['limit id'], ...options }
        const answer = await admin().ask('DELETE', `${pathOf(positionals.tenant)}/adjustments`, { query })
        return shown(answer, tableText(answer))
      },
    }),
  },
}

const pathOf = (tenantId: string): string => `limits/${segment(tenantId)}`

function tableText({ limits: found }: Json): string {
  const rows = rowsOf(found)
  return rows.length === 0 ? 'No limit applies.\n' : limitTable(rows)
}

/** Money is text and everything else a number: which of them it is, the limit says. */
async function amountOf(
  client: AdminClient,
  tenantId: string,
  { id, amount }: { readonly id: string; readonly amount: string },
): Promise<number | string> {
  const { limits: found } = await client.ask('GET', pathOf(tenantId))
  const isCost = rowsOf(found).some((row) => row.id === id && row.kind === 'cost')
  return isCost || !/^\d+$/.test(amount) ? amount : Number(amount)
}
