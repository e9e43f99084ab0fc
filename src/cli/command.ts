// A command is a row of a table: its words, what it takes, what it does. Parsing and help follow from the row.

import { parseArgs } from 'node:util'
import type { DataUpkeep } from '../data-upkeep.ts'
import type { AdminClient } from './client.ts'
import { usage } from './failure.ts'

export type Positional = { readonly name: string; readonly words: string; readonly optional?: true }

export type Option = {
  /** flag: there or not · text: one value · list: any number of values, the option repeated for each */
  readonly kind: 'flag' | 'text' | 'list'
  readonly words: string
  /** what stands for the value in help */
  readonly form?: string
  readonly required?: true
}

/** What a command works with; nothing else of the world. */
export type Context = {
  /** Throws CommandFailure when it is not known where the gateway is or which token it takes. */
  readonly admin: () => AdminClient
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The data folder of a gateway that does not run. */
  readonly openData: (dataDir: string) => Promise<DataUpkeep>
  /** whether people read what is written, on a terminal */
  readonly terminal: boolean
  readonly now: () => number
  readonly readFile: (path: string) => Buffer
  readonly fetch: typeof fetch
  readonly write: (text: string) => void
  readonly serve: () => Promise<void>
  readonly demo: (options: { once: boolean }) => Promise<number>
}

/** data: as JSON, and as people read it · text: as it is · done: the command has said everything itself */
export type Output =
  | { readonly kind: 'data'; readonly data: unknown; readonly human: string; readonly exitCode?: number }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'done'; readonly exitCode: number }

export const shown = (data: unknown, human: string, exitCode = 0): Output => ({ kind: 'data', data, human, exitCode })

export type Command = {
  readonly words: string
  readonly positionals: readonly Positional[]
  readonly options: Readonly<Record<string, Option>>
  /** it prints no data */
  readonly silent: boolean
  readonly run: (context: Context, given: Given) => Promise<Output>
}

export type Group = { readonly words: string; readonly commands: Readonly<Record<string, Command | Group>> }

export const isGroup = (node: Command | Group): node is Group => 'commands' in node

type Given = {
  readonly positionals: Readonly<Record<string, string>>
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>
}

type ValueOf<One extends Option> = One extends { kind: 'flag' }
  ? boolean
  : One extends { kind: 'list' }
    ? readonly string[]
    : One extends { required: true }
      ? string
      : string | undefined

/** Checks at compile time that a command asks only for what its row offers. */
export function command<
  const Positionals extends readonly Positional[],
  const Options extends Readonly<Record<string, Option>>,
>(definition: {
  readonly words: string
  readonly positionals?: Positionals
  readonly options?: Options
  readonly silent?: true
  readonly run: (
    context: Context,
    given: {
      readonly positionals: { readonly [Name in Positionals[number]['name']]: string }
      readonly options: { readonly [Name in keyof Options]: ValueOf<Options[Name]> }
    },
  ) => Promise<Output>
}): Command {
  return {
    words: definition.words,
    positionals: definition.positionals ?? [],
    options: definition.options ?? {},
    silent: definition.silent ?? false,
    // Sound because parseCommand builds exactly what the row says.
    run: definition.run as Command['run'],
  }
}

export const flag = (words: string) => ({ kind: 'flag', words }) as const
export const text = (form: string, words: string) => ({ kind: 'text', form, words }) as const
export const required = (form: string, words: string) => ({ kind: 'text', form, words, required: true }) as const
export const list = (form: string, words: string) => ({ kind: 'list', form, words }) as const

/** `--json` belongs to every command that prints data. */
export const withJson = (row: Command): Command =>
  row.silent ? row : { ...row, options: { ...row.options, json: flag('print JSON') } }

/** Throws CommandFailure (2) with what is wrong. */
export function parseCommand({ positionals, options }: Command, words: readonly string[]): Given {
  const parsed = parseWords(options, words)
  const missing = positionals[parsed.positionals.length]
  if (missing !== undefined && missing.optional !== true) throw usage(`<${missing.name}> is missing: ${missing.words}.`)
  const surplus = parsed.positionals[positionals.length]
  if (surplus !== undefined) throw usage(`"${surplus.slice(0, 80)}" is one word too many.`)
  for (const [name, option] of Object.entries(options)) {
    if (option.required && parsed.values[name] === undefined) throw usage(`--${name} is missing: ${option.words}.`)
  }
  const values = Object.entries(options).map(([name, { kind }]) => {
    const value = parsed.values[name]
    return [name, value ?? (kind === 'flag' ? false : kind === 'list' ? [] : undefined)] as const
  })
  return {
    positionals: Object.fromEntries(positionals.map(({ name }, index) => [name, parsed.positionals[index] ?? ''])),
    options: Object.fromEntries(values) as Given['options'],
  }
}

function parseWords(options: Command['options'], words: readonly string[]) {
  const configured = Object.entries(options).map(([name, { kind }]) => {
    const type = kind === 'flag' ? ('boolean' as const) : ('string' as const)
    return [name, { type, multiple: kind === 'list' }] as const
  })
  try {
    return parseArgs({
      args: [...words],
      options: Object.fromEntries(configured),
      allowPositionals: true,
      strict: true,
    })
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown) throw usage(thrown.message)
    throw thrown
  }
}
