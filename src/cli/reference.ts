// The reference page of the command line, made from the table of commands.

import { isGroup, withJson, type Command, type Group } from './command.ts'
import { COMMANDS } from './commands.ts'
import { optionRow, usageLine } from './help.ts'

export function describeCommands(): string {
  return `${HEAD}\n${partsOf(COMMANDS, []).join('\n')}`
}

function partsOf(node: Command | Group, path: readonly string[]): readonly string[] {
  if (!isGroup(node)) return [commandPart(withJson(node), path)]
  const head = path.length === 0 ? [] : [`## ${path.join(' ')}\n\n${node.words}\n`]
  const inner = Object.entries(node.commands).flatMap(([name, one]) => partsOf(one, [...path, name]))
  return [...head, ...inner]
}

function commandPart(command: Command, path: readonly string[]): string {
  const rows = [
    ...command.positionals.map(({ name, words }) => [`<${name}>`, words] as const),
    ...Object.entries(command.options).map(([name, option]) => optionRow(name, option)),
  ]
  const table =
    rows.length === 0
      ? []
      : ['| | |', '|---|---|', ...rows.map(([name, words]) => `| \`${name}\` | ${bar(words)} |`), '']
  const level = path.length === 1 ? '##' : '###'
  return [`${level} ${path.join(' ')}`, '', command.words, '', `    ${usageLine(command, path)}`, '', ...table].join(
    '\n',
  )
}

const bar = (words: string): string => words.replaceAll('|', '\\|')

const HEAD = `# Command line

<!-- Made from the code by \`npm run docs\`; edit the table there. -->

\`npm run wb -- <command>\`; \`--help\` on every level. Except for \`serve\` and \`demo\`, commands ask the admin API of the running gateway at
\`WEIGHBRIDGE_URL\` (http://127.0.0.1:8787) with \`WEIGHBRIDGE_ADMIN_TOKEN\`. Where that is unset and the gateway is on this machine, the
token is read from the file \`admin-token\` in \`WEIGHBRIDGE_DATA_DIR\` (./data), where a gateway that made its own token keeps it.

Commands that print data print it for people, or as JSON with \`--json\`, which is what scripts may rely on. Exit codes: 0 it was done; 1
it was refused, failed, or found a difference; 2 the command line or the settings are not valid.
`
