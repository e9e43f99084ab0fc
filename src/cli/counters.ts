// wb counters …: what limits have counted, beside what the ledger says.

import { command, flag, shown, type Group } from './command.ts'
import { rowsOf } from './pages.ts'
import { tableOf } from './table.ts'

const TITLES = ['tenant', 'limit', 'of', 'window', 'counted', 'ledger']

export const counters: Group = {
  words: 'Counters: what limits have counted.',
  commands: {
    verify: command({
      words:
        'Counts all limits anew from the ledger, while calls go on; exits with 1 when something differs and stays so.',
      options: { repair: flag('put right what differs') },
      async run({ admin }, { options: { repair } }) {
        const answer = await admin().ask('POST', 'counters/verify', { body: { repair } })
        const rows = rowsOf(answer.differences)
        const table = rows.map((row) => [
          row.tenant_id,
          row.limit_id,
          row.split ?? row.key_id,
          row.window_start,
          row.counted,
          row.ledger,
        ])
        const text = tableOf(
          TITLES.map((title) => ({ title, numeric: title === 'counted' || title === 'ledger' })),
          table,
        )
        const words = rows.length === 0 ? 'All counters are what the ledger says.\n' : text
        return shown(answer, words, rows.length > 0 && !repair ? 1 : 0)
      },
    }),
  },
}
