// The simulator's command line: one table of options, from which parsing, checking and help follow.
import { readFileSync } from 'node:fs'
import { parseScenario, type Scenario } from './scenario.ts'
import type { SimulatorOptions } from './server.ts'

type Setter = (options: SimulatorOptions, value: string) => void
type Option = { value: string | null; help: string; set: Setter }

const OPTIONS: Record<string, Option> = {
  host: {
    value: 'address',
    help: 'address to listen on (127.0.0.1)',
    set: (options, value) => void (options.host = value),
  },
  port: {
    value: 'number',
    help: 'port to listen on, 0 for any free one (8790)',
    set: (options, value) => void (options.port = numberFrom('port', value, 65_535)),
  },
  'access-key-id': {
    value: 'id',
    help: 'a key pair that is known instead of the fixed one; give --secret-access-key after it; may be repeated',
    set(options, value) {
      options.keyPairs = [...(options.keyPairs ?? []), { accessKeyId: value, secretAccessKey: '' }]
    },
  },
  'secret-access-key': {
    value: 'secret',
    help: 'the secret of the --access-key-id before it',
    set(options, value) {
      const last = options.keyPairs?.at(-1)
      if (last === undefined) throw new UsageError('--secret-access-key needs an --access-key-id before it')
      last.secretAccessKey = value
    },
  },
  'bearer-key': {
    value: 'key',
    help: 'a bearer key that is known instead of the fixed one; may be repeated',
    set: (options, value) => void (options.bearerKeys = [...(options.bearerKeys ?? []), value]),
  },
  'allow-any-credentials': {
    value: null,
    help: 'any key pair and bearer key pass; signatures are not checked',
    set: (options) => void (options.allowAnyCredentials = true),
  },
  scenario: {
    value: 'file',
    help: 'JSON file with rules that choose faults; see --help scenario',
    set: (options, value) => void (options.scenario = readScenario(value)),
  },
  'log-dir': {
    value: 'folder',
    help: 'writes ModelInvocationLog records there, under the keys that AWS uses in S3',
    set: (options, value) => void (options.logFolder = value),
  },
  fast: {
    value: null,
    help: 'for benchmarks: Converse and ConverseStream from prepared bytes, unchecked; their bill is totals only',
    set: (options) => void (options.fast = true),
  },
  speed: {
    value: 'tokens/s',
    help: 'pace of generation in tokens per second, 0 for as fast as possible (0)',
    set: (options, value) => void (options.tokensPerSecond = numberFrom('speed', value, 1_000_000)),
  },
  'on-disconnect': {
    value: 'finish|stop',
    help: 'a stream whose client left is billed to its end (finish, default) or as far as it came (stop)',
    set(options, value) {
      if (value !== 'finish' && value !== 'stop') throw new UsageError('--on-disconnect is finish or stop')
      options.onDisconnect = value
    },
  },
}

/** A command line that cannot be understood; the message is for the person who typed it. */
export class UsageError extends Error {}

export function parseOptions(words: readonly string[]): SimulatorOptions {
  const options: SimulatorOptions = { port: 8790 }
  const rest = [...words]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [name, attached] = splitWord(word)
    const option = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined
    if (option === undefined) throw new UsageError(`unknown option ${word}; see --help`)
    if (option.value === null) {
      if (attached !== undefined) throw new UsageError(`--${name} takes no value`)
      option.set(options, '')
      continue
    }
    const value = attached ?? rest.shift()
    if (value === undefined) throw new UsageError(`--${name} needs a value`)
    option.set(options, value)
  }
  if (options.keyPairs?.some((pair) => pair.secretAccessKey === '')) {
    throw new UsageError('each --access-key-id needs its --secret-access-key')
  }
  return options
}

export function optionsHelp(): string {
  const rows = Object.entries(OPTIONS).map(([name, option]) => {
    const left = `  --${name}${option.value === null ? '' : ` <${option.value}>`}`
    return `${left.padEnd(36)} ${option.help}`
  })
  return rows.join('\n')
}

function readScenario(path: string): Scenario {
  try {
    return parseScenario(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    throw new UsageError(`--scenario ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function splitWord(word: string): [string, string | undefined] {
  const equals = word.indexOf('=')
  const name = word.startsWith('--') ? word.slice(2, equals < 0 ? undefined : equals) : ''
  return [name, equals < 0 ? undefined : word.slice(equals + 1)]
}

function numberFrom(name: string, text: string, maximum: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0 || value > maximum) {
    throw new UsageError(`--${name} is a whole number from 0 to ${maximum}`)
  }
  return value
}
