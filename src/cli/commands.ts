// The table of commands.

import { audit } from './audit.ts'
import { alert } from './alerts.ts'
import { alias } from './aliases.ts'
import { calls } from './calls.ts'
import { budget } from './budget.ts'
import { command, flag, type Group } from './command.ts'
import { config } from './config.ts'
import { importFile } from './import.ts'
import { db, migrate } from './data.ts'
import { endpoint } from './endpoints.ts'
import { key } from './keys.ts'
import { explain, ledger } from './ledger.ts'
import { counters } from './counters.ts'
import { limits } from './limits.ts'
import { plan } from './plans.ts'
import { price } from './prices.ts'
import { report } from './reports.ts'
import { tenant } from './tenants.ts'
import { closeDay, model, rerate, rollup } from './upkeep.ts'

export const COMMANDS: Group = {
  words: 'Weighbridge: the multi-tenant gateway for Amazon Bedrock that weighs every call.',
  commands: {
    serve: command({
      words: 'Serves with the settings of the environment until SIGTERM.',
      silent: true,
      async run({ serve }) {
        await serve()
        return { kind: 'done', exitCode: Number(process.exitCode ?? 0) }
      },
    }),
    demo: command({
      words: 'Starts a simulated Bedrock and a gateway, sends real traffic through it, and shows what it cost.',
      options: { once: flag('end when it is shown, with status 0 when all agrees') },
      silent: true,
      run: async ({ demo }, { options }) => ({ kind: 'done', exitCode: await demo({ once: options.once }) }),
    }),
    tenant,
    key,
    plan,
    alias,
    endpoint,
    price,
    import: importFile,
    model,
    report,
    alert,
    ledger,
    calls,
    explain,
    budget,
    limits,
    counters,
    rerate,
    'close-day': closeDay,
    rollup,
    audit,
    config,
    db,
    migrate,
  },
}
