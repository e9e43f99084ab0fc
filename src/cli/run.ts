// One command line from words to exit code: finds the command, parses, runs, prints; nothing escapes it.

import type { DataUpkeep } from '../data-upkeep.ts'
import { createAdminClient } from './client.ts'
import { isGroup, parseCommand, withJson, type Command, type Context, type Group, type Output } from './command.ts'
import { COMMANDS } from './commands.ts'
import { loadedConfig } from './configuration.ts'
import { CommandFailure, usage } from './failure.ts'
import { helpOf } from './help.ts'

export type World = {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly fetch: typeof fetch
  readonly readFile: (path: string) => Buffer
  readonly openData: (dataDir: string) => Promise<DataUpkeep>
  readonly terminal: boolean
  readonly now: () => number
  readonly write: (text: string) => void
  readonly writeError: (text: string) => void
  readonly serve: () => Promise<void>
  readonly demo: (options: { once: boolean }) => Promise<number>
}

/** The exit code: 0 done, 1 refused or failed, 2 not understood. */
export async function runCommandLine(words: readonly string[], world: World): Promise<number> {
  const found = find(words)
  try {
    if (found.rest.includes('--help') || found.rest.includes('-h')) {
      world.write(helpOf(found.node, found.path))
      return 0
    }
    if (isGroup(found.node)) throw unknown(found)
    return await runCommand(found.node, found.rest, world)
  } catch (thrown) {
    if (thrown instanceof CommandFailure) {
      const hint =
        thrown.exitCode === 2 ? `\n"npm run wb -- ${[...found.path, '--help'].join(' ')}" says how it is used.` : ''
      world.writeError(`wb: ${thrown.message}${hint}\n`)
      return thrown.exitCode
    }
    world.writeError(`wb: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`)
    return 1
  }
}

async function runCommand(command: Command, rest: readonly string[], world: World): Promise<number> {
  const { positionals, options } = parseCommand(withJson(command), rest)
  // The command is given what its own row offers, no more: some pass their options on.
  const { json, ...own } = options
  const output = await command.run(contextOf(world), { positionals, options: own })
  return print(output, json === true, world)
}

function print(output: Output, asJson: boolean, { write }: World): number {
  switch (output.kind) {
    case 'data':
      write(asJson ? `${JSON.stringify(output.data, null, 2)}\n` : output.human)
      return output.exitCode ?? 0
    case 'text':
      write(output.text)
      return 0
    case 'done':
      return output.exitCode
  }
}

type Found = { readonly node: Command | Group; readonly path: readonly string[]; readonly rest: readonly string[] }

function find(words: readonly string[]): Found {
  let node: Command | Group = COMMANDS
  let depth = 0
  while (isGroup(node)) {
    const word = words[depth] ?? ''
    if (!Object.hasOwn(node.commands, word)) break
    node = node.commands[word] as Command | Group
    depth += 1
  }
  return { node, path: words.slice(0, depth), rest: words.slice(depth) }
}

function unknown({ node, rest }: Found): CommandFailure {
  const known = isGroup(node) ? Object.keys(node.commands).join(', ') : ''
  const word = rest[0]
  return usage(
    word === undefined ? `Say which command: ${known}.` : `"${word.slice(0, 80)}" is no command; there are ${known}.`,
  )
}

function contextOf(world: World): Context {
  return {
    ...world,
    admin: () => createAdminClient({ config: loadedConfig(world), fetch: world.fetch, readFile: world.readFile }),
  }
}
