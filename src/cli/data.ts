// wb db, wb migrate: what is done on the data itself; by the gateway where one runs, else on its folder.

import { loadedConfig } from './configuration.ts'
import { GatewayUnreachable, isLoopback } from './client.ts'
import { command, flag, shown, type Context, type Group } from './command.ts'
import { CommandFailure } from './failure.ts'

export const db: Group = {
  words: 'The data itself.',
  commands: {
    check: command({
      words:
        'Proves tables, checksums, rollups and the audit trail; exits with 1 when something is wrong. Asks the gateway, or, when none runs on this machine, looks into its data folder.',
      async run(context) {
        const answer = await checked(context)
        const problems = answer.problems.map((problem) => `  ${problem}\n`).join('')
        const human = answer.ok ? 'All is as it was stored.\n' : `Not all is well:\n${problems}`
        return shown(answer, human, answer.ok ? 0 : 1)
      },
    }),
  },
}

type Checked = { readonly ok: boolean; readonly problems: readonly string[] }

async function checked(context: Context): Promise<Checked> {
  try {
    const { ok, problems } = await context.admin().ask('GET', 'store/check')
    return { ok: ok === true, problems: Array.isArray(problems) ? problems.map(String) : [] }
  } catch (thrown) {
    const { url, dataDir } = loadedConfig(context)
    const isHere = thrown instanceof GatewayUnreachable || isWithoutToken(thrown)
    if (!isHere || !isLoopback(url)) throw thrown
    try {
      const data = await context.openData(dataDir)
      const problems = await data.check()
      return { ok: problems.length === 0, problems }
    } catch (refused) {
      throw onData(refused, url)
    }
  }
}

/** Nobody asked it for a token yet: a gateway that never started on this data has none. */
const isWithoutToken = (thrown: unknown): boolean => thrown instanceof CommandFailure && thrown.exitCode === 2

function onData(thrown: unknown, url: string): CommandFailure {
  const words = thrown instanceof Error ? thrown.message : String(thrown)
  const held = words.includes('is in use by another')
    ? `: a gateway that does not answer at ${url} holds it. Set WEIGHBRIDGE_URL to where it listens, or stop it.`
    : '.'
  return new CommandFailure(1, `No gateway answers at ${url}, and ${words}${held}`)
}

export const migrate = command({
  words:
    'Brings the data folder to the schema of this version. A gateway does so by itself when it starts; none may run.',
  options: { 'dry-run': flag('only say what would be done') },
  async run(context, { options }) {
    const { dataDir } = loadedConfig(context)
    const data = await context.openData(dataDir)
    const { applied, pending } = data.state()
    if (!options['dry-run']) await data.migrate()
    const answer = { data_dir: dataDir, schema: applied.length, pending, dry_run: options['dry-run'] }
    return shown(answer, migrated(answer))
  },
})

type Migrated = { data_dir: string; schema: number; pending: readonly string[]; dry_run: boolean }

function migrated({ data_dir, schema, pending, dry_run }: Migrated): string {
  if (pending.length === 0) return `Nothing to do: ${data_dir} has schema ${schema}, the one of this version.\n`
  const done = dry_run ? 'would be applied' : 'applied'
  return `${data_dir} ${dry_run ? 'has' : 'had'} schema ${schema}; ${done}:\n${pending.map((name) => `  ${name}\n`).join('')}`
}
