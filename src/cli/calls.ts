// wb calls tail: the last calls through path routers.

import { command, shown, text, type Group } from './command.ts'
import { rowsOf } from './pages.ts'
import { tableOf } from './table.ts'

const COLUMNS = ['started_at', 'transaction_id', 'tenant_id', 'router', 'sent_to', 'milliseconds', 'status', 'error']
const NUMERIC = new Set(['milliseconds', 'status'])

export const calls: Group = {
  words: 'Calls through path routers.',
  commands: {
    tail: command({
      words: 'The last calls, newest first: transaction, router, time, latency, status.',
      options: {
        limit: text('number', 'how many, up to 1000; 10 when left out'),
        router: text('path', 'only this router, such as /service/standard/'),
      },
      async run({ admin }, { options }) {
        const answer = await admin().ask('GET', 'calls', { query: options })
        const rows = rowsOf(answer.calls).map((call) => COLUMNS.map((name) => call[name]))
        return shown(
          answer,
          tableOf(
            COLUMNS.map((title) => ({ title, numeric: NUMERIC.has(title) })),
            rows,
          ),
        )
      },
    }),
  },
}
