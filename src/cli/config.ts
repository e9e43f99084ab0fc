// wb config: whether settings and routers are good, before a gateway has to find out.

import { dirname } from 'node:path'
import { readRouterText, wordsOf } from '../router-file.ts'
import { command, shown, type Context, type Group } from './command.ts'
import { loadedConfig } from './configuration.ts'
import { CommandFailure } from './failure.ts'

export const config: Group = {
  words: 'The settings and the file of path routers.',
  commands: {
    validate: command({
      words:
        'Says every problem of a file of path routers, with its place; exits with 1 when there is one. Without a file: the settings of the environment, and the routers that they name.',
      positionals: [
        { name: 'file', words: 'the file of routers, YAML or JSON; "-" is standard input', optional: true },
      ],
      async run(context, { positionals: { file } }) {
        const problems = file === '' ? ofSettings(context) : problemsIn(context, file)
        const answer = { ok: problems.length === 0, problems }
        const listed = problems.map((problem) => `  ${problem}\n`).join('')
        return shown(answer, answer.ok ? 'All is good.\n' : `Not all is good:\n${listed}`, answer.ok ? 0 : 1)
      },
    }),
  },
}

const STANDARD_INPUT = '/dev/stdin'

function problemsIn(context: Context, file: string): readonly string[] {
  const text = textOf(context, file === '-' ? STANDARD_INPUT : file)
  return readRouterText(text, context.environment, file === '-' ? '.' : dirname(file)).problems.map(wordsOf)
}

function textOf(context: Context, file: string): string {
  try {
    return context.readFile(file).toString('utf8')
  } catch (thrown) {
    throw new CommandFailure(
      1,
      `"${file}" cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    )
  }
}

function ofSettings(context: Context): readonly string[] {
  loadedConfig(context)
  return []
}
