// Every setting, out of the tables in settings/. Read once; all problems are told at once; the result is frozen.

import { parse } from 'yaml'
import type { Setting } from './config-setting.ts'
import { CLIENTS_SETTINGS } from './settings/clients.ts'
import { RECORDS_SETTINGS } from './settings/records.ts'
import { SERVICE_SETTINGS } from './settings/service.ts'
import { UPSTREAMS_SETTINGS } from './settings/upstreams.ts'

export const SETTINGS = {
  ...SERVICE_SETTINGS,
  ...UPSTREAMS_SETTINGS,
  ...CLIENTS_SETTINGS,
  ...RECORDS_SETTINGS,
}

type SettingMember = keyof typeof SETTINGS

export type Config = {
  readonly [Member in SettingMember]: (typeof SETTINGS)[Member] extends Setting<infer Value> ? Value : never
}

/** Everything that is wrong with the settings, one sentence each. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The settings are not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** An empty variable counts as unset. Throws ConfigError with all problems at once. */
export function loadConfig(
  environment: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string,
): Config {
  const problems = unknownNames(environment)
  const fromFile = readSettingsFile(environment[SETTINGS.configFile.name] ?? '', readFile, problems)
  const values = Object.entries<Setting<unknown>>(SETTINGS).map(([member, { name, defaultText, secret, check }]) => {
    const text = environment[name] || fromFile.get(fileKey(name)) || defaultText
    if (text === null) return [member, null]
    try {
      return [member, check(text)]
    } catch (thrown) {
      const shown = secret ? '' : ` (it is "${text.slice(0, 80)}")`
      problems.push(`${name} ${thrown instanceof RangeError ? thrown.message : 'cannot be read'}${shown}.`)
      return [member, null]
    }
  })
  const config = Object.freeze(Object.fromEntries(values)) as Config
  if ((config.tlsCertFile === null) !== (config.tlsKeyFile === null)) {
    problems.push('WEIGHBRIDGE_TLS_CERT_FILE and WEIGHBRIDGE_TLS_KEY_FILE go together: set both or neither.')
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return config
}

/** The table of settings as the reference and `--help` print it. */
export function describeSettings(): string {
  const rows = Object.values<Setting<unknown>>(SETTINGS).map(({ name, defaultText, secret, help }) => {
    const shown = defaultText === null || defaultText === '' ? '' : `\`${defaultText}\``
    const inFile = name === SETTINGS.configFile.name ? '' : `\`${fileKey(name)}\``
    return `| \`${name}\` | ${inFile} | ${shown} | ${help}${secret ? ' *Secret.*' : ''} |`
  })
  return ['| Environment | In the file | Default | What it sets |', '|---|---|---|---|', ...rows].join('\n')
}

const fileKey = (name: string): string => name.toLowerCase().replace(/^weighbridge_/, '')

function unknownNames(environment: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set<string>(Object.values(SETTINGS).map(({ name }) => name))
  return Object.keys(environment)
    .filter((name) => name.startsWith('WEIGHBRIDGE_') && !known.has(name))
    .map((name) => `${name.slice(0, 80)} is not a setting.`)
}

const MAX_FILE_CHARACTERS = 1_000_000

/** The file's values as text by key, as if they had stood in the environment. */
function readSettingsFile(
  filePath: string,
  readFile: (path: string) => string,
  problems: string[],
): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  if (filePath === '') return values
  const content = contentOf(filePath, readFile, problems)
  if (content === null) return values
  const known = new Set<string>(Object.values(SETTINGS).map(({ name }) => fileKey(name)))
  known.delete(fileKey(SETTINGS.configFile.name))
  for (const [key, value] of Object.entries(content)) {
    const text = settingText(value)
    if (!known.has(key)) problems.push(`${filePath}: "${key.slice(0, 80)}" is not a setting.`)
    else if (text === null) problems.push(`${filePath}: "${key}" has a value of a kind that no setting takes.`)
    else values.set(key, text)
  }
  return values
}

function contentOf(filePath: string, readFile: (path: string) => string, problems: string[]): object | null {
  try {
    const text = readFile(filePath)
    if (text.length > MAX_FILE_CHARACTERS) throw new RangeError(`is larger than ${MAX_FILE_CHARACTERS} characters`)
    const content: unknown = parse(text, { maxAliasCount: 0 })
    if (content === null) return null
    if (typeof content !== 'object' || Array.isArray(content)) throw new RangeError('must be a mapping')
    return content
  } catch (thrown) {
    // only the first line: what follows quotes the file, secrets included
    const words = thrown instanceof Error ? thrown.message.split('\n')[0] : 'unknown failure'
    problems.push(`WEIGHBRIDGE_CONFIG "${filePath}" cannot be read: ${words}`)
    return null
  }
}

/** Lists are written with commas and mappings as JSON, as in the environment; null (a key without a value) is unset. */
function settingText(value: unknown): string | null {
  if (value === null) return ''
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return value.every((item) => typeof item === 'string') ? value.join(',') : null
  return typeof value === 'object' ? JSON.stringify(value) : null
}
