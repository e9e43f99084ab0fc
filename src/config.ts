// Every setting: its name, default, check and one line of help. Read once; all problems are told at once; the result is frozen.

import { parse } from 'yaml'
import {
  credential,
  hostList,
  keyList,
  notBuilt,
  oneOf,
  origin,
  path,
  plain,
  region,
  regionByModel,
  roleArn,
  timeZone,
  whole,
} from './config-checks.ts'
import { issuers } from './config-issuers.ts'
import { optional, secretOptional, setting, type Setting } from './config-setting.ts'
import { UNPRICED_POLICIES } from './core/plan.ts'

export const SETTINGS = {
  configFile: optional('WEIGHBRIDGE_CONFIG', path(), 'YAML file with settings; the environment wins over it.'),
  host: setting('WEIGHBRIDGE_HOST', '127.0.0.1', plain(253), 'Address to listen on.'),
  port: setting('WEIGHBRIDGE_PORT', '8787', whole(0, 65_535), 'Port to listen on; 0 takes a free one.'),
  tlsCertFile: optional('WEIGHBRIDGE_TLS_CERT_FILE', path(), 'PEM certificate chain; with the key file, turns TLS on.'),
  tlsKeyFile: optional('WEIGHBRIDGE_TLS_KEY_FILE', path(), 'PEM private key of the certificate.'),
  dataDir: setting('WEIGHBRIDGE_DATA_DIR', './data', path(), 'Folder of the ledger and everything else that is kept.'),
  databaseUrl: secretOptional(
    'WEIGHBRIDGE_DATABASE_URL',
    notBuilt('PostgreSQL is not built yet; leave it unset to keep the ledger in SQLite in WEIGHBRIDGE_DATA_DIR'),
    'PostgreSQL instead of SQLite. Not built yet: refused.',
  ),
  redisUrl: secretOptional(
    'WEIGHBRIDGE_REDIS_URL',
    notBuilt('Redis is not built yet; leave it unset to keep the counters in the process'),
    'Redis or Valkey for counters shared by nodes. Not built yet: refused.',
  ),
  adminToken: secretOptional(
    'WEIGHBRIDGE_ADMIN_TOKEN',
    credential(16),
    'Bearer token of the admin API, 16 characters or more. Unset: made at the first start and shown once.',
  ),
  rootSecret: secretOptional(
    'WEIGHBRIDGE_ROOT_SECRET',
    credential(32),
    'Secret that virtual secret access keys are derived from, 32 characters or more. Unset: made at the first start and kept in the data folder.',
  ),
  oidcIssuers: setting(
    'WEIGHBRIDGE_OIDC_ISSUERS',
    '{}',
    issuers(16),
    'JSON object from short names to OpenID issuers whose tokens are taken as credentials, such as Cognito user pools; at most 16. Unset: none.',
  ),
  url: setting('WEIGHBRIDGE_URL', 'http://127.0.0.1:8787', origin(), 'Where the CLI finds the running gateway.'),
  logLevel: setting(
    'WEIGHBRIDGE_LOG_LEVEL',
    'info',
    oneOf(['debug', 'info', 'warn', 'error', 'silent']),
    'What to log.',
  ),

  region: setting('AWS_REGION', 'us-east-1', region(), 'Region that calls are sent to when nothing else names one.'),
  regionByModel: setting(
    'WEIGHBRIDGE_REGION_BY_MODEL',
    '{}',
    regionByModel(1_000),
    'JSON object from a glob over model ids to the region that such calls are sent to; the first that matches counts.',
  ),
  bedrockRuntimeEndpoint: optional(
    'WEIGHBRIDGE_BEDROCK_RUNTIME_ENDPOINT',
    origin(),
    "Where model calls go. Unset: AWS's own host of the region.",
  ),
  bedrockEndpoint: optional(
    'WEIGHBRIDGE_BEDROCK_ENDPOINT',
    origin(),
    "Where model and profile listings go. Unset: AWS's own host of the region.",
  ),
  sagemakerEndpoint: optional(
    'WEIGHBRIDGE_SAGEMAKER_ENDPOINT',
    notBuilt('SageMaker as an upstream is not built yet; leave it unset'),
    'Where SageMaker calls go. Not built yet: refused.',
  ),
  awsProfile: optional('AWS_PROFILE', plain(128), 'Profile of the AWS configuration files for the way upstream.'),
  bedrockBearerToken: secretOptional(
    'AWS_BEARER_TOKEN_BEDROCK',
    credential(1),
    'Bedrock API key for the way upstream; it goes before signing with AWS credentials.',
  ),
  bedrockRoleArn: optional(
    'WEIGHBRIDGE_BEDROCK_ROLE_ARN',
    roleArn(),
    'IAM role to assume for the way upstream; its session is renewed before it ends.',
  ),

  stsEndpoint: optional(
    'WEIGHBRIDGE_STS_ENDPOINT',
    origin(),
    "Where roles are assumed. Unset: AWS's own host of the region.",
  ),

  maxHeaderBytes: setting(
    'WEIGHBRIDGE_MAX_HEADER_BYTES',
    '32768',
    whole(8_192, 1_048_576),
    'Headers of one request. Larger: 431.',
  ),
  // Bedrock takes bodies of at most 25,000,000 bytes (the API model's constraint on the InvokeModel body); it is the one to refuse them.
  maxBodyBytes: setting(
    'WEIGHBRIDGE_MAX_BODY_BYTES',
    '26000000',
    whole(1_024, 1_000_000_000),
    'Body of one request. Larger: 413.',
  ),
  headersTimeoutMilliseconds: setting(
    'WEIGHBRIDGE_HEADERS_TIMEOUT_MILLISECONDS',
    '20000',
    whole(100, 600_000),
    "Time for a request's headers to arrive. Longer: 408.",
  ),
  bodyTimeoutMilliseconds: setting(
    'WEIGHBRIDGE_BODY_TIMEOUT_MILLISECONDS',
    '120000',
    whole(100, 3_600_000),
    "Time for a request's body to arrive. Longer: 408.",
  ),
  keepAliveTimeoutMilliseconds: setting(
    'WEIGHBRIDGE_KEEP_ALIVE_TIMEOUT_MILLISECONDS',
    '65000',
    whole(100, 3_600_000),
    'Idle time after which a client connection is closed.',
  ),
  writeStallTimeoutMilliseconds: setting(
    'WEIGHBRIDGE_WRITE_STALL_TIMEOUT_MILLISECONDS',
    '60000',
    whole(100, 3_600_000),
    'Time that a client may leave its answer unread; then the answer is broken off, and billed.',
  ),
  maxConnections: setting(
    'WEIGHBRIDGE_MAX_CONNECTIONS',
    '10000',
    whole(1, 1_000_000),
    'Client connections at once. More: closed at once.',
  ),
  // over HTTP/2 one connection brings many calls, so that the one does not follow from the other
  maxConcurrentCalls: setting(
    'WEIGHBRIDGE_MAX_CONCURRENT_CALLS',
    '10000',
    whole(1, 1_000_000),
    'Calls that run at once. More: 503, to be tried again.',
  ),
  upstreamConnections: setting(
    'WEIGHBRIDGE_UPSTREAM_CONNECTIONS',
    '1024',
    whole(1, 65_535),
    'Connections to one upstream host. Beyond it calls wait for a free one.',
  ),
  upstreamConnectTimeoutMilliseconds: setting(
    'WEIGHBRIDGE_UPSTREAM_CONNECT_TIMEOUT_MILLISECONDS',
    '5000',
    whole(10, 600_000),
    'Time to connect upstream. Longer: tried again, then 503.',
  ),
  upstreamHeadersTimeoutMilliseconds: setting(
    'WEIGHBRIDGE_UPSTREAM_HEADERS_TIMEOUT_MILLISECONDS',
    '900000',
    whole(10, 3_600_000),
    'Time until the upstream begins its answer; one that is not streamed begins when it is whole. Longer: 504.',
  ),
  upstreamIdleTimeoutMilliseconds: setting(
    'WEIGHBRIDGE_UPSTREAM_IDLE_TIMEOUT_MILLISECONDS',
    '300000',
    whole(10, 3_600_000),
    'Silence inside an answer of the upstream. Longer: broken off, and billed.',
  ),
  upstreamTotalTimeoutMilliseconds: setting(
    'WEIGHBRIDGE_UPSTREAM_TOTAL_TIMEOUT_MILLISECONDS',
    '3600000',
    whole(10, 86_400_000),
    'Time of one call with all its attempts. Longer: 504, or broken off, and billed.',
  ),
  upstreamRetries: setting(
    'WEIGHBRIDGE_UPSTREAM_RETRIES',
    '2',
    whole(0, 10),
    'Further attempts after throttling, 5xx or a failed connection; never once an answer has begun.',
  ),
  drainMaxStreams: setting(
    'WEIGHBRIDGE_DRAIN_MAX_STREAMS',
    '256',
    whole(0, 65_535),
    'Calls that are read to their end after their client left, to learn what they used. More: aborted, usage estimated.',
  ),
  drainMaxSeconds: setting(
    'WEIGHBRIDGE_DRAIN_MAX_SECONDS',
    '120',
    whole(0, 3_600),
    'How long such a call is read on. Longer: aborted, usage estimated.',
  ),
  shutdownDeadlineSeconds: setting(
    'WEIGHBRIDGE_SHUTDOWN_DEADLINE_SECONDS',
    '25',
    whole(0, 3_600),
    'Time for running calls to end after SIGTERM. Longer: broken off, and billed.',
  ),
  explainedRefusedCalls: setting(
    'WEIGHBRIDGE_EXPLAINED_REFUSED_CALLS',
    '10000',
    whole(0, 1_000_000),
    'Refused calls that `wb explain` still knows, the last so many; of callers that are not known, a tenth of it. About 1 kB of memory each.',
  ),
  metadataKeys: setting(
    'WEIGHBRIDGE_METADATA_KEYS',
    '',
    keyList(16),
    'Keys of requestMetadata that are kept on ledger entries for grouping, separated by commas; at most 16.',
  ),
  pollResultSeconds: setting(
    'WEIGHBRIDGE_POLL_RESULT_SECONDS',
    '120',
    whole(1, 86_400),
    'How long an answer that is fetched by polling is kept once it is there. At most 10,000 wait at once; more calls: 503.',
  ),
  meteringLog: optional(
    'WEIGHBRIDGE_METERING_LOG',
    path(),
    'Where a record of every call is written as JSON lines: stdout, a folder (a file a day), or an http or https URL. Unset: nowhere.',
  ),
  closeDir: optional(
    'WEIGHBRIDGE_CLOSE_DIR',
    path(),
    'Folder that the files of closed days are written to. Unset: "closed" in the data folder.',
  ),
  closeTimeZone: setting(
    'WEIGHBRIDGE_CLOSE_TIME_ZONE',
    'UTC',
    timeZone(),
    'Time zone whose days are closed, such as Europe/Berlin.',
  ),
  closeDelaySeconds: setting(
    'WEIGHBRIDGE_CLOSE_DELAY_SECONDS',
    '900',
    whole(0, 86_400),
    'Time after the end of a day at which it is closed. Later entries become a file of corrections.',
  ),
  alertAllowedHosts: setting(
    'WEIGHBRIDGE_ALERT_ALLOWED_HOSTS',
    '',
    hostList(64),
    'Host names, addresses and CIDR ranges that alerts may be sent to although they are private, separated by commas.',
  ),
  alertTimeoutMilliseconds: setting(
    'WEIGHBRIDGE_ALERT_TIMEOUT_MILLISECONDS',
    '10000',
    whole(100, 120_000),
    'Time for one attempt to deliver an alert. Longer: tried again.',
  ),
  alertRetrySeconds: setting(
    'WEIGHBRIDGE_ALERT_RETRY_SECONDS',
    '5',
    whole(1, 3_600),
    'Pause before the second attempt; each further one is three times as long, up to six hours; given up after twelve.',
  ),
  snsEndpoint: optional(
    'WEIGHBRIDGE_SNS_ENDPOINT',
    origin(),
    "Where alerts to SNS go. Unset: AWS's own host of the topic.",
  ),
  unpriced: setting(
    'WEIGHBRIDGE_UNPRICED',
    'hold',
    oneOf(UNPRICED_POLICIES),
    'Calls to a model without a price: hold serves them and rates them once a price arrives; refuse answers 400.',
  ),
} as const satisfies Record<string, Setting<unknown>>

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
